"""``dcm bench``: the kernels' speed beside their plain twins and PyTorch, measured in one run."""

import json
import platform
import re
import statistics
import time
from importlib.metadata import version
from pathlib import Path

import click
import numpy as np

from dcm.commands.bench.loops import KERNEL, TINY, TORCH, Counts, Loop, deviation, every_loop
from dcm.lab.progress import one_thread, progress_bar, silent
from dcm.lab.provenance import provenance


def publish(repeats: int, seed: int, as_json: bool, tiny: bool) -> None:
    """Measure, and print the table or the JSON."""
    result = run(np.random.default_rng(seed), repeats, TINY if tiny else Counts(), progress_bar)
    click.echo(json.dumps(result, indent=1) if as_json else table(result))


@one_thread
def run(rng, repeats: int, counts: Counts, progress=silent) -> dict:
    """Measure every loop ``repeats`` times, in turn: every ratio compares neighbours in time.

    Returns plain data: ``about``; ``loops``, rate and ratio per loop and way; ``deviations``.
    """
    data_name, loops = every_loop(counts, rng)
    runners = [(loop, by) for loop in loops for by in loop.runners]
    samples = {(loop.name, by): [] for loop, by in runners}
    for loop, by in runners:
        loop.runners[by][0](10, loop.dtypes[0])  # warm up: compilation, first touch of memory
    for loop, by in progress(runners * repeats, desc="repetitions"):
        samples[loop.name, by].append(_rate(loop, by))
    about = {
        "date": time.strftime("%Y-%m-%d"),
        "processor": processor(),
        "data": data_name,
        "repeats": repeats,
        "torch": version("torch") if any(by == TORCH for _, by in runners) else None,
        **provenance(),
    }
    rows = [_row(loop, by, samples) for loop, by in runners]
    compared = [(loop, dtype) for loop in loops for dtype in loop.dtypes]
    deviations = []
    for loop, dtype in progress(compared, desc="deviations"):
        n = counts.compared
        entry = {"loop": loop.name, "precision": np.dtype(dtype).name, "n": n, "units": loop.units}
        deviations.append({**entry, "largest": deviation(loop, n, dtype)})
    return {"about": about, "loops": rows, "deviations": deviations}


def summary(values) -> dict:
    """Median, smallest and largest."""
    values = [float(value) for value in values]
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def processor() -> str:
    """Its name, as far as the operating system tells."""
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text("utf-8", "replace") if cpuinfo.exists() else ""
    found = re.search(r"model name\s*: (.*)", text)
    return found[1] if found else platform.processor() or platform.machine()


def _rate(loop: Loop, by: str) -> float:
    """Units per CPU second, which what other processes do meanwhile hardly changes."""
    call, n = loop.runners[by]
    began = time.process_time()
    call(n, loop.dtypes[0])
    return n / (time.process_time() - began)


def _row(loop: Loop, by: str, samples) -> dict:
    rates = samples[loop.name, by]
    ratios = [k / r for k, r in zip(samples[loop.name, KERNEL], rates, strict=True)]
    row = {"loop": loop.name, "by": by, "unit": f"{loop.units}/s", **summary(rates)}
    row["kernel_is_faster"] = summary(ratios)
    if loop.units == "images":
        row["seconds_per_epoch"] = summary(55_000 / rate for rate in rates)  # images [paper]
    return row


def table(result: dict) -> str:
    """Rates, ratios and deviations, in lines of at most 110 characters."""
    about = result["about"]
    repeats = f"CPU time, medians (and range) of {about['repeats']}"
    torch = f"PyTorch {about['torch']} on one thread" if about["torch"] else "no PyTorch"
    versions = f"NumPy {about['packages']['numpy']}, commit {about['commit']}"
    lines = [
        f"One core of {about['processor']}, {about['date']}, {repeats}",
        f"images: {about['data']}; {torch}; {versions}\n",
        *map(_line, result["loops"]),
        "\nLargest deviation from the plain twin, relative to what was learned:",
    ]
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
