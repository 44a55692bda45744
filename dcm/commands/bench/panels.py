"""Panels of ``dcm bench``: how many times faster each kernel is than its twin, and what an epoch of MNIST costs."""

from __future__ import annotations

from dcm.lab.drawing import COLOURS

_COLOURS = {
    "kernel": COLOURS["pyramidal"],
    "plain NumPy": COLOURS["shallow"],
    "PyTorch": COLOURS["weights"],
    "PyTorch, autograd": COLOURS["weights"],
}


def speedups(ax, result):
    """Bars on a logarithmic axis: kernel over plain NumPy twin, with its range; returns them."""
    rows = [row for row in result["loops"] if row["by"] == "plain NumPy"]
    ratios = [row["kernel_is_faster"] for row in rows]
    bars = ax.barh([row["loop"] for row in rows], [r["median"] for r in ratios], xerr=_range(ratios),
                   color=COLOURS["pyramidal"], height=0.6)  # fmt: skip
    for bar, ratio in zip(bars, ratios, strict=True):
        ax.annotate(f"{ratio['median']:.3g} ×", (ratio["max"], bar.get_y() + bar.get_height() / 2), (5, 0),
                    textcoords="offset points", va="center")  # fmt: skip
    ax.axvline(1, color=COLOURS["target"], lw=1, ls=":")
    ax.set(xscale="log", xlim=(0.5, 4 * max(r["max"] for r in ratios)), xlabel="times as fast as plain NumPy",
           title="Kernels over their plain twins")  # fmt: skip
    ax.invert_yaxis()
    return bars


def epochs(ax, result):
    """Bars: seconds of one epoch of MNIST by every way of running it, with its range; returns them."""
    rows = [row for row in result["loops"] if "seconds_an_epoch" in row]
    costs = [row["seconds_an_epoch"] for row in rows]
    names = [f"{row['loop'].removeprefix('MNIST ')}: {row['by']}" for row in rows]
    bars = ax.barh(names, [c["median"] for c in costs], xerr=_range(costs), height=0.6,
                   color=[_COLOURS[row["by"]] for row in rows])  # fmt: skip
    for bar, cost in zip(bars, costs, strict=True):
        ax.annotate(f"{cost['median']:.1f} s", (cost["max"], bar.get_y() + bar.get_height() / 2), (5, 0),
                    textcoords="offset points", va="center")  # fmt: skip
    ax.set(xlim=(0, 1.15 * max(c["max"] for c in costs)), xlabel="seconds an epoch of 55 000 images, one core",
           title="784-500-500-10, batch 10")  # fmt: skip
    ax.invert_yaxis()
    return bars


def _range(summaries):
    """Distances from median to minimum and maximum, as ``xerr`` wants them."""
    return [
        [s["median"] - s["min"] for s in summaries],
        [s["max"] - s["median"] for s in summaries],
    ]
