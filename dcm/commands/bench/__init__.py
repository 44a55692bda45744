"""``dcm bench``: the kernels' speed, measured in one run beside their plain twins, PyTorch and what the core can do."""

from __future__ import annotations

import contextlib
import statistics
import time

import numpy as np

from dcm.commands.bench.loops import AUTOGRAD, KERNEL, TORCH, Counts, Loop, deviation, every_loop
from dcm.commands.bench.machine import SQUARE, probes, processor, seconds
from dcm.lab.progress import one_thread, silent
from dcm.lab.provenance import provenance

EPOCH = 55_000  # images [paper]


@one_thread
def run(rng, repeats: int = 7, counts: Counts = Counts(), progress=silent) -> dict:
    """Measure everything ``repeats`` times, in turn, so that every ratio compares neighbours in time; as plain data.

    Returns
    -------
    dict
        ``about``: date, processor, data, versions. ``machine``: what the core can do. ``loops``: one entry a loop and
        way of running it: its rate and how many times faster the kernel is, each as median, min and max; for MNIST
        also the seconds of an epoch, and the rate of its matrix work over that of the core's square product. Work is
        counted as if every pixel mattered; a kernel that leaves out the four fifths that are 0 may exceed 1.
        ``two_pass_over_backprop``: cost of the two-pass kernel over PyTorch's backprop. ``deviations``: of the
        kernels from their twins.
    """
    data_name, measured = every_loop(counts, rng)
    limits = probes(rng, counts.probes)
    turns = {name: measure for name, (_, measure) in limits.items()}
    for loop in measured:
        turns |= {(loop.name, by): _rate(loop, *runner) for by, runner in loop.runners.items()}
    with _torch_on_one_thread() as torch_version:
        for loop in measured:
            for call, _ in loop.runners.values():  # warm up: compilation, first touch of memory
                call(10, loop.dtypes[0])
        samples = _take_turns(turns, repeats, progress)
    compared = [(loop, dtype) for loop in measured for dtype in loop.dtypes]
    about = {
        "date": time.strftime("%Y-%m-%d"),
        "processor": processor(),
        "data": data_name,
        "repeats": repeats,
    }
    return {
        "about": {**about, "torch": torch_version, **provenance()},
        "machine": [{"name": name, "unit": unit, **summary(samples[name])} for name, (unit, _) in limits.items()],
        "loops": [_row(loop, by, samples) for loop in measured for by in loop.runners],
        "two_pass_over_backprop": _two_pass_over_backprop(samples),
        "deviations": [_deviation(loop, dtype, counts) for loop, dtype in progress(compared, desc="deviations")],
    }  # fmt: skip


def _take_turns(turns: dict, repeats: int, progress) -> dict:
    """``{key: values}``: every measurement ``repeats`` times, round after round."""
    samples = {key: [] for key in turns}
    for key in progress([*turns] * repeats, desc="repetitions"):
        samples[key].append(turns[key]())
    return samples


def summary(values) -> dict:
    """Median, smallest and largest."""
    values = [float(value) for value in values]
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def _rate(loop: Loop, call, n: int):
    return lambda: n / seconds(lambda: call(n, loop.dtypes[0]))


def _row(loop: Loop, by: str, samples) -> dict:
    rates, kernel = samples[loop.name, by], samples[loop.name, KERNEL]
    row = {"loop": loop.name, "by": by, "unit": f"{loop.units}/s", **summary(rates),
           "kernel_is_faster": summary(k / r for k, r in zip(kernel, rates, strict=True))}  # fmt: skip
    if loop.flop:
        work = [1e-9 * loop.flop * r for r in rates]
        row["seconds_an_epoch"] = summary(EPOCH / r for r in rates)
        row["dense_work_over_square_product"] = summary(
            w / s for w, s in zip(work, samples[SQUARE], strict=True)
        )
    return row


def _two_pass_over_backprop(samples) -> dict:
    kernel = samples["MNIST two-pass", KERNEL]
    others = {by: samples.get(("MNIST backprop", by)) for by in (TORCH, AUTOGRAD)}
    return {
        by: summary(o / k for o, k in zip(rates, kernel, strict=True))
        for by, rates in others.items()
        if rates
    }


def _deviation(loop: Loop, dtype, counts: Counts) -> dict:
    return {"loop": loop.name, "precision": np.dtype(dtype).name, "n": counts.compared, "units": loop.units,
            "largest": deviation(loop, counts.compared, dtype)}  # fmt: skip


@contextlib.contextmanager
def _torch_on_one_thread():
    """PyTorch's version, or None where it is missing."""
    try:
        import torch
    except ImportError:
        yield None
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield torch.__version__
    finally:
        torch.set_num_threads(before)
