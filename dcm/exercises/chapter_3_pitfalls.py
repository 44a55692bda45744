"""Exercises 3.4-3.5: how slowly Fig. 2's hidden weights move, and a wrong factor that runs away."""

from __future__ import annotations

import functools

import numpy as np

from dcm.exercises.checker.exercise import Exercise
from dcm.experiments.teacher_regression.experiment import Config, Teacher
from dcm.model.circuit import Circuit
from dcm.model.plasticity import plasticity
from dcm.settle.equilibrium import equilibrium


@functools.cache
def teacher_task():
    """(circuit, updates, η, ms): Fig. 2's circuit, self-predicting, and its mean updates there.

    Means are over 500 patterns, η is that of w_up[0] in 1/ms, ``ms`` the time a pattern is shown.
    """
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


def _travelled_mistakes():
    per_cent = 100 * travelled()
    one_ms = travelled() / 100
    per_pattern = travelled() / 1e4
    without_rate = travelled() / teacher_task()[2]
    return {
        "This is in per cent; give the fraction. Is it a lot?": per_cent,
        "A hundred times too small: η is per ms, and each pattern is shown for 100 ms.": one_ms,
        "This is the change per pattern. Now 10⁴ of them.": per_pattern,
        "The learning rate η is missing.": without_rate,
    }


TRAVELLED = Exercise(
    "3.4",
    "Why 10⁴ patterns show nothing: estimate first",
    minutes=10,
    difficulty=2,
    solution=travelled,
    rtol=0.15,
    mistakes=_travelled_mistakes,
    hints=(
        "Change per pattern: η · ms · ‖updates.up[0]‖. Relative to ‖circuit.w_up[0]‖. Times 10⁴.",
        "np.linalg.norm of a matrix is its Frobenius norm.",
    ),
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
    "3.5",
    "The target is met. Does learning stop?",
    minutes=8,
    difficulty=3,
    solution=target_met_but_load_wrong,
    choices=("a", "b", "c"),
    mistakes={
        "Eq. 7 does not see the target: it compares φ(u) with φ(v̂_B). Put numbers in: u = u* = 1, "
        "v_B = 1.1, and the wrong factor 1/1.9.": "a",
        "Compare the two rates for u = 1: the wrong v̂_B is smaller than u, so the bracket is "
        "positive. Do weights from active inputs shrink then?": "c",
    },
    hints=(
        "With the right factor v̂_B = u exactly when u = u*. What is v̂_B with the wrong one?",
        "Sign of φ(u) - φ(v̂_B) for u = 1, v̂_B = 1.1 / 1.9?",
    ),
)

EXERCISES = (TRAVELLED, TARGET_MET)
