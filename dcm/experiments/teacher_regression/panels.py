"""Panels of notebook 03: both learners, the self-predicting state, the angles, continuous time.

Each takes axes and lists of results, one per seed, and returns the lines that it draws.
"""

import numpy as np

from dcm.experiments.teacher_regression.in_continuous_time import steady_error
from dcm.lab.drawing import COLOURS, legend, over_seeds
from dcm.lab.verdict import paired

SHADES = ("weights", "pyramidal", "apical", "interneuron", "backprop")
STROKES = ("-", "--", "-.", ":", (0, (3, 1, 1, 1, 1, 1)))


def errors(ax, full, shallow):
    """Fig. 2C: squared error of the full and the shallow learner."""
    lines = curve(ax, full, "error", "pyramidal", "full circuit")
    lines += curve(ax, shallow, "error", "shallow", "shallow learner", ls="--")
    ax.set(xlabel="patterns shown", ylabel=r"squared error $\|r_2 - r^*\|^2$", ylim=(0, None))
    legend(ax)
    return lines


def emergence(ax, full):
    """Fig. S1: distances of both lateral weights to the self-predicting ones."""
    lines = curve(ax, full, "distance_ip", "interneuron", r"$W^{IP}$", ls="--")
    lines += curve(ax, full, "distance_pi", "apical", r"$W^{PI}$")
    ax.set(xlabel="patterns shown", ylabel="relative distance", yscale="log")
    legend(ax)
    return lines


def angles(ax, full):
    """Fig. S1: angles between the way up and the way down, and 45°."""
    lines = curve(ax, full, "angle_weights", "weights", r"weights $W_{2,1}^T$, $W_{1,2}$")
    lines += curve(ax, full, "angle_errors", "apical", r"errors $W_{2,1}^T e$, $W_{1,2}\, e$", "--")
    ax.axhline(45, color="0.6", lw=0.9, ls=":")
    ax.set(xlabel="patterns shown", ylabel="angle (degrees)", ylim=(0, 100))
    legend(ax)
    return lines


def curve(ax, results, measure, colour, label, ls="-"):
    """One measure over the patterns shown: the median is a line and the range a band."""
    return over_seeds(ax, results, "patterns", measure, color=COLOURS[colour], ls=ls, label=label)


def traces(axes, recording, u_target, transfer):
    """Fig. 2B: output rate with its target, and ‖v_A‖; ``u_target`` is (n_patterns, n_2)."""
    top, bottom = axes
    rate = transfer(recording.traces["u_p[1]"][:, 0])
    lines = top.plot(recording.t, rate, color=COLOURS["pyramidal"], label="output")
    ends = np.linspace(0, recording.t[-1] + 1, len(u_target) + 1)  # of the patterns, ms
    steps = np.repeat(ends, 2)[1:-1]
    target = np.repeat(transfer(u_target[:, 0]), 2)
    lines += top.plot(steps, target, color=COLOURS["target"], ls=":", label="target")
    norm = np.linalg.norm(recording.traces["v_apical[0]"], axis=1)
    lines += bottom.plot(recording.t, norm, color=COLOURS["apical"])
    top.set_ylabel("rate")
    bottom.set(xlabel="time (ms)", ylabel=r"$\|v_A\|$")
    return lines


def compared(ax, results, measure: str = "error"):
    """One measure of several variants; ``results`` maps labels to lists."""
    lines = []
    for (label, of_seeds), colour, stroke in zip(results.items(), SHADES, STROKES, strict=False):
        lines += curve(ax, of_seeds, measure, colour, label, ls=stroke)
    ax.set_xlabel("patterns shown")
    legend(ax)
    return lines


def departures(ax, moving, steady):
    """Error of the ``moving`` runs, labels to results, in percent of that at their start."""

    def relative(patterns, error):
        return {"patterns": patterns, "error": 100 * error / error[0]}

    longest = max(moving.values(), key=lambda runs: len(runs[0]["patterns"]) if runs else 0)
    pairs = paired(longest, steady)
    beside = [relative(run["patterns"], steady_error(run, full)) for run, full in pairs]
    shown = {"steady state": beside}
    for label, runs in moving.items():
        shown[label] = [relative(run["patterns"], run["error"]) for run in runs]
    shown["steady state, first seed"] = beside[:1]
    lines = compared(ax, shown)
    ax.set(ylabel="squared error (% of the checkpoint's)", ylim=(None, 101))
    return lines


def transients(ax, runs):
    """Deviation of updates from the steady ones per stretch and matrix, median of seeds; bars."""
    stretches = ("0-5", "5-10", "10-20", "20-50", "50-100 ms", "whole")
    table = np.full((6, 4), np.nan)  # stretches, weight matrices
    if runs:
        table = np.median([run["probe_deviation"][0] for run in runs], axis=0)
    looks = [{"color": str(grey)} for grey in np.linspace(0.85, 0.3, 5)]
    looks.append({"fc": COLOURS["apical"], "hatch": "//"})
    bars = []
    for i, (stretch, look) in enumerate(zip(stretches, looks, strict=True)):
        x = np.arange(4) + (i - 2.5) * 0.14
        bars.append(ax.bar(x, 100 * table[i], 0.13, label=stretch, **look))
    ax.set_xticks(range(4), [r"$W_{1,0}$", r"$W_{2,1}$", r"$W^{IP}$", r"$W^{PI}$"])
    ax.set(yscale="log", ylim=(0.1, None), ylabel="deviation of the update (%)")
    legend(ax, ncols=2)
    return bars
