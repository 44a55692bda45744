"""Claims judged by notebook 02: the judge takes results and gives a ``Verdict``."""

from __future__ import annotations

import numpy as np

from dcm.experiments.error_in_the_dendrite.runs import ASSOCIATION
from dcm.lab.verdict import Claim, Verdict, column, spread

LEARNED = 400  # presentations after which the error must be gone [chosen]


def association(results) -> Verdict:
    """F1b; the leading number is the share of the apical error that is left, in %."""
    left = column(results, lambda r: 100 * _learned(r, "apical") / r["apical"].max())
    onset = column(results, lambda r: r["level_onset"] / r["level_free"])
    output = column(
        results, lambda r: 100 * (1 - _learned(r, "output_error") / r["output_error"][0])
    )
    holds = np.median(left) < 10 and np.median(onset) >= 10 and np.median(output) >= 95
    detail = (
        f"onset {spread(onset)} times the level before; output error down by {spread(output)} %"
    )
    return Verdict(left, holds, detail)


def _learned(result, name):
    """A curve's value after ``LEARNED`` presentations."""
    return result[name][np.searchsorted(result["presentation"], LEARNED)]


CLAIMS = (
    Claim(
        id="F1b",
        claim="A new target opens an apical error; learning closes it (1B)",
        paper="trace",
        quantity="apical error left after 400 presentations, %",
        criterion="onset at least 10 times the level before; "
        "below 10 % after 400 presentations; output error down by 95 %.",
        judge=association,
        needs=(ASSOCIATION,),
    ),
)
