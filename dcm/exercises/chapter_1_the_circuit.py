"""Exercises 1.1-1.3: what reaches the apical dendrite and the soma (Eqs. 1, 4, 7)."""

from dataclasses import replace

import numpy as np

from dcm.exercises.checker.exercise import Curve, Exercise, Heading, random_conductances
from dcm.model.conductances import Conductances


def apical_potential(r_above, r_inter, w_down, w_pi):
    """v_A (n,): top-down plus lateral input (Eq. 4)."""
    return w_down @ r_above + w_pi @ r_inter  # Eq. 4


def _apical_cases(rng):
    def draw(n, m):  # rates (m,) twice, weights (n, m) twice
        return *rng.uniform(0, 1, (2, m)), *rng.uniform(-1, 1, (2, n, m))

    r_above, r_inter, w_down, _ = draw(4, 3)
    return {
        "5 cells below 2": draw(5, 2),
        "3 cells below 6": draw(3, 6),
        "silent layer above": (0 * r_above, r_inter, w_down, rng.uniform(-1, 1, (4, 3))),
        "interneurons that mirror the layer above": (r_above, r_above, w_down, -w_down),
    }


APICAL = Exercise(
    Heading("1.1", "Two inputs meet in the apical dendrite, Eq. 4", "code", 5, "●○○"),
    apical_potential,
    "One term for each of the two cells that reach the apical dendrite.",
    "A weight matrix (n_post, n_pre) times a rate vector (n_pre,) is written w @ r.",
    "return w_down @ … + w_pi @ …",
    cases=_apical_cases,
    mistakes=lambda r_above, r_inter, w_down, w_pi: {
        "This is the top-down half. "
        "Interneurons reach the same dendrite: add what w_pi brings.": w_down @ r_above,
        "This is the interneurons' half. "
        "Add the top-down input (and mind that v =+ x is not v += x).": w_pi @ r_inter,
        "* multiplies entry by entry and leaves a matrix. "
        "Each dendrite sums over its inputs: that is @.": w_down * r_above + w_pi * r_inter,
        "The interneuron term has its sign flipped. Eq. 4 adds both; "
        "that interneurons inhibit is learned by the weights w_pi, "
        "it is not written into the equation.": w_down @ r_above - w_pi @ r_inter,
        "The rates are exchanged: w_down carries the layer above, w_pi the interneurons.": (
            w_down @ r_inter + w_pi @ r_above
        ),
        "This is Eq. 4 of a circuit that predicts itself already (w_pi = -w_down). "
        "Keep w_pi general.": w_down @ (r_above - r_inter),
    },
)


def attenuation(g, layer):
    """v̂_B / v_B in a "hidden" or the "output" layer: the share of v_B that reaches the soma."""
    apical = g.apical if layer == "hidden" else 0.0  # output cells have no apical dendrite
    return g.basal / (g.leak + g.basal + apical)  # v̂_B / v_B of Eq. 7


ATTENUATION = Exercise(
    Heading("1.2", "How much of the basal dendrite reaches the soma", "code", 6, "●●○"),
    attenuation,
    "Set du/dt = 0 in Eq. 1 with v_A = 0 and solve for u / v_B.",
    "u (g_lk + g_B + g_A) = g_B v_B. What changes in a cell without an apical compartment?",
    'apical = g.apical if layer == "hidden" else 0.0',
    cases=lambda rng: {
        "hidden layer": (random_conductances(rng), "hidden"),
        "another hidden layer": (random_conductances(rng), "hidden"),
        "output layer": (random_conductances(rng), "output"),
        "hidden layer without leak": (random_conductances(rng, leak=0.0), "hidden"),
        "output layer without leak": (random_conductances(rng, leak=0.0), "output"),
    },
    mistakes=lambda g, layer: {
        "Output cells have no apical dendrite: no apical load in their denominator. With it, "
        "soma and prediction differ even when the target is met, "
        "and learning never stops (exercise 3.5).": attenuation(g, "hidden"),
        "Right at the output. In a hidden cell the apical conductance loads the soma too, "
        "even when the apical dendrite is silent.": attenuation(g, "output"),
        "The nudging conductance is in your output factor. "
        "v̂ is what the dendrite alone predicts: nudging never "
        "enters it.": g.basal / (g.leak + g.basal + (g.apical if layer == "hidden" else g.somatic)),
        "The leak is forgotten: it pulls every soma to rest "
        "and belongs in the denominator.": attenuation(replace(g, leak=0.0), layer),
        "This is 1 - λ. It equals the attenuation only without leak: "
        "the numerator is g_B alone.": attenuation(g, layer) * (g.leak + g.basal) / g.basal,
    },
    curve=Curve(
        np.linspace(0, 3, 40),
        lambda share, apical: [share(Conductances(apical=g), "hidden") for g in apical],
        "apical conductance $g_A$",
        r"$\hat v_B / v_B$, hidden layer",
    ),
)


def steady_soma(v_basal, v_apical, g):
    """u at which du/dt = 0: a mean of both dendrites and rest, weighted by conductance."""
    return (g.basal * v_basal + g.apical * v_apical) / (g.leak + g.basal + g.apical)  # Eq. 1


def _soma_cases(rng):
    v_basal, v_apical = rng.uniform(-2, 2, (2, 5))  # (5,) each
    return {
        "five random cells": (v_basal, v_apical, random_conductances(rng)),
        "default conductances": (v_basal, v_apical, Conductances()),
        "silent apical dendrite": (v_basal, 0 * v_apical, random_conductances(rng)),
        "no apical conductance": (v_basal, v_apical, random_conductances(rng, apical=0.0)),
        "no leak": (v_basal, v_apical, random_conductances(rng, leak=0.0)),
    }


SOMA = Exercise(
    Heading("1.3", "Where a hidden soma comes to rest, Eq. 1", "code", 5, "●○○"),
    steady_soma,
    "Write Eq. 1 without noise, put 0 on the left, collect the terms with u.",
    "0 = g_B v_B + g_A v_A - u (…)",
    cases=_soma_cases,
    mistakes=lambda v_basal, v_apical, g: {
        "This is the inflowing current. The soma settles where it equals the outflow: "
        "divide by the total conductance.": g.basal * v_basal + g.apical * v_apical,
        "The leak is forgotten: rest (0) takes part in the mean with weight g_lk.": (
            steady_soma(v_basal, v_apical, replace(g, leak=0.0))
        ),
        "(1-λ) v_B + λ v_A holds only without leak. The first term is v̂_B, "
        "the attenuated potential.": v_basal + g.mixing_hidden * (v_apical - v_basal),
        "This is v̂_B, what the basal dendrite alone predicts. "
        "The apical dendrite pulls as well.": steady_soma(v_basal, 0 * v_apical, g),
    },
    curve=Curve(
        np.linspace(-2, 2, 40),
        lambda soma, v_apical: [soma(1.0, v, Conductances()) for v in v_apical],
        "apical potential $v_A$",
        "soma $u$ at $v_B = 1$",
    ),
)

EXERCISES = (APICAL, ATTENUATION, SOMA)
