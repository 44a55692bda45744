"""Panels of notebook 06: mistakes (purple, dashed) beside the correct run (black, solid)."""

import numpy as np

from dcm.lab.drawing import COLOURS

CORRECT = {"color": COLOURS["target"], "ls": "-", "marker": "o"}
DOTTED = {"color": "0.55", "ls": ":", "marker": "^"}
DASHED = {"color": "0.55", "ls": "-.", "marker": "s"}
BROKEN = {"color": COLOURS["backprop"], "ls": "--", "marker": "x"}
FLOOR = 1e-4  # deviations below are drawn here


def _labelled(by_label: dict):
    """(label, value, look) of every entry."""
    looks = [CORRECT, *(DOTTED, DASHED)[: len(by_label) - 2], BROKEN]
    return zip(by_label, by_label.values(), looks, strict=True)


def match(ax, outcome, measured: str, theory: str):
    """Measured over predicted values, one dot per cell or synapse; returns the artists."""
    artists = []
    for label, (x, y), look in _labelled(outcome.points):
        dots = {**look, "ls": "none", "ms": 4, "label": label}
        artists += ax.plot(np.ravel(x), np.ravel(y), **dots)
    expected = [x for x, _ in outcome.points.values()]
    ends = [np.min(expected), np.max(expected)]
    artists += ax.plot(ends, ends, color="0.7", lw=1, zorder=0)
    ax.set(xlabel=theory, ylabel=measured)
    ax.legend()
    return artists


def curves(ax, outcome, xlabel: str, ylabel: str, xscale="linear"):
    """Each learning curve over its own first entries of ``outcome.x``; returns the lines."""
    lines = []
    for label, y, look in _labelled(outcome.curves):
        lines += ax.plot(outcome.x[: len(y)], y, label=label, color=look["color"], ls=look["ls"])
    ax.set(xlabel=xlabel, ylabel=ylabel, xscale=xscale, yscale="log")
    ax.legend()
    return lines


def cut_short(ax, outcome):
    """Error over patterns on a logarithmic axis, where the short run ended; returns the lines."""
    whole, short = outcome.curves.values()
    patterns = outcome.x[1:]  # 0 has no place on a logarithmic axis
    thick = {"color": BROKEN["color"], "lw": 5, "alpha": 0.7, "label": "cut short"}
    lines = ax.semilogx(patterns, whole[1:], color=CORRECT["color"], label="whole run")
    lines += ax.semilogx(patterns[: len(short) - 1], short[1:], **thick)
    ax.set(xlabel="patterns shown", ylabel="squared error, unseen inputs", ylim=(0, 1.1 * whole[0]))
    ax.legend()
    return lines


def spreads(ax, outcome, time_steps):
    """Spread of noisy output cells over the time step, with the theory; returns the lines."""
    lines = []
    for label, (_, spread), look in _labelled(outcome.points):
        lines += ax.loglog(time_steps, spread, label=label, **{**look, "marker": "o"})
    theory, _ = outcome.points[label]
    lines += ax.loglog(time_steps, theory, color="0.7", lw=1, label=r"$\sigma/\sqrt{2g}$")
    ax.set(xlabel="time step dt (ms)", ylabel="standard deviation of u")
    ax.set_xticks(time_steps, [f"{dt:g}" for dt in time_steps])
    ax.minorticks_off()
    ax.legend()
    return lines


def bias(ax, outcome, tau_inputs):
    """Bias of settling over the input's time constant, with the theory; returns the lines."""
    measured, theory = outcome.extra["bias"]
    lines = ax.plot(tau_inputs, measured, "o", color=CORRECT["color"], label="measured")
    lines += ax.plot(tau_inputs, theory, "-", color="0.55", label=r"$\tau_m/(\tau_0+\tau_m)$")
    ax.set(xlabel=r"input low-pass $\tau_0$ (ms)", ylabel="bias, share of jumping inputs'")
    ax.set_ylim(0, 1.05)
    ax.legend()
    return lines


def summary(axes, outcomes: dict):
    """One row per mistake: deviation at the fixed point (left), what is left to learn (right)."""
    artists = _rows(axes[0], [outcome.deviation for outcome in outcomes.values()])
    artists += _rows(axes[1], [outcome.left for outcome in outcomes.values()])
    names = [f"{number}  {name}" for number, name in enumerate(outcomes, 1)]
    axes[0].set_yticks(range(len(names)), names)
    axes[0].set(xlabel="deviation from theory", title="Fixed point")
    axes[1].set(xlabel="fraction of the error left", title="Learning", yticks=[])
    axes[1].legend(handles=artists[-2:], loc="lower left", bbox_to_anchor=(1.0, 0.85))
    return artists


def _rows(ax, rows):
    """Per row its first (correct) and last (broken) value and a bar between, or why not."""
    artists = []
    for row, by_label in enumerate(rows):
        values = list(by_label.values())
        if not values or not np.isfinite(values).all():
            why = "no error to compare" if values else "not touched"
            ax.text(0.03, row, why, color="0.4", transform=ax.get_yaxis_transform(), va="center")
            continue
        right, *_, wrong = np.maximum(values, FLOOR)
        ax.plot([right, wrong], [row, row], color="0.8", lw=3, zorder=0)
        artists += ax.plot(right, row, "o", color=CORRECT["color"], label="correct")
        artists += ax.plot(wrong, row, "X", color=BROKEN["color"], ms=9, label="broken")
    ax.set(xscale="log", ylim=(len(rows) - 0.5, -0.5))
    return artists
