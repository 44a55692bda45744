"""Exercises 3.1-3.5: lateral rules (Eqs. 8-9), the filter behind them, two pitfalls of Eq. 7."""

import functools

import numpy as np

from dcm.exercises.checker.exercise import Curve, Exercise, Heading, random_conductances
from dcm.experiments.teacher_regression.experiment import Config, Teacher
from dcm.model.circuit import Circuit
from dcm.model.plasticity import plasticity
from dcm.model.transfer import Logistic, SoftRectifier
from dcm.settle.equilibrium import equilibrium


def apical_rule(v_apical, r_inter):
    """Induction of w_pi, (n_pyramidal, n_interneurons): Eq. 9 without its rate; rest is 0."""
    return -np.outer(v_apical, r_inter)  # Eq. 9: (v_rest - v_A) r_I^T


def _silencing(rule, n_updates):
    rng = np.random.default_rng(2)
    drive = rng.uniform(-1, 1, 4)  # top-down input to four apical dendrites
    r_inter = rng.uniform(0, 1, 3)
    w_pi = np.zeros((4, 3))
    norms = []
    for _ in n_updates:
        v_apical = drive + w_pi @ r_inter  # Eq. 4
        norms.append(np.linalg.norm(v_apical))
        w_pi = w_pi + 0.1 * rule(v_apical, r_inter)  # Eq. 9, rate .1 [chosen]
    return norms


APICAL_RULE = Exercise(
    Heading("3.1", "Silence the apical dendrite, Eq. 9", "code", 4, "●○○"),
    apical_rule,
    "Postsynaptic factor: distance of v_A from rest (0). "
    "Presynaptic factor: the interneuron's rate.",
    "np.outer(post, pre) has shape (n_post, n_pre).",
    cases=lambda rng: {
        "4 cells, 3 interneurons": (rng.uniform(-1, 1, 4), rng.uniform(0, 1, 3)),
        "2 cells, 5 interneurons": (rng.uniform(-1, 1, 2), rng.uniform(0, 1, 5)),
        "silent dendrites": (np.zeros(4), rng.uniform(0, 1, 3)),
        "silent interneurons": (rng.uniform(-1, 1, 4), np.zeros(3)),
    },
    mistakes=lambda v_apical, r_inter: {
        "The sign is flipped: a depolarised dendrite would get more excitation from interneurons, "
        "and v_A would grow without end. "
        "Eq. 9 drives it towards rest, v_rest - v_A.": np.outer(v_apical, r_inter),
        "Transposed: rows are postsynaptic (the apical dendrites), "
        "columns presynaptic (interneurons).": -np.outer(r_inter, v_apical),
        "The presynaptic rate is missing: a silent interneuron would "
        "change its synapses too.": -np.outer(v_apical, np.ones_like(r_inter)),
        "Two slips: transposed, and with the sign flipped.": np.outer(r_inter, v_apical),
    },
    curve=Curve(np.arange(31), _silencing, "updates with your rule", r"$\Vert v_A\Vert$"),
)


def interneuron_rule(u_inter, v_inter, r_pyr, g, phi):
    """Induction of w_ip, (n_interneurons, n_pyramidal): Eq. 8 without its rate."""
    v_hat = g.dendritic / (g.leak + g.dendritic) * v_inter  # what the dendrite alone predicts
    return np.outer(phi(u_inter) - phi(v_hat), r_pyr)  # Eq. 8


def _interneuron_cases(rng):
    def draw(n, m, phi, **fixed):
        potentials = rng.uniform(-2, 2, (2, n))
        return *potentials, rng.uniform(0, 1, m), random_conductances(rng, **fixed), phi

    u, v, r, g, phi = draw(3, 4, Logistic())
    return {
        "logistic φ": (u, v, r, g, phi),
        "soft rectifier": draw(2, 5, SoftRectifier(0.6, 1.0, 0.4)),
        "hardly any leak": draw(3, 4, Logistic(), leak=0.01),
        "soma as predicted": (g.attenuation_interneuron * v, v, r, g, phi),
    }


def _interneuron_mistakes(u_inter, v_inter, r_pyr, g, phi):
    def with_factor(factor):
        return np.outer(phi(u_inter) - phi(factor * v_inter), r_pyr)

    right = interneuron_rule(u_inter, v_inter, r_pyr, g, phi)
    nudged = with_factor(g.dendritic / (g.leak + g.dendritic + g.somatic))
    pyramidal = with_factor(g.basal / (g.leak + g.basal))
    linear = np.outer(u_inter - g.attenuation_interneuron * v_inter, r_pyr)
    return {
        "The attenuation is forgotten: the soma never reaches v_I itself, so the bracket would not "
        "vanish even for a perfect prediction. Use v̂_I = g_D/(g_lk+g_D) v_I.": with_factor(1.0),
        "g_D / g_lk + g_D is read as (g_D / g_lk) + g_D: brackets around the denominator. "
        "One public re-implementation has this slip; its apical dendrites "
        "fell silent all the same.": with_factor(g.dendritic / g.leak + g.dendritic),
        "The nudging conductance is in your v̂_I. The prediction is what the dendrite alone would "
        "do to the soma, without the layer above.": nudged,
        "g_B belongs to pyramidal cells. An interneuron's dendrite couples with g_D.": pyramidal,
        "Potentials are compared; Eq. 8 compares rates: φ of both, then the difference.": linear,
        "The sign is flipped: soma minus prediction, "
        "so that the prediction moves towards the soma.": -right,
        "Transposed: rows are postsynaptic (interneurons), "
        "columns presynaptic (pyramidal cells).": right.T,
    }


INTERNEURON_RULE = Exercise(
    Heading("3.2", "Learn to predict the layer above, Eq. 8", "code", 7, "●●○"),
    interneuron_rule,
    "The general form, Eq. 6: "
    "(φ(soma) - φ(what the dendrite predicts)) times the presynaptic rate.",
    "v̂_I is the soma's steady state without nudging: du/dt = 0 in Eq. 2 with i_I = 0.",
    "np.outer(phi(u_inter) - phi(g.dendritic / (g.leak + g.dendritic) * v_inter), r_pyr)",
    cases=_interneuron_cases,
    mistakes=_interneuron_mistakes,
)


def filtered(delta, induction, dt, tau):
    """Δ after one Euler step of dΔ/dt = (-Δ + induction) / τ."""
    return delta + dt / tau * (induction - delta)  # a share dt/τ of Δ is replaced


def _pulse(step, times):
    delta = [0.0]
    for t in times[1:]:
        delta.append(step(delta[-1], float(t <= 60), 1.0, 30.0))
    return delta


FILTER = Exercise(
    Heading("3.3", "Plasticity with a memory", "code", 4, "●○○"),
    filtered,
    "Euler: new = old + dt times the right-hand side.",
    "A settled filter (Δ = induction) stays.",
    cases=lambda rng: {
        "random": (*rng.uniform(-1, 1, (2, 2, 3)), 0.1, 30.0),
        "larger step": (*rng.uniform(-1, 1, (2, 2, 3)), 2.0, 20.0),
        "no induction": (np.ones((2, 3)), np.zeros((2, 3)), 0.1, 30.0),
        "settled": (np.ones((2, 3)), np.ones((2, 3)), 0.1, 30.0),
    },
    mistakes=lambda old, new, dt, tau: {
        "This sums up and never forgets: the -Δ of the equation is missing.": old + dt / tau * new,
        "τ is missing: this filter forgets within 1 ms instead of 30.": old + dt * (new - old),
        "This is no filter but a smaller learning rate, the old Δ is lost: "
        "one re-implementation did it.": dt / tau * new,
        "This is the change of Δ. Return the new Δ: add the old one.": dt / tau * (new - old),
        "Old and new are exchanged: a step keeps 1 - dt/τ of the old Δ, not of the induction.": (
            new + dt / tau * (old - new)
        ),
    },
    curve=Curve(np.arange(0.0, 200.0), _pulse, "time (ms); induction is 1 until 60 ms", "Δ"),
)


@functools.cache
def teacher_task():
    """Fig. 2's self-predicting circuit, its mean updates, η of w_up[0] (1/ms), ms per pattern."""
    config = Config.paper()
    rng = np.random.default_rng(0)
    circuit = Circuit.random(config.sizes, rng, transfer=config.transfer).self_predicting()
    inputs = rng.uniform(-1, 1, (500, config.sizes[0]))
    teacher = Teacher.random(config, rng)
    updates = plasticity(circuit, equilibrium(circuit, inputs, teacher(inputs), tol=1e-9))
    return circuit, updates, config.eta_up[0], config.duration


def travelled():
    """How far w_up[0] moves in 10⁴ patterns of Fig. 2, relative to its norm, if all pull alike."""
    circuit, updates, eta, ms = teacher_task()
    per_pattern = eta * ms * np.linalg.norm(updates.up[0])  # Eq. 7: rate × time × bracket
    return float(1e4 * per_pattern / np.linalg.norm(circuit.w_up[0]))


TRAVELLED = Exercise(
    Heading("3.4", "Why 10⁴ patterns show nothing: estimate first", "explore", 10, "●●○"),
    travelled,
    "Change per pattern: η · ms · ‖updates.up[0]‖. Relative to ‖circuit.w_up[0]‖. Times 10⁴.",
    "np.linalg.norm of a matrix is its Frobenius norm.",
    rtol=0.15,
    mistakes=lambda: {
        "This is in per cent; give the fraction. Is it a lot?": 100 * travelled(),
        "A hundred times too small: η is per ms, and each pattern is shown for 100 ms.": (
            travelled() / 100
        ),
        "This is the change per pattern. Now 10⁴ of them.": travelled() / 1e4,
        "The learning rate η is missing.": travelled() / teacher_task()[2],
    },
)


def target_met_but_load_wrong():
    """Answer b.

    The output cell has no apical dendrite, so u = v̂_B = g_B/(g_lk+g_B) v_B once the target is met,
    and Eq. 7 stops. With g_A in the factor v̂_B is too small, the bracket φ(u) - φ(v̂_B) stays
    positive (for u > 0), the weights grow and the output overshoots. For g_som <= g_A there is no
    other place to stop: it runs away.
    """
    return "b"


TARGET_MET = Exercise(
    Heading("3.5", "The target is met. Does learning stop?", "think", 8, "●●●"),
    target_met_but_load_wrong,
    "With the right factor v̂_B = u exactly when u = u*. What is v̂_B with the wrong one?",
    "Sign of φ(u) - φ(v̂_B) for u = 1, v̂_B = 1.1 / 1.9?",
    mistakes={
        "Eq. 7 does not see the target: it compares φ(u) with φ(v̂_B). "
        "Put numbers in: u = u* = 1, v_B = 1.1, and the wrong factor 1/1.9.": "a",
        "Compare the two rates for u = 1: the wrong v̂_B is smaller than u, "
        "so the bracket is positive. Do weights from active inputs shrink then?": "c",
    },
)

EXERCISES = (APICAL_RULE, INTERNEURON_RULE, FILTER, TRAVELLED, TARGET_MET)
