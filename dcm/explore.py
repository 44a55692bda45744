"""Callbacks of the notebooks' widgets: plain functions of slider values, so that they can be called and tested."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from dcm.circuit import Circuit
from dcm.conductances import Conductances
from dcm.equilibrium import equilibrium
from dcm.plotting.circuit import compartments


def nudged_neuron(apical: float = 0.8, somatic: float = 0.8, pull: float = 2.0, neuron: int = 8):
    """One hidden cell of a self-predicting 30-20-10 circuit whose output target lies ``pull`` above its prediction.

    ``apical`` and ``somatic`` are g_A and g_som; returns the state that is drawn.
    """
    rng = np.random.default_rng(0)
    circuit = Circuit.random((30, 20, 10), rng, conductances=Conductances(apical=apical, somatic=somatic))
    circuit, r_in = circuit.self_predicting(), rng.uniform(-1, 1, 30)
    state = equilibrium(circuit, r_in, equilibrium(circuit, r_in).u_p[-1] + pull)
    _, ax = plt.subplots(figsize=(5, 3.2))
    compartments(ax, circuit, state, neuron)
    ax.set_ylim(-2.5, 2.5)
    plt.show()
    return state
