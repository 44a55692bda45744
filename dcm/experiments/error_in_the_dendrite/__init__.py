"""Notebook 02: a new target breaks the balance of an apical dendrite; learning restores it (Figs. 1B, 1C)."""

from dcm.experiments.error_in_the_dendrite.claims import CLAIMS
from dcm.experiments.error_in_the_dendrite.runs import RUNS

__all__ = ["CLAIMS", "RUNS"]
