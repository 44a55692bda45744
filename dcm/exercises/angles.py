"""Exercises 4.4-4.6: the angle to backprop, the order of the error in deep layers, random feedback (Section 3.1)."""

from __future__ import annotations

import numpy as np

from dcm.exercises.checker.exercise import Curve, Exercise, Mistake
from dcm.experiments.backprop_approximation import experiment as backprop_approximation
from dcm.model.circuit import Circuit
from dcm.settle.equilibrium import equilibrium


def angle(a, b):
    """Angle between two matrices of one shape, in degrees; an update and its double point the same way."""
    cosine = np.sum(a * b) / (np.linalg.norm(a) * np.linalg.norm(b))
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def _row_angles(a, b):
    return np.mean([angle(x, y) for x, y in zip(a, b, strict=True)])


def _unclipped(a, b):
    return np.degrees(np.arccos(np.sum(a * b) / np.linalg.norm(a) / np.linalg.norm(b)))


def _angle_cases(rng):
    a, b = rng.uniform(-1, 1, (2, 3, 4))
    opposed = next(
        m for m in rng.uniform(-1, 1, (99, 3, 4)) if np.isnan(_silently(_unclipped, m, -2 * m))
    )
    return {
        "two random updates": (a, b),
        "an acute angle": (a + b, b),
        "opposite, twice as long": (opposed, -2 * opposed),
        "the same twice": (-opposed, -opposed),
    }


def _silently(function, *arguments):
    with np.errstate(all="ignore"):
        return function(*arguments)


_DEGREES = np.linspace(1, 179, 60)


def _turned(function):
    x = np.radians(_DEGREES)
    return np.array(
        [function(np.array([[3.0, 0.0]]), np.array([[np.cos(t), np.sin(t)]])) for t in x]
    )


def shifts(lam, seed=3):
    """‖u - u⁻‖ of layers 1…4 in a net of depth 4 with λ_hid = λ_out = ``lam``: what the target does to the somata."""
    config, rng = backprop_approximation.Config(), np.random.default_rng(seed)
    circuit = Circuit.random((8, 7, 6, 5, 4), rng)
    circuit = backprop_approximation.at_mixing(
        circuit.with_feedback(w.T for w in circuit.w_up[1:]), lam, config
    )
    r_in, u_target = rng.uniform(-1, 1, 8), rng.uniform(-1, 1, 4)
    free, nudged = equilibrium(circuit, r_in), equilibrium(circuit, r_in, u_target)
    return np.array([np.linalg.norm(n - f) for n, f in zip(nudged.u_p, free.u_p, strict=True)])


def order_of_the_deepest():
    """Slope of log ‖u_1 - u_1⁻‖ over log λ: the error has met λ_out once and λ_hid in each of three hidden layers."""
    lam = np.array([0.05, 0.02, 0.01])
    return float(np.polyfit(np.log(lam), np.log([shifts(x)[0] for x in lam]), 1)[0])


def random_feedback_limit():
    """Answer a.

    Section 3.1 holds for any w_down: the update follows D w_down … D (u* - u⁻), which is feedback alignment's
    direction. It is backprop's only where w_down = w_upᵀ (up to a factor); between random matrices the angle stays
    near 90° until learning turns w_up towards w_downᵀ.
    """
    return "a"


EXERCISES = (
    Exercise(
        "4.4", "The angle to backprop", "code", 6, 2, angle,
        cases=_angle_cases,
        mistakes=(
            Mistake(lambda a, b: np.radians(angle(a, b)), "These are radians; degrees are asked for."),
            Mistake(lambda a, b: np.cos(np.radians(angle(a, b))), "This is the cosine. Apply arccos, then degrees."),
            Mistake(_unclipped,
                    "Right, but for parallel updates rounding gives a cosine of 1.0000000000000002, and arccos of "
                    "that is NaN. Clip it to [-1, 1]."),
            Mistake(lambda a, b: min(angle(a, b), 180 - angle(a, b)),
                    "Angles above 90° come out folded back. An update that points *against* the gradient must show: "
                    "no absolute value of the cosine."),
            Mistake(_row_angles, "This is the mean of the angles of rows. Take the whole matrix as one long vector."),
        ),
        hints=("cos = ⟨a, b⟩ / (‖a‖ ‖b‖), the sum and norms over all entries (Frobenius).",
               "np.sum(a * b), np.linalg.norm, np.clip, np.arccos, np.degrees"),
        curve=Curve(_DEGREES, _turned, "true angle (degrees)", "angle (degrees)"),
    ),
    Exercise(
        "4.5", "How small is the error in the deepest layer?", "explore", 8, 2, order_of_the_deepest, rtol=0.06,
        mistakes=(
            Mistake(3.0, "Three hidden layers take up λ_hid each, but the output has already taken up only λ_out of "
                         "the target."),
            Mistake(1.0, "That is the order at the output. Each layer below takes up only a share λ of what arrives."),
            Mistake(2.0, "That is the layer just below the output. Which one is asked for?"),
            Mistake(5.0, "One too many: four layers have a soma, the input has none."),
        ),
        hints=("Every soma on the way takes up λ of what reaches it; count the somata from the target to layer 1.",
               "np.polyfit(np.log(lam), np.log(norms), 1)[0] is the slope of a power law."),
    ),
    Exercise(
        "4.6", "Random feedback: whose update is it?", "think", 6, 2, random_feedback_limit,
        choices=("a", "b", "c"),
        mistakes=(
            Mistake("b", "Small λ makes the *linearisation* exact, it does not change w_down. Errors still travel "
                         "through the random matrix."),
            Mistake("c", "Close to 90° to backprop does not mean without direction: it is exactly the update of "
                         "another algorithm. Which one sends errors through fixed random weights?"),
        ),
        hints=("Put a random w_down into exercise 4.3. Compare with backprop's w_upᵀ.",
               "Run the cell below: two angles for each λ."),
    ),
)  # fmt: skip
