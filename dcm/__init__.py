"""Companion to Sacramento, Ponte Costa, Bengio & Senn (2018): dendritic cortical microcircuits and backpropagation."""

from dcm.model.backprop import backprop, feedback_alignment
from dcm.model.circuit import Circuit
from dcm.model.conductances import Conductances
from dcm.model.plasticity import LearningRates, Updates, plasticity
from dcm.model.state import State
from dcm.model.transfer import Logistic, SoftRectifier
from dcm.settle.dynamics import Recording, integrate
from dcm.settle.equilibrium import ConvergenceError, equilibrium
from dcm.settle.learning import DivergenceError, Trace, learn
from dcm.settle.two_pass import two_pass

__all__ = [
    "Circuit",
    "Conductances",
    "ConvergenceError",
    "DivergenceError",
    "LearningRates",
    "Logistic",
    "Recording",
    "SoftRectifier",
    "State",
    "Trace",
    "Updates",
    "backprop",
    "equilibrium",
    "feedback_alignment",
    "integrate",
    "learn",
    "plasticity",
    "two_pass",
]
