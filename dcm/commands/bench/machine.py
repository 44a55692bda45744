"""What one core of this machine can do at best: matrix products and exponentials, measured beside the kernels."""

from __future__ import annotations

import platform
import time
from pathlib import Path

import numpy as np
from scipy.linalg.blas import sgemm

SQUARE = "square product, 1000 x 1000 x 1000"


def seconds(call) -> float:
    """CPU seconds of one call: what other processes do meanwhile hardly matters."""
    began = time.process_time()
    call()
    return time.process_time() - began


def probes(rng, repeats: int = 100) -> dict[str, tuple[str, callable]]:
    """``{name: (unit, measure)}``; ``measure()`` gives one value. Products are in single precision, as MNIST's."""

    def floats(*shape):
        return rng.standard_normal(shape, np.float32)

    def product(n: int, m: int, k: int, times: int):
        a, b = floats(n, m), floats(m, k)
        c = np.empty((n, k), np.float32)
        return lambda: (
            2e-9
            * n
            * m
            * k
            * times
            / seconds(lambda: [np.matmul(a, b, out=c) for _ in range(times)])
        )

    def update(times: int):
        post, pre, w = floats(10, 500), floats(10, 784), np.zeros((500, 784), np.float32, order="F")
        options = {"beta": 1.0, "c": w, "trans_a": True, "overwrite_c": True}
        return lambda: 2e-9 * 10 * 500 * 784 * times / seconds(lambda: [sgemm(1, post, pre, **options)
                                                                        for _ in range(times)])  # fmt: skip

    def exponential(dtype, times: int):
        x, out = rng.uniform(-10, 0, 10_000).astype(dtype), np.empty(10_000, dtype)
        return lambda: (
            1e9 * seconds(lambda: [np.exp(x, out=out) for _ in range(times)]) / (x.size * times)
        )

    return {
        SQUARE: ("GFlop/s", product(1000, 1000, 1000, max(1, repeats // 20))),
        "thin product, 10 x 784 x 500": ("GFlop/s", product(10, 784, 500, 5 * repeats)),
        "rank-10 update, 500 x 784": ("GFlop/s", update(5 * repeats)),
        "NumPy's exponential, double precision": ("ns", exponential(np.float64, 4 * repeats)),
        "NumPy's exponential, single precision": ("ns", exponential(np.float32, 4 * repeats)),
    }


def processor() -> str:
    """Its name, as far as the operating system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(
            line.partition(":")[2].strip() for line in lines if line.startswith("model name")
        )
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
