"""Claims of Section 3.1 and of the two-pass approximation (3.4), judged from the runs ``ANGLES``.

The paper states limits; what decides (.1 of an order, half a degree, a fifth) is [chosen].
"""

from functools import partial

import numpy as np

from dcm.experiments.backprop_approximation.experiment import FEEDBACK, array_name, fitted_order
from dcm.experiments.backprop_approximation.runs import ANGLES
from dcm.lab.verdict import Claim, Verdict, column, spread

CONFIG = ANGLES.config
SMALL = CONFIG.lambdas.index(0.01)  # the λ at which angles and deviations are judged
CASES = [(depth, feedback) for depth in CONFIG.depths for feedback in FEEDBACK]


def orders(results) -> Verdict:
    """T1: orders in λ of what the leading order leaves of the somata's shifts and the updates."""
    somata = column(results, partial(order_gap, "remainder_soma"))
    updates = column(results, partial(order_gap, "remainder_update"))
    larger = np.maximum(somata, updates)
    depths = f"N = {CONFIG.depths[0]}-{CONFIG.depths[-1]}"
    detail = f"potentials {spread(somata)}, updates {spread(updates)}; {depths}"
    return Verdict(larger, np.median(larger) <= 0.1, detail)


def order_gap(measure: str, result) -> float:
    """Largest gap between fitted (median over circuits) and predicted order, of all layers."""
    gaps = []
    for depth, feedback in CASES:
        predicted = np.arange(depth + 1, 1, -1)  # N - k + 2 for the layers k = 1…N
        fitted = fitted_order(CONFIG, result[array_name(measure, depth, feedback)])
        gaps.append(np.abs(np.median(fitted, axis=0) - predicted).max())
    return max(gaps)


def angles(feedback: str, results) -> Verdict:
    """T2, T3: the largest hidden-layer angle, median over circuits; of all depths the largest."""
    largest = []  # (n_depths · n_seeds, n_circuits)
    for depth in CONFIG.depths:
        for result in results:
            largest.append(result[array_name("angle", depth, feedback)][:, SMALL, :-1].max(axis=1))
    medians = np.median(largest, axis=1).reshape(-1, len(results)).max(axis=0)  # (n_seeds,)
    detail = f"worst of all circuits {np.max(largest):.2f}°"
    return Verdict(medians, np.median(medians) < 0.5, detail)


def two_passes(results) -> Verdict:
    """T4: in every layer, the median over circuits must fall to a fifth from λ = .3 to .01."""
    layers = []
    for result in results:
        tables = [result[array_name("two_pass", *case)] for case in CASES]
        layers.append(np.concatenate(tables, axis=-1))
    deviation = np.median(layers, axis=1)  # (n_seeds, n_λ, layers of all cases)
    small = deviation[:, SMALL]
    falls = (small < 0.2 * deviation[:, CONFIG.lambdas.index(0.3)] + 1e-12).all()
    return Verdict(100 * small.max(axis=1), falls, "at λ = .01, largest over layers and depths")


def hidden_angle(id: str, claim: str, feedback: str) -> Claim:
    """T2, T3: the claim that ``angles`` judges for one kind of feedback."""
    quantity = "hidden-layer angle at λ = .01, degrees"
    criterion = "median over circuits of the largest hidden-layer angle at λ = .01 below .5°; "
    criterion += "all depths."
    judge = partial(angles, feedback)
    return Claim(id, claim, "angle → 0", quantity, criterion, judge, (ANGLES,))


CLAIMS = (
    Claim(
        id="T1",
        claim="Potentials and updates carry the backpropagated error (3.1)",
        paper="order λ^(N-k+1)",
        quantity="largest gap between fitted and predicted order",
        criterion="fitted orders of the remainders of somata and updates within .1 of N - k + 2 "
        "(layers k = 1…N).",
        judge=orders,
        needs=(ANGLES,),
    ),
    hidden_angle("T2", "Updates equal backprop's as λ → 0 (3.1)", "transposed"),
    hidden_angle("T3", "Random top-down: feedback alignment's (3.1)", "random"),
    Claim(
        id="T4",
        claim="Two passes approximate the relaxation as g_A → 0 (3.4)",
        paper="deviation → 0",
        quantity="relative deviation of the update at λ = .01, %",
        criterion="the deviation of the two-pass update from the relaxed one falls with λ, "
        "in every hidden layer and depth.",
        judge=two_passes,
        needs=(ANGLES,),
    ),
)
