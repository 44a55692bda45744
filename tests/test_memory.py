"""Memory of the kernels: linear in the number of weights, whatever the width."""

import tracemalloc

import numpy as np
import pytest

from dcm import Circuit, Conductances, LearningRates, kernels

pytestmark = pytest.mark.compiled

RATES = LearningRates(up=1e-6, ip=1e-6, pi=1e-6)  # small: nothing may run away
WIDTHS = np.array([40, 80, 160, 320])
WEIGHTS = 5 * WIDTHS**2  # w_up twice, w_down, w_ip and w_pi of an n-n-n circuit


def learn(circuit, rng):
    n = circuit.sizes[0]
    kernels.learn(circuit, rng.uniform(0, 1, (1, n)), rng.normal(size=(1, n)), RATES)


def integrate(circuit, rng):
    n = circuit.sizes[0]
    shown = rng.uniform(0, 1, (1, n)), rng.normal(size=(1, n))
    kernels.integrate(circuit, *shown, rng=rng, rates=RATES, noise=0.1, duration=0.1)


def learn_two_pass(circuit, rng):
    n = circuit.sizes[0]
    inputs = rng.uniform(0, 1, (10, n)).astype(np.float32)
    targets = rng.normal(size=(10, n)).astype(np.float32)
    single = circuit.astype(np.float32)
    kernels.learn_two_pass(single, inputs, targets, RATES, order=np.arange(10))


def peak(call, n):
    """Peak bytes of the arrays that ``call`` allocates beside its circuit's."""
    rng = np.random.default_rng(0)
    scale = np.sqrt(3 / n)
    g = Conductances.from_mixing(0.1, 0.2, 0.1)
    circuit = Circuit.random((n, n, n), rng, conductances=g, scale_up=scale, scale_down=scale)
    circuit = circuit.self_predicting()
    call(circuit, rng)  # compile
    tracemalloc.start()
    try:
        call(circuit, rng)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("call", [learn, integrate, learn_two_pass])
def test_memory_is_linear_in_the_number_of_weights(call):
    peaks = np.array([peak(call, n) for n in WIDTHS])
    exponent = np.polyfit(np.log(WEIGHTS[2:]), np.log(peaks[2:]), 1)[0]
    assert 0.8 < exponent < 1.05
    assert peaks[-1] < 6 * 8 * WEIGHTS[-1], "below six numbers per weight: copies and results"
