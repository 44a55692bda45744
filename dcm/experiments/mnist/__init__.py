"""Notebook 04: handwritten digits with the two-pass dynamics (Fig. 3)."""

from dcm.experiments.mnist.claims import CLAIMS
from dcm.experiments.mnist.runs import RUNS

__all__ = ["CLAIMS", "RUNS"]
