"""Explorers: plain functions of slider values that draw a figure and return its numbers, and ``live`` sliders for them.

Each module holds one explorer: its callback, what its numbers are, and ``CONTROLS``, the ranges of its sliders.
The callbacks work without any widget: call one, and it draws.
"""

from dcm.experiments.backprop_approximation import explorer as descent
from dcm.experiments.backprop_approximation.explorer import error_down
from dcm.experiments.mnist import explorer as digits
from dcm.experiments.mnist.explorer import digit
from dcm.experiments.self_predicting_state import explorer as prediction
from dcm.experiments.self_predicting_state.explorer import self_prediction
from dcm.experiments.teacher_regression import explorer as strength
from dcm.experiments.teacher_regression.explorer import feedback_strength
from dcm.experiments.the_circuit import explorer as neuron
from dcm.experiments.the_circuit.explorer import one_neuron
from dcm.lab.widgets import panel

CONTROLS = {
    one_neuron: neuron.CONTROLS,
    self_prediction: prediction.CONTROLS,
    error_down: descent.CONTROLS,
    feedback_strength: strength.CONTROLS,
    digit: digits.CONTROLS,
}

__all__ = [
    "CONTROLS",
    "digit",
    "error_down",
    "feedback_strength",
    "live",
    "one_neuron",
    "self_prediction",
]


def live(callback, **fixed):
    """The callback's sliders, a reset button and its figure; ``fixed`` arguments are passed on as they are."""
    return panel(callback, CONTROLS[callback], **fixed)
