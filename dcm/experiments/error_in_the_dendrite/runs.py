"""Runs of notebook 02 at the paper's scale."""

from dcm.experiments.error_in_the_dendrite.experiment import Config, run
from dcm.lab.run import Variant

ASSOCIATION = Variant("error_in_the_dendrite/association", run, Config(presentations=1000), 5)
RUNS = (ASSOCIATION,)
