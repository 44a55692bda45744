"""Exercises 1.4-1.6: a soma through time (Eqs. 1-2), and blind: conductances from traces."""

import functools

import numpy as np

from dcm.exercises.checker.exercise import Curve, Exercise, Heading, random_conductances
from dcm.model.circuit import Circuit
from dcm.model.conductances import Conductances
from dcm.settle.dynamics import integrate

DT = 0.1  # ms [SM*: not in the main text; believed to be the supplement's]
SAMPLED = 0.02  # ms between samples of the blind traces [chosen: derivatives agree within 3 %]


def soma_step(u, v_basal, v_apical, g, sigma, dt, xi):
    """u after one Euler-Maruyama step; xi is a standard normal number, drawn anew at each step."""
    drift = -g.leak * u + g.basal * (v_basal - u) + g.apical * (v_apical - u)  # Eq. 1
    return u + dt * drift + sigma * np.sqrt(dt) * xi  # noise of variance σ² dt


def _step_cases(rng):
    def draw(sigma, dt, xi, **fixed):
        return *rng.uniform(-2, 2, 3), random_conductances(rng, **fixed), sigma, dt, xi

    return {
        "σ = .3, dt = .1 ms": draw(0.3, DT, 1.2),
        "σ = .1, dt = .02 ms": draw(0.1, 0.02, -0.7),
        "no noise": draw(0.0, DT, 0.4),
        "no apical conductance": draw(0.3, DT, -0.4, apical=0.0),
    }


def _step_mistakes(u, v_basal, v_apical, g, sigma, dt, xi):
    drift = -g.leak * u + g.basal * (v_basal - u) + g.apical * (v_apical - u)
    silent = u + dt * drift
    noise = sigma * np.sqrt(dt) * xi
    unscaled = silent + sigma * xi
    no_dt = u + drift + noise
    return {
        "The noise is σ dt ξ. White noise adds up over steps as a random walk, "
        "so one step carries σ √dt ξ; "
        "with σ dt it is √10 = 3.2 times too weak at dt = .1 ms.": silent + sigma * dt * xi,
        "The noise is not scaled by the step: with smaller steps the soma would be shaken more "
        "in all. Which power of dt makes the variance of n steps depend on n dt only?": unscaled,
        "The deterministic part is right. The noise is missing.": silent,
        "The noise is right; the drift is a potential per ms and must be multiplied by dt.": no_dt,
        "This is the change of u. Return the new u: add the old one.": dt * drift + noise,
    }


def _path(step, times):
    u = [0.0]
    for kick in np.random.default_rng(1).standard_normal(times.size)[1:]:
        u.append(step(u[-1], 1.0, 0.0, Conductances(), 0.3, DT, kick))
    return u


STEP = Exercise(
    Heading("1.4", "One step through time, with noise", "code", 7, "●●○"),
    soma_step,
    "New u = old u + dt times the right-hand side of Eq. 1 + noise.",
    "The variance of the noise must be σ² times the time that passed, whatever the step.",
    "return u + dt * (…) + sigma * np.sqrt(dt) * xi",
    cases=_step_cases,
    mistakes=_step_mistakes,
    curve=Curve(DT * np.arange(200), _path, "time (ms)", "soma $u$, $v_B = 1$, σ = .3"),
)


def time_constant():
    """ms after which a soma let go at u = 1, dendrites silent, is down to 1/e: run, and count."""
    u = [1.0]
    while u[-1] > np.exp(-1):
        u.append(soma_step(u[-1], 0.0, 0.0, Conductances(), 0.0, 0.001, 0.0))  # Eq. 1
    return 0.001 * (len(u) - 1)


TIME_CONSTANT = Exercise(
    Heading("1.5", "How fast is a soma? Predict, then run", "explore", 5, "●○○"),
    time_constant,
    "With silent dendrites Eq. 1 is du/dt = -(something) u.",
    "Sum all conductances of Eq. 1, then invert.",
    rtol=0.05,
    mistakes={
        "10 ms is 1 / g_lk, the soma without its dendrites. "
        "They are conductances too: what they let through adds to the leak.": 10.0,
        "1 / (g_lk + g_B): the apical dendrite loads the soma as well, even while it is silent.": (
            1 / 1.1
        ),
        "1.9 is the total conductance. The time constant is its inverse (capacitance 1).": 1.9,
    },
)


def hidden_conductances(dt, u, v_1, v_2):
    """(g_lk, g_1, g_2) of a soma pulled by two potentials, from noise-free traces (n_times,)."""
    du = np.diff(u) / dt  # (n_times - 1,): at the start of each step
    columns = np.stack([-u, v_1 - u, v_2 - u], axis=1)  # Eqs. 1-2: du/dt = columns @ conductances
    return np.linalg.lstsq(columns[:-1], du)[0]


def _blind_mistakes(dt, u, v_1, v_2):
    fit = hidden_conductances(dt, u, v_1, v_2)
    columns = np.stack([-u, v_1 - u, v_2 - u], axis=1)
    one_late = np.linalg.lstsq(columns[1:], np.diff(u) / dt)[0]
    return {
        "All three are dt times too small: np.diff(u) is a change per step, "
        "du/dt is a change per ms.": dt * fit,
        "Off by one: np.diff(u) belongs to the potentials at the start of each step, "
        "so leave out the last row of the columns, not the first.": one_late,
        "Your first number is g_lk + g_1 + g_2: it multiplies -u, when v_1 and v_2 stand alone. "
        "Regress on v_1 - u and v_2 - u, or subtract at the end.": [fit.sum(), *fit[1:]],
        "The numbers are right, the order is not: leak first, then g_1, then g_2.": fit[[1, 2, 0]],
        "You have the ratios to the leak. That is all a steady state can tell; "
        "the transient, through du/dt, gives the absolute scale.": fit / fit[0],
    }


@functools.cache
def traces(seed, cell="pyramidal"):
    """(dt, u, v_1, v_2) of one cell: 10 ms each of two inputs; circuit and inputs by ``seed``."""
    rng = np.random.default_rng((seed, 2018))
    circuit = Circuit.random((6, 5, 4), rng, conductances=random_conductances(rng))
    inputs = rng.uniform(-2, 2, (2, 6))
    names = ("u_p[0]", "v_basal[0]", "v_apical[0]")  # of a hidden cell
    if cell == "interneuron":
        names = ("u_i[0]", "v_inter[0]", "u_p[1]")  # the last: of the soma above, which nudges it
    run = integrate(circuit, inputs, dt=SAMPLED, duration=10.0, record=names, record_every=SAMPLED)
    return SAMPLED, *(run.traces[name][:, 0] for name in names)  # (n_times,) each


BLIND = Exercise(
    Heading("1.6", "Blind: which conductances made these traces?", "code", 15, "●●●"),
    hidden_conductances,
    "Eqs. 1 and 2 are linear in the conductances; all else is in the traces. "
    "Each moment is one equation.",
    "du/dt = np.diff(u) / dt belongs to the potentials at the *start* of each step: "
    "drop their last entry.",
    "columns = np.stack([-u, v_1 - u, v_2 - u], axis=1)[:-1], then np.linalg.lstsq(columns, du)[0]",
    rtol=0.03,
    cases=lambda rng: {
        "pyramidal cell, circuit 11": traces(11),
        "interneuron, circuit 11": traces(11, "interneuron"),
        "pyramidal cell, circuit 12": traces(12),
        "interneuron, circuit 13": traces(13, "interneuron"),
    },
    mistakes=_blind_mistakes,
)

EXERCISES = (STEP, TIME_CONSTANT, BLIND)
