"""Runs of notebook 01 at the paper's scale."""

from dcm.experiments.self_predicting_state.experiment import Config, run
from dcm.lab.run import Variant

LATERAL = Variant("self_predicting_state/lateral", run, Config(), seconds=4)
RUNS = (LATERAL,)
