"""Claims judged by notebook 01: the judge takes results and gives a ``Verdict``."""

from __future__ import annotations

import numpy as np

from dcm.experiments.self_predicting_state.runs import LATERAL
from dcm.lab.verdict import Claim, Verdict, column, last, spread


def self_prediction(lateral) -> Verdict:
    """S1a; the leading number is the fold by which the apical potential falls."""
    fall_apical = column(lateral, lambda r: r["apical"][0] / r["apical"][-1])
    fall_mismatch = column(lateral, lambda r: r["mismatch"][0] / r["mismatch"][-1])
    distance_ip = last(lateral, "distance_ip")
    distance_pi = last(lateral, "distance_pi")
    holds = (
        np.median(fall_apical) >= 100
        and np.median(fall_mismatch) >= 100
        and np.median(distance_ip) <= 0.15
        and np.median(distance_pi) <= 0.05
    )
    detail = (
        f"‖u_I - u_P‖ {np.median(fall_mismatch):.0f}-fold; "
        f"distance of w_ip {spread(distance_ip)}, of w_pi {spread(distance_pi)}"
    )
    return Verdict(fall_apical, holds, detail, partly=np.median(fall_apical) > 10)


CLAIMS = (
    Claim(
        id="S1a",
        claim="Lateral plasticity alone finds the self-predicting state (S1, 1C)",
        paper="v_A → 0, u_I → u_P",
        quantity="fall of the apical potential, fold",
        criterion="both potentials fall at least 100-fold; "
        "w_ip within .15 and w_pi within .05 of the self-predicting ones.",
        judge=self_prediction,
        needs=(LATERAL,),
    ),
)
