"""Claims judged by notebook 02: each judge takes results and gives a ``Verdict``."""

from __future__ import annotations

import numpy as np

from dcm.experiments.error_in_the_dendrite.runs import ASSOCIATION
from dcm.lab.verdict import Claim, Verdict, column, spread


def association(runs) -> Verdict:
    """F1b: onset at least 10 times the level before; below 10 % after 400 presentations; output error down by 95 %."""

    def at_400(r, name):
        return r[name][np.searchsorted(r["presentation"], 400)]

    left = column(runs, lambda r: 100 * at_400(r, "apical") / r["apical"].max())
    onset = column(runs, lambda r: r["level_onset"] / r["level_free"])
    output = column(runs, lambda r: 100 * (1 - at_400(r, "output_error") / r["output_error"][0]))
    holds = np.median(left) < 10 and np.median(onset) >= 10 and np.median(output) >= 95
    return Verdict(
        left,
        holds,
        f"onset {spread(onset)} times the level before; output error down by {spread(output)} %",
    )


CLAIMS = (
    Claim(
        "F1b",
        "A new target opens an apical error; learning closes it (1B)",
        "trace",
        "apical error left after 400 presentations, %",
        "onset at least 10 times the level before; below 10 % after 400 presentations; output error down by 95 %.",
        association,
        (ASSOCIATION,),
    ),
)
