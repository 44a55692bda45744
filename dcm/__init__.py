"""Companion to Sacramento et al. (2018): dendritic microcircuits approximate backprop.

==========  ==========================================  ===============================
equation    of                                          lives in
==========  ==========================================  ===============================
1, 2        somata, in time and at rest                 ``settle.dynamics``, ``settle.equilibrium``
3, 4, 5     basal, apical and interneuron dendrites     ``model.state``
6, 7, 8, 9  plasticity of w_up, w_ip and w_pi           ``model.plasticity``
10          plasticity of w_down                        ``model.plasticity``
3.1         backprop and feedback alignment             ``model.backprop``
3.4         two-pass dynamics of MNIST                  ``settle.two_pass``
==========  ==========================================  ===============================
"""

import dcm.lab.interrupt  # noqa: F401  before all others: Ctrl-C while these are imported
import dcm.lab.lacking  # noqa: F401  one line in place of a traceback
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
