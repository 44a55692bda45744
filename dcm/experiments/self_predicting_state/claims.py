"""Claims judged by notebook 01: the judge takes results and gives a ``Verdict``."""

import numpy as np

from dcm.experiments.self_predicting_state.runs import LATERAL
from dcm.lab.verdict import Claim, Verdict, column, last, spread


def self_prediction(lateral) -> Verdict:
    """S1a; the leading number is the fold by which the apical potential falls."""
    apical = column(lateral, lambda result: result["apical"][0] / result["apical"][-1])
    mismatch = np.median(column(lateral, lambda r: r["mismatch"][0] / r["mismatch"][-1]))
    ip = last(lateral, "distance_ip")
    pi = last(lateral, "distance_pi")
    silent = np.median(apical) >= 100 and mismatch >= 100
    holds = silent and np.median(ip) <= 0.15 and np.median(pi) <= 0.05
    detail = f"‖u_I - u_P‖ {mismatch:.0f}-fold; distance of w_ip {spread(ip)}, of w_pi {spread(pi)}"
    return Verdict(apical, holds, detail, partly=np.median(apical) > 10)


CLAIMS = (
    Claim(
        "S1a",
        "Lateral plasticity alone finds the self-predicting state (S1, 1C)",
        "v_A → 0, u_I → u_P",
        "fall of the apical potential, fold",
        "both potentials fall at least 100-fold; "
        "w_ip within .15 and w_pi within .05 of the self-predicting ones.",
        self_prediction,
        (LATERAL,),
    ),
)
