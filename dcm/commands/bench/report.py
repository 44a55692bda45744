"""The result of ``dcm.bench.run`` as a table for a terminal, and as a figure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np

from dcm.commands import bench
from dcm.lab.drawing import save_figure
from dcm.lab.paths import figure_folder
from dcm.lab.progress import progress_bar


def table(result: dict) -> str:
    """Rates, ratios, the core's limits and the deviations, in lines of at most 110 characters."""
    return "\n".join(
        [
            *_heading(result["about"]),
            "",
            *_machine(result),
            "",
            *_loops(result),
            "",
            *_deviations(result),
        ]
    )


def _heading(about: dict) -> Iterator[str]:
    yield f"One core of {about['processor']}, {about['date']}, CPU time, medians (and range) of {about['repeats']}"
    torch = (
        f"PyTorch {about['torch']} on one thread"
        if about["torch"]
        else "no PyTorch: pip install 'dcm[bench]'"
    )
    yield f"images: {about['data']}; {torch}; NumPy {about['packages']['numpy']}, commit {about['commit']}"


def _machine(result: dict) -> Iterator[str]:
    for row in result["machine"]:
        yield f"{row['name']:54s}{_number(row['median']):>9s} {row['unit']:10s} {_range(row)}"


def _loops(result: dict) -> Iterator[str]:
    for row in result["loops"]:
        ratio = row["kernel_is_faster"]
        first = row["by"] == "kernel"
        rate = f"{_number(row['median']):>9s} {row['unit']:10s} {_range(row):22s}"
        faster = "" if first else f" kernel {_number(ratio['median'])} × as fast {_range(ratio)}"
        if first and "seconds_an_epoch" in row:
            share = row["dense_work_over_square_product"]["median"]
            faster = (
                f" {row['seconds_an_epoch']['median']:.2f} s an epoch, {share:.2f} × square product"
            )
        yield f"{row['loop'] if first else '':17s}{row['by']:18s}{rate}{faster}".rstrip()
    for by, ratio in result["two_pass_over_backprop"].items():
        yield f"two-pass kernel costs {ratio['median']:.2f} {_range(ratio)} of backprop by {by}"


def _deviations(result: dict) -> Iterator[str]:
    yield "Largest deviation from the plain twin, relative to what was learned (each array's largest change):"
    for row in result["deviations"]:
        yield f"{row['loop']:17s}{row['precision']:18s}{row['largest']:9.1e} after {row['n']} {row['units']}"


def _number(x: float) -> str:
    """Three significant digits, thousands set apart."""
    return f"{x:,.0f}".replace(",", " ") if x >= 100 else f"{x:.3g}"


def _range(values: dict) -> str:
    return f"({_number(values['min'])} to {_number(values['max'])})"


def publish(repeats: int, seed: int, as_json: bool, figure: str | None, tiny: bool) -> None:
    """The command ``dcm bench``; ``ValueError`` before anything runs if the figure cannot be written."""
    if figure and Path(figure).suffix not in (".svg", ".png", ".pdf"):
        raise ValueError(f"--figure {figure}: give a file name that ends in .svg, .png or .pdf")
    if figure and not Path(figure).resolve().parent.is_dir():
        raise ValueError(
            f"--figure {figure}: there is no folder {Path(figure).parent}; make it first"
        )
    counts = bench.Counts.tiny() if tiny else bench.Counts()
    result = bench.run(np.random.default_rng(seed), repeats, counts, progress_bar)
    click.echo(json.dumps(result, indent=1) if as_json else table(result))
    for path in draw(result, figure):
        click.echo(f"  {path}", err=as_json)


def draw(result: dict, path: str | None = None) -> list[Path]:
    """Draw the figure at ``path``, or as figures/quick/benchmark.svg and .png if this is a clone; returns the files."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    from dcm.commands.bench import panels
    from dcm.lab.drawing import use_style

    use_style()
    figure, axes = pyplot.subplots(1, 2, figsize=(10, 3.6), width_ratios=(1, 1.15))
    panels.speedups(axes[0], result)
    panels.epochs(axes[1], result)
    if path:
        figure.savefig(path)
        return [Path(path)]
    try:
        folder = figure_folder("quick")
    except FileNotFoundError:  # an installed package without its repository
        return []
    save_figure(figure, "benchmark", "quick")
    return [folder / f"benchmark.{suffix}" for suffix in ("svg", "png")]
