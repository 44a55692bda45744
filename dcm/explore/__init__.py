"""Explorers: plain functions of slider values that draw a figure and return its numbers, and ``live`` sliders for them.

Each module holds one explorer: its callback, what its numbers are, and ``CONTROLS``, the ranges of its sliders.
The callbacks work without any widget: call one, and it draws.
"""

from dcm.explore import descent, digits, neuron, prediction, strength
from dcm.explore.descent import error_down
from dcm.explore.digits import digit
from dcm.explore.neuron import one_neuron
from dcm.explore.prediction import self_prediction
from dcm.explore.strength import feedback_strength
from dcm.explore.widgets import panel

CONTROLS = {
    one_neuron: neuron.CONTROLS,
    self_prediction: prediction.CONTROLS,
    error_down: descent.CONTROLS,
    feedback_strength: strength.CONTROLS,
    digit: digits.CONTROLS,
}

__all__ = ["CONTROLS", "digit", "error_down", "feedback_strength", "live", "one_neuron", "self_prediction"]


def live(callback, **fixed):
    """The callback's sliders, a reset button and its figure; ``fixed`` arguments are passed on as they are."""
    return panel(callback, CONTROLS[callback], **fixed)
