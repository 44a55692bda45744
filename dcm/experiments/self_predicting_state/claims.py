"""Claims judged by notebook 01: each judge takes results and gives a ``Verdict``."""

from __future__ import annotations

import numpy as np

from dcm.experiments.self_predicting_state.runs import LATERAL
from dcm.lab.verdict import Claim, Verdict, column, spread


def self_prediction(lateral) -> Verdict:
    """S1a: both potentials fall at least 100-fold; w_ip within .15 and w_pi within .05 of the self-predicting ones."""
    fold = column(lateral, lambda r: r["apical"][0] / r["apical"][-1])
    gap = column(lateral, lambda r: r["mismatch"][0] / r["mismatch"][-1])
    ip, pi = (
        column(lateral, lambda r, n=name: r[n][-1]) for name in ("distance_ip", "distance_pi")
    )
    holds = (
        min(np.median(fold), np.median(gap)) >= 100
        and np.median(ip) <= 0.15
        and np.median(pi) <= 0.05
    )
    detail = f"‖u_I - u_P‖ {np.median(gap):.0f}-fold; distance of w_ip {spread(ip)}, of w_pi {spread(pi)}"
    return Verdict(fold, holds, detail, partly=np.median(fold) > 10)


CLAIMS = (
    Claim(
        "S1a",
        "Lateral plasticity alone finds the self-predicting state (S1, 1C)",
        "v_A → 0, u_I → u_P",
        "fall of the apical potential, fold",
        "both potentials fall at least 100-fold; w_ip within .15 and w_pi within .05 of the self-predicting ones.",
        self_prediction,
        (LATERAL,),
    ),
)
