"""Notebook 05: updates become backprop's as the mixing factor falls (Section 3.1)."""

from dcm.experiments.backprop_approximation.claims import CLAIMS
from dcm.experiments.backprop_approximation.runs import RUNS

__all__ = ["CLAIMS", "RUNS"]
