"""Notebook 01: lateral plasticity alone finds the self-predicting state (Figs. S1, 1C)."""

from dcm.experiments.self_predicting_state.claims import CLAIMS
from dcm.experiments.self_predicting_state.runs import RUNS

__all__ = ["CLAIMS", "RUNS"]
