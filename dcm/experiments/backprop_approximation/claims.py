"""Claims of Section 3.1 and the two-pass approximation: each function takes results and gives a ``Verdict``.

Thresholds are those of the project's specification unless marked [chosen]. Where a claim has several parts, ``values``
holds the leading number of each seed, ``holds`` judges all parts, and ``detail`` reports the others.
"""

from __future__ import annotations

import numpy as np

from dcm.experiments.backprop_approximation.experiment import FEEDBACK, Config, fitted_order
from dcm.experiments.backprop_approximation.runs import ANGLES
from dcm.lab.verdict import Claim, Verdict, spread

PAPER = Config.paper()


def orders(runs) -> Verdict:
    """T1: fitted orders of the remainders of somata and updates within .1 of N - k + 2 (layers k = 1…N)."""
    off = {"remainder_soma": [], "remainder_update": []}
    for saved in runs:
        for name, worst in off.items():
            gaps = []
            for depth in PAPER.depths:
                theory = np.arange(depth + 1, 1, -1)
                fits = [
                    np.median(fitted_order(PAPER, saved[f"{name} {depth} {kind}"]), axis=0)
                    for kind in FEEDBACK
                ]
                gaps += [np.abs(fit - theory).max() for fit in fits]
            worst.append(max(gaps))
    both = np.max(list(off.values()), axis=0)
    detail = f"potentials {spread(np.array(off['remainder_soma']))}, updates {spread(np.array(off['remainder_update']))}"
    return Verdict(
        both, np.median(both) <= 0.1, detail + f"; N = {PAPER.depths[0]}-{PAPER.depths[-1]}"
    )


def angles(feedback: str):
    """T2, T3: median over circuits of the largest hidden-layer angle at λ = .01 below .5°; all depths."""

    def judge(runs) -> Verdict:
        at, worst, all_worst = PAPER.lambdas.index(0.01), [], []
        for saved in runs:
            hidden = [saved[f"angle {d} {feedback}"][:, at, : d - 1] for d in PAPER.depths]
            worst.append(max(np.median(a.max(axis=1)) for a in hidden))
            all_worst.append(max(a.max() for a in hidden))
        return Verdict(
            np.array(worst), np.median(worst) < 0.5, f"worst of all circuits {max(all_worst):.2f}°"
        )

    return judge


def two_passes(runs) -> Verdict:
    """T4: the deviation of the two-pass update from the relaxed one falls with λ, in every hidden layer and depth."""
    at, values, falling = PAPER.lambdas.index(0.01), [], True
    upper = PAPER.lambdas.index(0.3)
    for saved in runs:
        tables = [
            np.median(saved[f"two_pass {d} {kind}"], axis=0)
            for d in PAPER.depths
            for kind in FEEDBACK
        ]
        values.append(100 * max(t[at].max() for t in tables))
        falling &= all((t[at] < 0.2 * t[upper] + 1e-12).all() for t in tables)
    return Verdict(np.array(values), falling, "at λ = .01, largest over layers and depths")


CLAIMS = (
    Claim(
        "T1",
        "Potentials and updates carry the backpropagated error (3.1)",
        "order λ^(N-k+1)",
        "largest gap between fitted and predicted order",
        "fitted orders of the remainders of somata and updates within .1 of N - k + 2 (layers k = 1…N).",
        orders,
        (ANGLES,),
    ),
    Claim(
        "T2",
        "Updates equal backprop's as λ → 0 (3.1)",
        "angle → 0",
        "hidden-layer angle at λ = .01, degrees",
        "median over circuits of the largest hidden-layer angle at λ = .01 below .5°; all depths.",
        angles("transposed"),
        (ANGLES,),
    ),
    Claim(
        "T3",
        "Random top-down: feedback alignment's (3.1)",
        "angle → 0",
        "hidden-layer angle at λ = .01, degrees",
        "median over circuits of the largest hidden-layer angle at λ = .01 below .5°; all depths.",
        angles("random"),
        (ANGLES,),
    ),
    Claim(
        "T4",
        "Two passes approximate the relaxation as g_A → 0 (3.4)",
        "deviation → 0",
        "relative deviation of the update at λ = .01, %",
        "the deviation of the two-pass update from the relaxed one falls with λ, in every hidden layer and depth.",
        two_passes,
        (ANGLES,),
    ),
)
