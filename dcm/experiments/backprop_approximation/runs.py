"""Runs of notebook 05 at the paper's scale."""

from dcm.experiments.backprop_approximation.experiment import Config, run
from dcm.lab.run import Variant

ANGLES = Variant("backprop_approximation/angles", run, Config.paper(), seconds=20)
RUNS = (ANGLES,)
