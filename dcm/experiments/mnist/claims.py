"""Claims on MNIST (Fig. 3 and Section 3.4 of the paper), and how each is judged.

Thresholds are the paper's values and margins of this project [chosen].
"""

import numpy as np

from dcm.experiments.mnist import runs
from dcm.lab.verdict import Claim, Verdict, column, last, spread

SHALLOW_OF_FIG_3B = 8.4  # percent: the shallow learner of Fig. 3B [paper]


def test_error(id: str, claim: str, paper: float, within: float, variant) -> Claim:
    """F3a, b, d, e: test error at the last epoch at most ``paper`` + ``within``, percent."""

    def judge(results) -> Verdict:
        test = last(results, "test_error")
        validation = spread(last(results, "validation_error"))
        detail = f"after {len(results[0]['test_error']) - 1} epochs; validation {validation} %"
        if "mirror" in results[0].arrays and results[0]["mirror"][0].max() > 0:
            # the lateral weights were random at the start: where did they end?
            mirror = column(results, lambda result: 100 * result["mirror"][-1].max())
            detail += f"; w_pi within {spread(mirror)} % of -w_down"
        median = np.median(test)
        return Verdict(test, median <= paper + within, detail, partly=median < SHALLOW_OF_FIG_3B)

    criterion = f"test error at most {paper + within:.2f} %."
    return Claim(id, claim, f"{paper} %", "test error, %", criterion, judge, (variant,))


def shallow_digits(single_layer, frozen_hidden) -> Verdict:
    """F3c: which of the two shallow learners is near 8.4 % (within 1 [chosen])."""
    errors = {"784-10": last(single_layer, "test_error")}
    errors["frozen hidden layers"] = last(frozen_hidden, "test_error")
    distance = {name: abs(np.median(error) - SHALLOW_OF_FIG_3B) for name, error in errors.items()}
    near = [name for name in distance if distance[name] <= 1]
    detail = "; ".join(f"{name}: {spread(error)} %" for name, error in errors.items())
    detail += f"; near 8.4: {' and '.join(near) or 'neither'}"
    return Verdict(errors[min(distance, key=distance.get)], bool(near), detail, partly=True)


def mixing(*per_lambda) -> Verdict:
    """F3g: the rise of the test error from the smallest mixing factor to larger ones, worst λ."""
    errors = [last(results, "test_error") for results in per_lambda]
    n_seeds = min(map(len, errors))
    rise = np.max([error[:n_seeds] - errors[0][:n_seeds] for error in errors[1:]], axis=0)
    pairs = zip(runs.MIXING, errors, strict=True)
    detail = "; ".join(f"λ = {lam:g}: {spread(error)} %" for lam, error in pairs)
    return Verdict(rise, np.median(rise) <= 0.5, detail, np.median(errors[-1]) < SHALLOW_OF_FIG_3B)


def silence(results) -> Verdict:
    """F3s: un-nudged ‖v_A‖ over the top-down drive, worst epoch and layer."""
    worst = column(results, lambda result: 100 * result["silence"].max())
    ratios = [np.median(result["silence_nudged"][1:], axis=0) for result in results]
    layer_1, layer_2 = map(spread, np.transpose(ratios))
    over = f"{layer_1} (layer 1), {layer_2} (layer 2)"
    detail = f"un-nudged over nudged ‖v_A‖, median over epochs: {over}"
    return Verdict(worst, np.median(worst) <= 3, detail)


CLAIMS = (
    test_error("F3a", "784-500-500-10 test error (3B)", 1.96, 0.15, runs.MICROCIRCUIT),
    test_error("F3b", "The same net with backprop (3B)", 1.53, 0.15, runs.BACKPROP),
    Claim(
        "F3c",
        claim="«Single-layer», «shallow learner» (3B)",
        paper="8.4 %",
        quantity="test error of the one nearer to 8.4, %",
        criterion="which of the two shallow learners is near 8.4 % (within 1 [chosen]).",
        judge=shallow_digits,
        needs=runs.SHALLOW,
    ),
    test_error(
        "F3d", "Hidden-to-hidden weights frozen (3.4)", 2.11, 0.2, runs.HIDDEN_TO_HIDDEN_FROZEN
    ),
    test_error("F3e", "784-1000-10, everything plastic (3.4)", 2.48, 0.25, runs.ALL_PLASTIC),
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
