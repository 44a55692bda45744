"""The runs behind the claims: every variant that an experiment plans, by notebook and seed."""

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
MOST_SEEDS = 1000  # more than any claim or computer asks for [chosen]


def variants(notebooks=EXPERIMENTS) -> list[Variant]:
    """All variants of ``notebooks``, by name; none of those that compute on the spot."""
    planned = [EXPERIMENTS[name].RUNS for name in notebooks if name in EXPERIMENTS]
    return [variant for runs in planned for variant in runs]


def plan(seeds: int = SEEDS, notebooks=EXPERIMENTS) -> list[Run]:
    """Runs of seeds 0…``seeds``-1, of a variant at most as many as the claims ask for."""
    if not 1 <= seeds <= MOST_SEEDS:
        raise ValueError(f"seeds is {seeds}; give 1 to {MOST_SEEDS}")
    return [run for variant in variants(notebooks) for run in variant.runs(seeds)]
