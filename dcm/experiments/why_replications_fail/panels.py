"""Panels of notebook 06: mistakes beside the correct run, always black and solid against purple and dashed."""

from __future__ import annotations

import numpy as np

from dcm.lab.drawing import COLOURS

CORRECT, BROKEN = COLOURS["target"], COLOURS["backprop"]
FLOOR = 1e-4  # deviations below are drawn here


def _looks(labels):
    """Line style and colour a label: correct first, broken last, greys between."""
    between = [{"color": "0.55", "ls": ls} for ls in (":", "-.")]
    return [
        {"color": CORRECT, "ls": "-"},
        *between[: len(labels) - 2],
        {"color": BROKEN, "ls": "--"},
    ]


def match(ax, outcome, what: str, theory: str):
    """What happens over what theory says, a dot a cell or synapse; returns the artists."""
    artists = []
    for (label, (x, y)), look, marker in zip(
        outcome.points.items(),
        _looks(outcome.points),
        "o^sx"[: len(outcome.points) - 1] + "x",
        strict=True,
    ):
        artists += ax.plot(np.ravel(x), np.ravel(y), marker, color=look["color"], ms=4, label=label)
    low, high = (
        np.min([x.min() for x, _ in outcome.points.values()]),
        np.max([x.max() for x, _ in outcome.points.values()]),
    )
    artists += ax.plot([low, high], [low, high], color="0.7", lw=1, zorder=0)
    ax.set(xlabel=theory, ylabel=what)
    ax.legend()
    return artists


def curves(ax, outcome, xlabel: str, ylabel: str, *, xscale="linear", yscale="log"):
    """Each learning curve over its own first entries of ``outcome.x``; returns the lines."""
    lines = []
    for (label, y), look in zip(outcome.curves.items(), _looks(outcome.curves), strict=True):
        lines += ax.plot(outcome.x[: len(y)], y, label=label, **look)
    ax.set(xlabel=xlabel, ylabel=ylabel, xscale=xscale, yscale=yscale)
    ax.legend()
    return lines


def cut_short(ax, outcome):
    """Error over patterns on a logarithmic axis, where the short run ended; returns the lines."""
    whole, short = outcome.curves.values()
    x = np.maximum(outcome.x, 1)
    lines = ax.semilogx(x[1:], whole[1:], color=CORRECT, label="whole run")
    lines += ax.semilogx(
        x[1 : len(short)], short[1:], color=BROKEN, lw=5, alpha=0.7, label="cut short"
    )
    ax.set(xlabel="patterns shown", ylabel="squared error, unseen inputs", ylim=(0, 1.1 * whole[0]))
    ax.legend()
    return lines


def spreads(ax, result):
    """Spread of noisy output cells over the time step, with the theory; returns the lines."""
    outcome, steps, lines = result.outcomes["σ dt"], result.config.time_steps, []
    for (label, (_, spread)), look in zip(
        outcome.points.items(), _looks(outcome.points), strict=True
    ):
        lines += ax.loglog(steps, spread, "o", label=label, **look)
    lines += ax.loglog(
        steps,
        next(iter(outcome.points.values()))[0],
        color="0.7",
        lw=1,
        label=r"$\sigma/\sqrt{2g}$",
    )
    ax.set(xlabel="time step dt (ms)", ylabel="standard deviation of u")
    ax.set_xticks(steps, [f"{dt:g}" for dt in steps], minor=False)
    ax.minorticks_off()
    ax.legend()
    return lines


def bias(ax, result):
    """Drift while settling over the input's time constant, measured and in theory; returns the lines."""
    measured, theory = result.outcomes["learning while settling"].extra["bias"]
    lines = ax.plot(result.config.tau_inputs, measured, "o", color=CORRECT, label="measured")
    lines += ax.plot(
        result.config.tau_inputs, theory, "-", color="0.55", label=r"$\tau_m/(\tau_0+\tau_m)$"
    )
    ax.set(
        xlabel=r"input low-pass $\tau_0$ (ms)",
        ylabel="drift, share of jumping inputs'",
        ylim=(0, 1.05),
    )
    ax.legend()
    return lines


def summary(axes, result):
    """A row a mistake: deviation from theory at the fixed point (left), what is left to learn (right)."""
    artists, names = [], list(result.outcomes)
    for ax, measure in zip(axes, ("deviation", "left"), strict=True):
        for row, outcome in enumerate(result.outcomes.values()):
            values = list(getattr(outcome, measure).values())
            if not values or not np.isfinite(values).all():
                said = "no error to compare" if values else "not touched"
                ax.text(
                    0.03, row, said, transform=ax.get_yaxis_transform(), va="center", color="0.4"
                )
                continue
            right, wrong = (max(v, FLOOR) for v in (values[0], values[-1]))
            ax.plot([right, wrong], [row, row], color="0.8", lw=3, zorder=0)
            artists += ax.plot(right, row, "o", color=CORRECT, label="correct")
            artists += ax.plot(wrong, row, "X", color=BROKEN, ms=9, label="broken")
        ax.set(xscale="log", ylim=(len(names) - 0.5, -0.5))
    axes[0].set_yticks(range(len(names)), [f"{i}  {name}" for i, name in enumerate(names, 1)])
    axes[0].set(xlabel="deviation from theory", title="Fixed point")
    axes[1].set(xlabel="fraction of the error left", title="Learning", yticks=[])
    axes[1].legend(handles=artists[-2:], loc="lower left", bbox_to_anchor=(1.0, 0.85))
    return artists
