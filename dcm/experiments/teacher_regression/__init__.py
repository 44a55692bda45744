"""Notebook 03: the circuit learns a teacher network's function (Figs. 2, S1)."""

from dcm.experiments.teacher_regression.claims import CLAIMS
from dcm.experiments.teacher_regression.runs import RUNS

__all__ = ["CLAIMS", "RUNS"]
