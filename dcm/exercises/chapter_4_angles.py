"""Exercises 4.4-4.6: the angle to backprop, the error's order in deep layers, random feedback."""

from __future__ import annotations

import numpy as np

from dcm.exercises.checker.exercise import Curve, Exercise
from dcm.experiments.backprop_approximation.experiment import Config, at_mixing
from dcm.model.circuit import Circuit
from dcm.settle.equilibrium import equilibrium


def angle(a, b):
    """Angle between two matrices of one shape, in degrees; 0 for an update and its double."""
    cosine = np.sum(a * b) / (np.linalg.norm(a) * np.linalg.norm(b))  # over all entries (Frobenius)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))  # rounding can give 1 + 2e-16


def _unclipped_angle(a, b):
    return np.degrees(np.arccos(np.sum(a * b) / np.linalg.norm(a) / np.linalg.norm(b)))


def _angle_cases(rng):
    a, b = rng.uniform(-1, 1, (2, 3, 4))
    candidates = rng.uniform(-1, 1, (99, 3, 4))
    with np.errstate(invalid="ignore"):
        # The first for which rounding gives a cosine beyond -1: only a clipped angle exists.
        rounded = next(m for m in candidates if np.isnan(_unclipped_angle(m, -2 * m)))
    return {
        "two random updates": (a, b),
        "an acute angle": (a + b, b),
        "opposite, twice as long": (rounded, -2 * rounded),
        "the same twice": (-rounded, -rounded),
    }


def _angle_mistakes(a, b):
    right = angle(a, b)
    radians = np.radians(right)
    folded = min(right, 180 - right)
    rows = np.mean([angle(x, y) for x, y in zip(a, b, strict=True)])
    return {
        "These are radians; degrees are asked for.": radians,
        "This is the cosine. Apply arccos, then degrees.": np.cos(radians),
        "Right, but for parallel updates rounding gives a cosine of 1.0000000000000002, and arccos "
        "of that is NaN. Clip it to [-1, 1].": _unclipped_angle(a, b),
        "Angles above 90° come out folded back. An update that points *against* the gradient must "
        "show: no absolute value of the cosine.": folded,
        "This is the mean of the angles of rows. Take the whole matrix as one long vector.": rows,
    }


_DEGREES = np.linspace(1, 179, 60)


def _measured_angles(function):
    fixed = np.array([[3.0, 0.0]])
    turned = np.stack(
        [np.cos(np.radians(_DEGREES)), np.sin(np.radians(_DEGREES))], axis=1
    )  # (60, 2)
    return [function(fixed, row[None]) for row in turned]


ANGLE = Exercise(
    "4.4",
    "The angle to backprop",
    minutes=6,
    difficulty=2,
    solution=angle,
    cases=_angle_cases,
    mistakes=_angle_mistakes,
    hints=(
        "cos = ⟨a, b⟩ / (‖a‖ ‖b‖), the sum and norms over all entries (Frobenius).",
        "np.sum(a * b), np.linalg.norm, np.clip, np.arccos, np.degrees",
    ),
    curve=Curve(_DEGREES, _measured_angles, "true angle (degrees)", "angle (degrees)"),
)


def shifts(lam, seed=3):
    """‖u - u⁻‖ of layers 1…4, (4,): how far a target moves the somata of a net of depth 4.

    λ_hid = λ_out = ``lam``; u⁻ is the steady state without a target.
    """
    rng = np.random.default_rng(seed)
    random = Circuit.random((8, 7, 6, 5, 4), rng)
    circuit = at_mixing(random.with_feedback(w.T for w in random.w_up[1:]), lam, Config())
    r_in = rng.uniform(-1, 1, 8)
    u_target = rng.uniform(-1, 1, 4)
    free = equilibrium(circuit, r_in)  # u⁻
    nudged = equilibrium(circuit, r_in, u_target)
    return np.array([np.linalg.norm(n - f) for n, f in zip(nudged.u_p, free.u_p, strict=True)])


def order_of_the_deepest():
    """Slope of log ‖u_1 - u_1⁻‖ over log λ.

    The error has met λ_out once and λ_hid in each of three hidden layers.
    """
    lam = np.array([0.05, 0.02, 0.01])  # small, yet above rounding [chosen]
    deepest = np.array([shifts(x)[0] for x in lam])
    return float(np.polyfit(np.log(lam), np.log(deepest), 1)[0])


DEEPEST = Exercise(
    "4.5",
    "How small is the error in the deepest layer?",
    minutes=8,
    difficulty=2,
    solution=order_of_the_deepest,
    rtol=0.06,
    mistakes={
        "Three hidden layers take up λ_hid each, but the output has already taken up only λ_out of "
        "the target.": 3.0,
        "That is the order at the output. Each layer below takes up only a share λ of what "
        "arrives.": 1.0,
        "That is the layer just below the output. Which one is asked for?": 2.0,
        "One too many: four layers have a soma, the input has none.": 5.0,
    },
    hints=(
        "Every soma on the way takes up λ of what reaches it; count the somata from the target to "
        "layer 1.",
        "np.polyfit(np.log(lam), np.log(norms), 1)[0] is the slope of a power law.",
    ),
)


def random_feedback_limit():
    """Answer a.

    Section 3.1 holds for any w_down: the update follows D w_down … D (u* - u⁻), which is feedback
    alignment's direction. It is backprop's only where w_down = w_upᵀ (up to a factor); between
    random matrices the angle stays near 90° until learning turns w_up towards w_downᵀ.
    """
    return "a"


RANDOM_FEEDBACK = Exercise(
    "4.6",
    "Random feedback: whose update is it?",
    minutes=6,
    difficulty=2,
    solution=random_feedback_limit,
    choices=("a", "b", "c"),
    mistakes={
        "Small λ makes the *linearisation* exact, it does not change w_down. Errors still travel "
        "through the random matrix.": "b",
        "Close to 90° to backprop does not mean without direction: it is exactly the update of "
        "another algorithm. Which one sends errors through fixed random weights?": "c",
    },
    hints=(
        "Put a random w_down into exercise 4.3. Compare with backprop's w_upᵀ.",
        "Run the cell below: two angles for each λ.",
    ),
)

EXERCISES = (ANGLE, DEEPEST, RANDOM_FEEDBACK)
