"""Circuits that the tests share: random weights and thresholds, unequal conductances."""

import dataclasses

import numpy as np

from dcm import Circuit, Conductances, Logistic

UNEQUAL = Conductances(
    leak=0.12, basal=1.1, apical=0.7, dendritic=1.6, somatic=0.5
)  # g_D != g_B, nothing round
SIZES = [(7, 6, 3), (30, 20, 10), (9, 8, 7, 6, 4)]  # the last has depth 4


def make_circuit(
    sizes, seed=0, *, transfer=Logistic(), conductances=UNEQUAL, thresholds=True, **scales
):
    """A random circuit with random thresholds: the hardest ordinary case."""
    rng = np.random.default_rng(seed)
    circuit = Circuit.random(sizes, rng, transfer=transfer, conductances=conductances, **scales)
    if not thresholds:
        return circuit
    b_up = tuple(rng.uniform(-1, 1, b.shape) for b in circuit.b_up)
    b_ip = tuple(rng.uniform(-1, 1, b.shape) for b in circuit.b_ip)
    return dataclasses.replace(circuit, b_up=b_up, b_ip=b_ip)
