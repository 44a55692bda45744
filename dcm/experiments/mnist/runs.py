"""Runs of notebook 04 at the paper's scale.

The recipes were found on the validation split, in two rounds of short trials: listed in
``tools/mnist_trials.py``, run by ``tools/mnist_search.py``, their errors (those named below) in
``results/mnist/search.json``.
"""

from dataclasses import replace

from dcm.experiments.mnist.experiment import Config, backprop_net, run
from dcm.lab.run import Variant


def digits(name, seconds, start=Config.paper(), *, epochs=100, most_seeds=None, **changes):
    """The variant of ``start`` with ``changes``; rates fall to a quarter, as over 200 epochs."""
    config = replace(start, epochs=epochs, decay=0.25 ** (1 / epochs), **changes)
    return Variant(f"mnist/{name}", run, config, seconds, most_seeds)


# Where the search began: ``START`` in tools/mnist_trials.py.
FIRST = {"scale_up": 3.3, "scale_output": 3.3, "gain_hidden": 1.2, "gain_output": 7.0}
# Its second round: with quiet cells, small output weights bear more feedback and faster learning.
QUIET = {"hidden_threshold": -2.0, "scale_output": 0.3, "base_rate": 0.015, "inter_rate": 4.0}
# Larger random weights and a faster output, where only the output learns.
LARGE = {**FIRST, "scale_up": 6.0, "scale_output": 6.0, "base_rate": 0.05, "inter_rate": 1.0}
# Strong feedback between the hidden layers.
STRONG = {"scale_up": 4.5, "gain_hidden": 13.0, "gain_output": 20.0, "hidden_rate": (3.0, 1.0)}
# The layers of Section 3.4 where everything learns [paper], with stronger feedback.
WIDE = {**FIRST, "hidden": (1000,), "hidden_rate": (1.0,), "gain_output": 20.0}

# The better of the two recipes that were tried over 200 epochs (validation error 1.28 %).
MICROCIRCUIT = Variant("mnist/microcircuit", run, Config.paper(), 210)
# The second round's best (1.22 % after 20 epochs); its numbers are in ``backprop_net``.
BACKPROP = digits("backprop", 90, backprop_net(Config.paper()))
# The best of three rates (9.14 % after 10 epochs).
SINGLE_LAYER = digits("single-layer", 20, learner="single layer", **FIRST)
# The best of three (6.96 % after 20 epochs).
FROZEN_HIDDEN = digits("frozen-hidden", 40, epochs=60, learner="frozen hidden layers", **LARGE)
# The second round's best (2.00 % after 50 epochs).
HIDDEN_TO_HIDDEN_FROZEN = digits(
    "hidden-to-hidden-frozen", 95, learner="hidden to hidden frozen", **QUIET, **STRONG
)
# The better of two (1.88 % after 40 epochs).
ALL_PLASTIC = digits("all-plastic", 110, learner="all plastic", **WIDE)


def mixing(lam: float, **rates) -> Variant:
    """F3g: all mixing factors ``lam``; feedback that still lets λ = .5 learn, the same for all."""
    factors = {"mixing_hidden": lam, "mixing_output": lam, "mixing_interneuron": lam}
    weights = {"scale_up": 2.5, "gain_hidden": 0.8, "gain_output": 4.0}
    recipe = {**QUIET, **factors, **weights, **rates}
    return digits(f"mixing-{lam:g}", 70, epochs=60, most_seeds=3, **recipe)


# By λ: the best rates found for each.
MIXING = {
    0.1: mixing(0.1, hidden_rate=(3.0, 2.0)),
    0.3: mixing(0.3, hidden_rate=(19.0, 12.5)),
    0.5: mixing(0.5, hidden_rate=(40.0, 12.0), base_rate=0.02, inter_rate=3.0),
}

SHALLOW = (SINGLE_LAYER, FROZEN_HIDDEN)
LEARNERS = (MICROCIRCUIT, BACKPROP, *SHALLOW, HIDDEN_TO_HIDDEN_FROZEN, ALL_PLASTIC)
RUNS = (*LEARNERS, *MIXING.values())
