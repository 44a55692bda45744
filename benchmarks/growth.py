"""Growth curves: what a pattern costs, in time and memory, against width, depth and batch, with fitted exponents.

Run with ``python benchmarks/growth.py [FOLDER]``; it writes growth.json, growth.svg and growth.png to FOLDER (by
default figures/quick) in about a minute. One core, CPU time.

What to expect: a kernel touches each weight a fixed number of times a sweep, a step or an image, so that its cost is
linear in the number of weights, exponent 1, and below while fixed costs a layer or a batch dominate (small widths).
Two things are steeper, and both are measured beside the curves:

- Width: once the weights outgrow the caches, every sweep or step streams them from memory. The price of a weight then
  rises towards the ratio of the two streaming rates and stays there. Two-pass learning shows a weight a whole batch at
  a time, does more arithmetic on each visit, and hardly notices.
- Depth, steady state: errors travel down the circuit through more layers, so that it takes more sweeps to settle.
"""

from __future__ import annotations

import json
import sys
import tracemalloc
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from growth_report import draw, lines
from threadpoolctl import threadpool_limits

from dcm import Circuit, Conductances, LearningRates, equilibrium, kernels
from dcm.commands.bench.machine import processor, seconds
from dcm.lab.paths import figure_folder
from dcm.lab.progress import progress_bar, silent
from dcm.lab.provenance import provenance
from dcm.model.circuit import WEIGHTS

WIDTHS = (10, 20, 50, 100, 200, 500, 1000, 2000)
DEPTHS = (1, 2, 3, 4, 5, 6)
BATCHES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
DEPTH_WIDTH, BATCH_WIDTH = 100, 500  # neurons a layer where depth or batch varies [chosen]
RATES = LearningRates(up=1e-6, ip=1e-6, pi=1e-6)  # small: nothing may run away at any size [chosen]


def steady(circuit, rng, batch):
    """``call(n)``: n patterns, one steady state each."""
    inputs, targets = patterns(circuit, 64, rng)
    return lambda n: kernels.learn(
        circuit, inputs[np.arange(n) % 64], targets[np.arange(n) % 64], RATES
    )


def continuous(circuit, rng, batch):
    """``call(n)``: n Euler steps with noise and all filters."""
    inputs, targets = patterns(circuit, 1, rng)
    options = {"rng": rng, "rates": RATES, "noise": 0.1, "dt": 0.1}
    return lambda n: kernels.integrate(circuit, inputs, targets, duration=0.1 * n, **options)


def two_pass(circuit, rng, batch):
    """``call(n)``: n mini-batches, in single precision, w_ip plastic and w_pi = -w_down as on MNIST."""
    inputs, targets = (x.astype(np.float32) for x in patterns(circuit, batch, rng))
    circuit, rates = circuit.astype(np.float32), LearningRates(up=RATES.up, ip=RATES.ip)

    def call(n):
        return kernels.learn_two_pass(
            circuit, inputs, targets, rates, order=np.arange(n * batch) % batch, batch=batch
        )

    return call


LOOPS = {
    "steady state": (steady, "pattern"),
    "continuous time": (continuous, "step"),
    "two-pass": (two_pass, "batch"),
}


def points(widths=WIDTHS, depths=DEPTHS, batches=BATCHES) -> list[tuple]:
    """(axis, value of it, loop, sizes, batch) of every measurement."""
    wide = [("width", n, loop, (n, n, n), 10) for loop in LOOPS for n in widths]
    deep = [("depth", d, loop, (DEPTH_WIDTH,) * (d + 2), 10) for loop in LOOPS for d in depths]
    return wide + deep + [("batch", b, "two-pass", (BATCH_WIDTH,) * 3, b) for b in batches]


def measure(axis, value, loop, sizes, batch, budget=0.02) -> dict:
    """Seconds of one more pattern, step or batch, and the peak of the arrays that a call holds beside its arguments."""
    rng = np.random.default_rng(0)
    circuit = small_random(sizes, rng)
    call = LOOPS[loop][0](circuit, rng, batch)
    n_weights = sum(w.size for name in WEIGHTS for w in getattr(circuit, name))
    settled = sweeps(circuit, *patterns(circuit, 1, rng)) if loop == "steady state" else 1
    return {"axis": axis, "value": value, "loop": loop, "batch": batch if loop == "two-pass" else 1, "sweeps": settled,
            "weights": n_weights, "bytes": peak(call), "seconds": marginal(call, budget)}  # fmt: skip


def small_random(sizes, rng) -> Circuit:
    """A self-predicting circuit whose potentials stay of order 1 at any width, with weak apical feedback."""
    conductances = Conductances.from_mixing(0.1, 0.2, 0.1)
    scales = {"scale_up": np.sqrt(3 / sizes[0]), "scale_down": np.sqrt(3 / sizes[0])}
    return Circuit.random(sizes, rng, conductances=conductances, **scales).self_predicting()


def patterns(circuit, n: int, rng) -> tuple[np.ndarray, np.ndarray]:
    """Input rates and target potentials of ``n`` patterns."""
    return rng.uniform(0, 1, (n, circuit.sizes[0])), rng.normal(size=(n, circuit.sizes[-1]))


def sweeps(circuit, inputs, targets) -> int:
    """Sweeps to the steady state, by counting how often the plain twin evaluates φ."""
    calls, n = [], len(circuit.w_up)
    counting = replace(circuit, transfer=lambda u: calls.append(u) or circuit.transfer(u))
    equilibrium(counting, inputs, targets, tol=1e-11)
    return (len(calls) - 2 * (2 * n - 1)) // (
        3 * n - 2
    )  # start and end: φ of all somata; a sweep: of the hidden twice


def streaming(n_bytes: int) -> float:
    """GB/s of reading and writing an array of this size, over and over."""
    array = np.zeros(n_bytes // 8)
    times = max(2, 2**28 // n_bytes)
    np.add(array, 1.0, out=array)  # first touch
    return (
        2e-9
        * n_bytes
        * times
        / seconds(lambda: [np.add(array, 1.0, out=array) for _ in range(times)])
    )


def marginal(call, budget: float) -> float:
    """Seconds that one more unit costs: fixed costs of a call (checks, copies of the weights) fall out."""
    n = 1
    call(n)  # compile
    while seconds(partial(call, n)) < budget:
        n *= 2
    short, long = (min(seconds(partial(call, m)) for _ in range(3)) for m in (n, 4 * n))
    return (long - short) / (3 * n)


def peak(call) -> int:
    """Peak bytes of the arrays that ``call(1)`` allocates."""
    call(1)
    tracemalloc.start()
    try:
        call(1)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def exponent(x, y) -> float:
    """a of y ∝ x^a: least squares on logarithms over the upper half of the points, where fixed costs are small."""
    half = len(x) // 2
    return float(np.polyfit(np.log(x[half:]), np.log(y[half:]), 1)[0])


def fits(rows: list[dict]) -> list[dict]:
    """Exponents of time and memory in the number of weights (width, depth) or in the batch, one a curve."""
    curves, found = {}, []
    for row in rows:
        curves.setdefault((row["axis"], row["loop"]), []).append(row)
    for (axis, loop), curve in curves.items():
        x = np.array([row["value" if axis == "batch" else "weights"] for row in curve], dtype=float)
        cost, memory = (
            np.array([row[key] for row in curve], dtype=float) for key in ("seconds", "bytes")
        )
        settled = np.array([row["sweeps"] for row in curve], dtype=float)
        found.append({"axis": axis, "loop": loop, "in": "batch" if axis == "batch" else "weights",
                      "time": exponent(x, cost), "time_a_sweep": exponent(x, cost / settled),
                      "memory": exponent(x, memory)})  # fmt: skip
    return found


def run(selected, progress=silent) -> dict:
    """Measure the points and fit, on one BLAS thread."""
    with threadpool_limits(1, user_api="blas"):
        rows = [measure(*point) for point in progress(selected, desc="growth")]
        rates = {"in cache": streaming(2**17), "in memory": streaming(2**28)}
    about = {"processor": processor(), **provenance()}
    return {"about": about, "streaming_gb_per_s": rates, "points": rows, "fits": fits(rows)}


def main(folder: Path):
    """Measure, print, draw."""
    result = run(points(), progress_bar)
    print(*lines(result), sep="\n")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "growth.json").write_text(json.dumps(result, indent=1) + "\n")
    figure = draw(result)
    for suffix in ("svg", "png"):
        figure.savefig(folder / f"growth.{suffix}")
        print(folder / f"growth.{suffix}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else figure_folder("quick"))
