"""Claims judged by notebook 02: the judge takes results and gives a ``Verdict``."""

import numpy as np

from dcm.experiments.error_in_the_dendrite.runs import ASSOCIATION
from dcm.lab.verdict import Claim, Verdict, column, spread

LEARNED = 400  # presentations after which the error must be gone [chosen]


def association(results) -> Verdict:
    """F1b; the leading number is the share of the apical error that is left, in %."""

    def learned(result, name):
        return result[name][np.searchsorted(result["presentation"], LEARNED)]

    left = column(results, lambda r: 100 * learned(r, "apical") / r["apical"].max())
    onset = column(results, lambda r: r["level_onset"] / r["level_free"])
    error = column(results, lambda r: learned(r, "output_error") / r["output_error"][0])
    output = 100 * (1 - error)
    holds = np.median(left) < 10 and np.median(onset) >= 10 and np.median(output) >= 95
    words = f"onset {spread(onset)} times the level before; output error down by {spread(output)} %"
    return Verdict(left, holds, words)


CLAIMS = (
    Claim(
        "F1b",
        "A new target opens an apical error; learning closes it (1B)",
        "trace",
        "apical error left after 400 presentations, %",
        "onset at least 10 times the level before; "
        "below 10 % after 400 presentations; output error down by 95 %.",
        association,
        (ASSOCIATION,),
    ),
)
