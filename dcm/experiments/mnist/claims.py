"""Claims on MNIST (Fig. 3 and Section 3.4): each function takes results and gives a ``Verdict``.

Thresholds are those of the project's specification unless marked [chosen]. Where a claim has several parts, ``values``
holds the leading number of each seed, ``holds`` judges all parts, and ``detail`` reports the others.
"""

from __future__ import annotations

import numpy as np

from dcm.experiments.mnist.runs import MICROCIRCUIT, MIXING, VARIANTS
from dcm.lab.verdict import Claim, Verdict, column, spread


def test_error(paper: float, within: float):
    """F3a, b, d, e: test error at the last epoch at most ``paper`` + ``within``."""

    def judge(runs, *others) -> Verdict:
        last, validation = (
            column(runs, lambda r, n=n: r[n][-1]) for n in ("test_error", "validation_error")
        )
        epochs = len(runs[0]["test_error"]) - 1
        detail = f"after {epochs} epochs; validation {spread(validation)} %"
        if "mirror" in runs[0].arrays and runs[0]["mirror"][0].max() > 0:
            mirror = column(runs, lambda r: 100 * r["mirror"][-1].max())
            detail += f"; w_pi within {spread(mirror)} % of -w_down"
        return Verdict(last, np.median(last) <= paper + within, detail, np.median(last) < 8.4)

    return judge


def shallow_digits(single, frozen) -> Verdict:
    """F3c: which of the two shallow learners is near 8.4 % (within 1 [chosen])."""
    learners = {"784-10": single, "frozen hidden layers": frozen}
    last = {name: column(runs, lambda r: r["test_error"][-1]) for name, runs in learners.items()}
    off = {name: abs(np.median(x) - 8.4) for name, x in last.items()}
    near = [name for name in off if off[name] <= 1]
    detail = "; ".join(f"{name}: {spread(x)} %" for name, x in last.items())
    detail += f"; near 8.4: {' and '.join(near) or 'neither'}"
    return Verdict(last[min(off, key=off.get)], bool(near), detail, partly=True)


def mixing(*per_lambda) -> Verdict:
    """F3g: the test error at 60 epochs rises by at most .5 from the smallest mixing factor to larger ones."""
    last = [column(runs, lambda r: r["test_error"][-1]) for runs in per_lambda]
    n = min(map(len, last))
    rise = np.max([x[:n] - last[0][:n] for x in last[1:]], axis=0)
    detail = "; ".join(f"λ = {lam:g}: {spread(x)} %" for lam, x in zip(MIXING, last, strict=True))
    return Verdict(rise, np.median(rise) <= 0.5, detail, np.median(last[-1]) < 8.4)


def silence(runs) -> Verdict:
    """F3s: un-nudged ‖v_A‖ at most 3 % of the top-down drive at every epoch."""
    worst = column(runs, lambda r: 100 * r["silence"].max())
    ratios = [column(runs, lambda r, h=h: np.median(r["silence_nudged"][1:, h])) for h in range(2)]
    detail = f"un-nudged over nudged ‖v_A‖, median over epochs: {spread(ratios[0])} (layer 1), {spread(ratios[1])} (layer 2)"
    return Verdict(worst, np.median(worst) <= 3, detail)


CLAIMS = (
    Claim(
        "F3a",
        "784-500-500-10 test error (3B)",
        "1.96 %",
        "test error, %",
        "test error at most 2.11 %.",
        test_error(1.96, 0.15),
        (MICROCIRCUIT,),
    ),
    Claim(
        "F3b",
        "The same net with backprop (3B)",
        "1.53 %",
        "test error, %",
        "test error at most 1.68 %.",
        test_error(1.53, 0.15),
        (VARIANTS["backprop"],),
    ),
    Claim(
        "F3c",
        "«Single-layer», «shallow learner» (3B)",
        "8.4 %",
        "test error of the one nearer to 8.4, %",
        "which of the two shallow learners is near 8.4 % (within 1 [chosen]).",
        shallow_digits,
        (VARIANTS["single-layer"], VARIANTS["frozen-hidden"]),
    ),
    Claim(
        "F3d",
        "Hidden-to-hidden weights frozen (3.4)",
        "2.11 %",
        "test error, %",
        "test error at most 2.31 %.",
        test_error(2.11, 0.2),
        (VARIANTS["hidden-to-hidden-frozen"],),
    ),
    Claim(
        "F3e",
        "784-1000-10, everything plastic (3.4)",
        "2.48 %",
        "test error, %",
        "test error at most 2.73 %.",
        test_error(2.48, 0.25),
        (VARIANTS["all-plastic"],),
    ),
    Claim(
        "F3g",
        "Larger feedback and nudging do not appreciably hurt (3.4)",
        "—",
        "rise of the test error from λ = .1, worst λ, points",
        "the test error at 60 epochs rises by at most .5 from the smallest mixing factor to larger ones.",
        mixing,
        tuple(MIXING.values()),
    ),
    Claim(
        "F3s",
        "Apical dendrites stay silent without nudging (3.4)",
        "approximately silent",
        "un-nudged ‖v_A‖ over its top-down drive, worst epoch, %",
        "un-nudged ‖v_A‖ at most 3 % of the top-down drive at every epoch.",
        silence,
        (MICROCIRCUIT,),
    ),
)
