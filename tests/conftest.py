import dataclasses

import numpy as np
import pytest

from dcm import Circuit, Conductances, Logistic, SoftRectifier

UNEQUAL = Conductances(leak=0.12, basal=1.1, apical=0.7, dendritic=1.6, somatic=0.5)  # g_D != g_B, nothing round
SIZES = [(7, 6, 3), (30, 20, 10), (9, 8, 7, 6, 4)]  # the last has depth 4


def make_circuit(sizes, seed=0, *, transfer=Logistic(), conductances=UNEQUAL, thresholds=True, **scales):
    """A random circuit with random thresholds: the hardest ordinary case."""
    rng = np.random.default_rng(seed)
    circuit = Circuit.random(sizes, rng, transfer=transfer, conductances=conductances, **scales)
    if not thresholds:
        return circuit
    b_up = tuple(rng.uniform(-1, 1, b.shape) for b in circuit.b_up)
    b_ip = tuple(rng.uniform(-1, 1, b.shape) for b in circuit.b_ip)
    return dataclasses.replace(circuit, b_up=b_up, b_ip=b_ip)


@pytest.fixture
def rng():
    return np.random.default_rng(12345)


@pytest.fixture(params=SIZES, ids=str)
def sizes(request):
    return request.param


@pytest.fixture(params=[Logistic(), SoftRectifier(gamma=0.6, theta=0.4)], ids=["logistic", "soft rectifier"])
def transfer(request):
    return request.param
