"""The result of ``growth.run`` as text and as a figure."""

from __future__ import annotations

COLOUR = {"steady state": "pyramidal", "continuous time": "apical", "two-pass": "interneuron"}


def rows_of(result: dict, axis: str, loop: str) -> list[dict]:
    """The points of one curve."""
    return [row for row in result["points"] if (row["axis"], row["loop"]) == (axis, loop)]


def a_weight(row: dict) -> float:
    """Nanoseconds that one weight costs for one pattern, step or image."""
    return 1e9 * row["seconds"] / (row["weights"] * row["batch"])


def draw(result: dict):
    """Price of a weight (top) and memory (bottom) against width, depth and batch; returns the figure."""
    from matplotlib import pyplot

    from dcm.lab.drawing import COLOURS, use_style

    use_style()
    figure, axes = pyplot.subplots(2, 3, figsize=(11, 6.4), sharex="col", sharey="row")
    columns = dict(zip(("width", "depth", "batch"), axes.T, strict=True))
    for fit in result["fits"]:
        rows = rows_of(result, fit["axis"], fit["loop"])
        for ax, kind, of in zip(
            columns[fit["axis"]], ("time", "memory"), (a_weight, megabytes), strict=True
        ):
            ax.loglog([row["value"] for row in rows], [of(row) for row in rows], "o-", ms=4,
                      color=COLOURS[COLOUR[fit["loop"]]],
                      label=f"{fit['loop']}: {kind} ∝ {fit['in']}$^{{{fit[kind]:.2f}}}$")  # fmt: skip
    for ax in axes.flat:
        ax.legend(fontsize=9)
    for ax, label in zip(
        axes[1], ("neurons a layer", "hidden layers", "images a batch"), strict=True
    ):
        ax.set_xlabel(label)
    depths = [row["value"] for row in rows_of(result, "depth", "steady state")]
    axes[1, 1].set_xticks(depths, map(str, depths))
    axes[1, 1].minorticks_off()
    axes[0, 0].set_ylabel("ns a weight, for one pattern, step or image")
    axes[1, 0].set_ylabel("peak of arrays, MB")
    return figure


def megabytes(row: dict) -> float:
    """Peak memory of a point."""
    return 1e-6 * row["bytes"]


def lines(result: dict):
    """Text: exponents, and what explains those above 1."""
    for fit in result["fits"]:
        settling = f" (a sweep: {fit['time_a_sweep']:.2f})" if fit["loop"] == "steady state" else ""
        yield (f"{fit['axis']:6s} {fit['loop']:16s} memory ∝ {fit['in']}^{fit['memory']:.2f}, "
               f"time ∝ {fit['in']}^{fit['time']:.2f}{settling}")  # fmt: skip
    rates = result["streaming_gb_per_s"]
    yield f"an array in cache streams at {rates['in cache']:.0f} GB/s, one in memory at {rates['in memory']:.0f} GB/s"
    for loop in COLOUR:
        prices = ", ".join(
            f"{row['value']}: {a_weight(row):.2f}" for row in rows_of(result, "width", loop)
        )
        yield f"ns a weight of {loop} at width {prices}"
    counts = ", ".join(
        f"{row['value']}: {row['sweeps']}" for row in rows_of(result, "depth", "steady state")
    )
    yield f"sweeps to the steady state at depth {counts}"
