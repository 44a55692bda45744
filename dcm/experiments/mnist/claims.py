"""Claims on MNIST (Fig. 3 and Section 3.4 of the paper), and how each is judged.

Thresholds are the paper's values and margins of this project [chosen]. Where a claim has several
parts, ``values`` of its verdict holds the leading number of each seed, ``holds`` judges all parts,
and ``detail`` reports the others.
"""

from __future__ import annotations

import numpy as np

from dcm.experiments.mnist import runs
from dcm.lab.verdict import Claim, Verdict, column, last, spread

TABLE_VALUE = 8.4  # percent: the shallow learner of Fig. 3B [paper]


def error_at_most(paper: float, within: float):
    """The judge of F3a, b, d, e: test error at the last epoch at most ``paper`` + ``within``."""

    def judge(results) -> Verdict:
        test = last(results, "test_error")
        validation = last(results, "validation_error")
        epochs = len(results[0]["test_error"]) - 1
        detail = f"after {epochs} epochs; validation {spread(validation)} %"
        if "mirror" in results[0].arrays and results[0]["mirror"][0].max() > 0:
            # the lateral weights were random at the start: where did they end?
            mirror = column(results, lambda result: 100 * result["mirror"][-1].max())
            detail += f"; w_pi within {spread(mirror)} % of -w_down"
        median = np.median(test)
        return Verdict(test, median <= paper + within, detail, partly=median < TABLE_VALUE)

    return judge


def shallow_digits(single_layer, frozen_hidden) -> Verdict:
    """F3c: which of the two shallow learners is near 8.4 % (within 1 [chosen])."""
    errors = {
        "784-10": last(single_layer, "test_error"),
        "frozen hidden layers": last(frozen_hidden, "test_error"),
    }
    distance = {name: abs(np.median(error) - TABLE_VALUE) for name, error in errors.items()}
    near = [name for name in distance if distance[name] <= 1]
    detail = "; ".join(f"{name}: {spread(error)} %" for name, error in errors.items())
    detail += f"; near 8.4: {' and '.join(near) or 'neither'}"
    nearest = min(distance, key=distance.get)
    return Verdict(errors[nearest], bool(near), detail, partly=True)


def mixing(*per_lambda) -> Verdict:
    """F3g: the rise of the test error from the smallest mixing factor to larger ones, worst λ."""
    errors = [last(results, "test_error") for results in per_lambda]
    n_seeds = min(map(len, errors))
    rise = np.max([error[:n_seeds] - errors[0][:n_seeds] for error in errors[1:]], axis=0)
    pairs = zip(runs.MIXING, errors, strict=True)
    detail = "; ".join(f"λ = {lam:g}: {spread(error)} %" for lam, error in pairs)
    learned = np.median(errors[-1]) < TABLE_VALUE
    return Verdict(rise, np.median(rise) <= 0.5, detail, partly=learned)


def silence(results) -> Verdict:
    """F3s: un-nudged ‖v_A‖ over the top-down drive, worst epoch and layer."""
    worst = column(results, lambda result: 100 * result["silence"].max())
    layer_1 = column(results, lambda result: np.median(result["silence_nudged"][1:, 0]))
    layer_2 = column(results, lambda result: np.median(result["silence_nudged"][1:, 1]))
    detail = (
        "un-nudged over nudged ‖v_A‖, median over epochs: "
        f"{spread(layer_1)} (layer 1), {spread(layer_2)} (layer 2)"
    )
    return Verdict(worst, np.median(worst) <= 3, detail)


CLAIMS = (
    Claim(
        "F3a",
        claim="784-500-500-10 test error (3B)",
        paper="1.96 %",
        quantity="test error, %",
        criterion="test error at most 2.11 %.",
        judge=error_at_most(1.96, 0.15),
        needs=(runs.MICROCIRCUIT,),
    ),
    Claim(
        "F3b",
        claim="The same net with backprop (3B)",
        paper="1.53 %",
        quantity="test error, %",
        criterion="test error at most 1.68 %.",
        judge=error_at_most(1.53, 0.15),
        needs=(runs.BACKPROP,),
    ),
    Claim(
        "F3c",
        claim="«Single-layer», «shallow learner» (3B)",
        paper="8.4 %",
        quantity="test error of the one nearer to 8.4, %",
        criterion="which of the two shallow learners is near 8.4 % (within 1 [chosen]).",
        judge=shallow_digits,
        needs=runs.SHALLOW,
    ),
    Claim(
        "F3d",
        claim="Hidden-to-hidden weights frozen (3.4)",
        paper="2.11 %",
        quantity="test error, %",
        criterion="test error at most 2.31 %.",
        judge=error_at_most(2.11, 0.2),
        needs=(runs.HIDDEN_TO_HIDDEN_FROZEN,),
    ),
    Claim(
        "F3e",
        claim="784-1000-10, everything plastic (3.4)",
        paper="2.48 %",
        quantity="test error, %",
        criterion="test error at most 2.73 %.",
        judge=error_at_most(2.48, 0.25),
        needs=(runs.ALL_PLASTIC,),
    ),
    Claim(
        "F3g",
        claim="Larger feedback and nudging do not appreciably hurt (3.4)",
        paper="—",
        quantity="rise of the test error from λ = .1, worst λ, points",
        criterion="the test error at 60 epochs rises by at most .5 "
        "from the smallest mixing factor to larger ones.",
        judge=mixing,
        needs=tuple(runs.MIXING.values()),
    ),
    Claim(
        "F3s",
        claim="Apical dendrites stay silent without nudging (3.4)",
        paper="approximately silent",
        quantity="un-nudged ‖v_A‖ over its top-down drive, worst epoch, %",
        criterion="un-nudged ‖v_A‖ at most 3 % of the top-down drive at every epoch.",
        judge=silence,
        needs=(runs.MICROCIRCUIT,),
    ),
)
