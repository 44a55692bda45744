"""The runs behind the claims: every variant that an experiment plans, by notebook and seed."""

from __future__ import annotations

from dcm.experiments import (
    backprop_approximation,
    error_in_the_dendrite,
    mnist,
    self_predicting_state,
    teacher_regression,
)
from dcm.lab.run import Run, Variant

# In the order of the notebooks; 00 and 06 compute everything on the spot.
EXPERIMENTS = {
    "self_predicting_state": self_predicting_state,
    "error_in_the_dendrite": error_in_the_dendrite,
    "teacher_regression": teacher_regression,
    "mnist": mnist,
    "backprop_approximation": backprop_approximation,
}
SEEDS = 5  # of every variant that does not say less [chosen]


def variants(notebook: str | None = None) -> list[Variant]:
    """What is planned: of one notebook (none for those that compute on the spot), or of all."""
    if notebook is not None:
        return list(EXPERIMENTS[notebook].RUNS) if notebook in EXPERIMENTS else []
    return [variant for experiment in EXPERIMENTS.values() for variant in experiment.RUNS]


def plan(seeds: int = SEEDS, notebook: str | None = None) -> list[Run]:
    """Runs of seeds 0…``seeds``-1, of a variant at most as many as the claims ask for."""
    if seeds < 1:
        raise ValueError(f"seeds is {seeds}; give at least 1")
    return [run for variant in variants(notebook) for run in variant.runs(seeds)]
