"""``dcm bench``: the kernels' speed beside their plain twins and PyTorch, measured in one run."""

from __future__ import annotations

import json
import platform
import statistics
import time
from importlib.metadata import version
from pathlib import Path

import click
import numpy as np

from dcm.commands.bench.loops import KERNEL, TORCH, Counts, Loop, deviation, every_loop
from dcm.lab.progress import one_thread, progress_bar, silent
from dcm.lab.provenance import provenance

EPOCH = 55_000  # images [paper]


def publish(repeats: int, seed: int, as_json: bool, tiny: bool) -> None:
    """Measure, and print the table or the JSON."""
    counts = Counts.tiny() if tiny else Counts()
    result = run(np.random.default_rng(seed), repeats, counts, progress_bar)
    click.echo(json.dumps(result, indent=1) if as_json else table(result))


@one_thread
def run(rng, repeats: int = 7, counts: Counts = Counts(), progress=silent) -> dict:
    """Measure every loop ``repeats`` times, in turn, so that every ratio compares neighbours in
    time.

    Returns
    -------
    dict
        Plain data. ``about``: date, processor, data, versions. ``loops``: one entry per loop and
        way of running it, with its rate and how many times faster the kernel is, each as median,
        min and max; for MNIST also the seconds of an epoch. ``deviations``: of the kernels from
        their plain twins.
    """
    data_name, loops = every_loop(counts, rng)
    runners = [(loop, by) for loop in loops for by in loop.runners]
    samples = {(loop.name, by): [] for loop, by in runners}
    for loop, by in runners:
        loop.runners[by][0](10, loop.dtypes[0])  # warm up: compilation, first touch of memory
    for loop, by in progress(runners * repeats, desc="repetitions"):
        samples[loop.name, by].append(_rate(loop, by))
    compared = [(loop, dtype) for loop in loops for dtype in loop.dtypes]
    about = {
        "date": time.strftime("%Y-%m-%d"),
        "processor": processor(),
        "data": data_name,
        "repeats": repeats,
        "torch": version("torch") if any(by == TORCH for _, by in runners) else None,
        **provenance(),
    }
    return {
        "about": about,
        "loops": [_row(loop, by, samples) for loop, by in runners],
        "deviations": [
            _deviation(loop, dtype, counts) for loop, dtype in progress(compared, desc="deviations")
        ],
    }


def seconds(call) -> float:
    """CPU seconds of one call: what other processes do meanwhile hardly matters."""
    began = time.process_time()
    call()
    return time.process_time() - began


def summary(values) -> dict:
    """Median, smallest and largest."""
    values = [float(value) for value in values]
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def processor() -> str:
    """Its name, as far as the operating system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line for line in lines if line.startswith("model name"))
        return model.partition(":")[2].strip()
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _rate(loop: Loop, by: str) -> float:
    """Units per second."""
    call, n = loop.runners[by]
    return n / seconds(lambda: call(n, loop.dtypes[0]))


def _row(loop: Loop, by: str, samples) -> dict:
    rates = samples[loop.name, by]
    ratios = [k / r for k, r in zip(samples[loop.name, KERNEL], rates, strict=True)]
    row = {
        "loop": loop.name,
        "by": by,
        "unit": f"{loop.units}/s",
        **summary(rates),
        "kernel_is_faster": summary(ratios),
    }
    if loop.units == "images":
        row["seconds_per_epoch"] = summary(EPOCH / rate for rate in rates)
    return row


def _deviation(loop: Loop, dtype, counts: Counts) -> dict:
    return {
        "loop": loop.name,
        "precision": np.dtype(dtype).name,
        "n": counts.compared,
        "units": loop.units,
        "largest": deviation(loop, counts.compared, dtype),
    }


def table(result: dict) -> str:
    """Rates, ratios and deviations, in lines of at most 110 characters."""
    about = result["about"]
    repeats = f"CPU time, medians (and range) of {about['repeats']}"
    torch = f"PyTorch {about['torch']} on one thread" if about["torch"] else "no PyTorch"
    versions = f"NumPy {about['packages']['numpy']}, commit {about['commit']}"
    lines = [
        f"One core of {about['processor']}, {about['date']}, {repeats}",
        f"images: {about['data']}; {torch}; {versions}",
        "",
    ]
    lines += [_line(row) for row in result["loops"]]
    lines += ["", "Largest deviation from the plain twin, relative to what was learned:"]
    for row in result["deviations"]:
        where = f"{row['loop']:17s}{row['precision']:18s}"
        lines.append(f"{where}{row['largest']:9.1e} after {row['n']} {row['units']}")
    return "\n".join(lines)


def _line(row: dict) -> str:
    rate = f"{_number(row['median']):>9s} {row['unit']:10s} {_range(row):22s}"
    if row["by"] == KERNEL:
        epoch = row.get("seconds_per_epoch")
        more = f" {epoch['median']:.2f} s per epoch" if epoch else ""
        return f"{row['loop']:17s}{row['by']:18s}{rate}{more}".rstrip()
    ratio = row["kernel_is_faster"]
    more = f" kernel {_number(ratio['median'])} × as fast {_range(ratio)}"
    return f"{'':17s}{row['by']:18s}{rate}{more}"


def _number(x: float) -> str:
    """Three significant digits, thousands set apart."""
    return f"{x:,.0f}".replace(",", " ") if x >= 100 else f"{x:.3g}"


def _range(values: dict) -> str:
    return f"({_number(values['min'])} to {_number(values['max'])})"
