"""Throughput of the compiled loops on one core, each beside its plain twin, medians of interleaved repetitions.

Run with ``python benchmarks/throughput.py``; the MNIST rows use random images of MNIST's size.
"""

import statistics
import time

import numpy as np
from threadpoolctl import threadpool_limits

import dcm
from dcm import LearningRates, SoftRectifier, kernels
from dcm.experiments import mnist

REPEATS = 5
RATES = LearningRates((0.0011875, 0.0005), 0.0011875, 0.0059375)


def rate(call, units: int) -> float:
    """Units per second of one call."""
    began = time.perf_counter()
    call()
    return units / (time.perf_counter() - began)


def main():
    rng = np.random.default_rng(0)
    circuit = dcm.Circuit.random((30, 50, 10), rng, transfer=SoftRectifier())
    inputs, targets = rng.uniform(-1, 1, (100_000, 30)), rng.normal(size=(100_000, 10))
    noisy = {"rates": RATES, "noise": 0.3}
    data = mnist.datasets.Digits("noise", 28, *[mnist.datasets.Split(rng.random((11_000, 784), np.float32),
                                                                     rng.integers(0, 10, 11_000))] * 3)  # fmt: skip
    config = mnist.Config.quick()
    start, order = mnist.initial_circuit(config, data, rng), np.arange(11_000)
    net = mnist.initial_net(config, config.hidden, data, rng)
    rows = {
        "steady state, patterns/s": (lambda: kernels.learn(circuit, inputs, targets, RATES), 100_000),
        "  its plain twin": (lambda: dcm.learn(circuit, inputs[:300], targets[:300], RATES), 300),
        "continuous time, steps/s": (
            lambda: kernels.integrate(circuit, inputs[:100], targets[:100], rng=rng, **noisy),
            100_000,
        ),
        "  its plain twin ": (lambda: dcm.integrate(circuit, inputs[:1], targets[:1], rng=rng, **noisy), 1000),
        "MNIST two-pass, images/s": (lambda: mnist.circuit_epoch(1.0)(config, start, data, order, 0), 11_000),
        "MNIST backprop, images/s": (lambda: mnist.net_epoch(config, net, data, order, 0), 11_000),
    }
    kernels.learn(circuit, inputs[:1], targets[:1], RATES)
    kernels.integrate(circuit, inputs[:1], targets[:1], rng=rng, **noisy)
    with threadpool_limits(1, user_api="blas"):
        measured = [{name: rate(*row) for name, row in rows.items()} for _ in range(REPEATS)]
    for name in rows:
        values = sorted(m[name] for m in measured)
        print(f"{name:28s} {statistics.median(values):12,.0f}   ({values[0]:,.0f} to {values[-1]:,.0f})")
    epoch = 55_000 / statistics.median(m["MNIST two-pass, images/s"] for m in measured)
    print(f"MNIST two-pass, one epoch of 55 000 images: {epoch:.1f} s")


if __name__ == "__main__":
    main()
