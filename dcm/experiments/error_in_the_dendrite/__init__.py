"""Notebook 02: a target breaks the balance of an apical dendrite, learning restores it."""

from dcm.experiments.error_in_the_dendrite.claims import CLAIMS
from dcm.experiments.error_in_the_dendrite.runs import RUNS

__all__ = ["CLAIMS", "RUNS"]
