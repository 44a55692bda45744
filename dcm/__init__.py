"""Companion to Sacramento, Ponte Costa, Bengio & Senn (2018): dendritic cortical microcircuits and backpropagation."""

from dcm.backprop import backprop, feedback_alignment
from dcm.circuit import Circuit
from dcm.conductances import Conductances
from dcm.dynamics import Recording, integrate
from dcm.equilibrium import ConvergenceError, equilibrium
from dcm.learning import DivergenceError, Trace, learn
from dcm.plasticity import LearningRates, Updates, plasticity
from dcm.state import State
from dcm.transfer import Logistic, SoftRectifier
from dcm.two_pass import two_pass

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
