"""Panels of notebook 03: full and shallow learner, the self-predicting state on the way, and the angles."""

from __future__ import annotations

import numpy as np

from dcm.lab.drawing import COLOURS, band
from dcm.lab.verdict import paired


def errors(ax, result):
    """Fig. 2C: squared error of the full and the shallow learner over patterns; returns the lines."""
    lines = ax.plot(
        result.full.patterns, result.full.error, color=COLOURS["pyramidal"], label="full circuit"
    )
    lines += ax.plot(result.shallow.patterns, result.shallow.error, color=COLOURS["shallow"], ls="--",
                     label="shallow learner")  # fmt: skip
    lines += [
        ax.axhline(
            result.target_variance, color=COLOURS["target"], ls=":", lw=1, label="target variance"
        )
    ]
    ax.set(
        xlabel="patterns shown",
        ylabel=r"squared error $\|r_2 - r^*\|^2$",
        ylim=(0, None),
        title="Learning the teacher",
    )
    ax.legend(loc="lower left")
    return lines


def emergence(ax, result):
    """Fig. S1: distances of both lateral weights to the self-predicting ones during regression; returns the lines."""
    full = result.full
    lines = ax.semilogy(
        full.patterns, full.distance_ip, color=COLOURS["interneuron"], ls="--", label=r"$W^{IP}$"
    )
    lines += ax.semilogy(
        full.patterns, full.distance_pi, color=COLOURS["apical"], label=r"$W^{PI}$"
    )
    ax.set(
        xlabel="patterns shown",
        ylabel="relative distance",
        title="The self-predicting state emerges",
    )
    ax.legend()
    return lines


def angles(ax, result):
    """Fig. S1: both angles between the way up and the way down over patterns; returns the lines."""
    full = result.full
    lines = ax.plot(
        full.patterns,
        full.angle_weights,
        color=COLOURS["weights"],
        label=r"weights $W_{2,1}^T$, $W_{1,2}$",
    )
    lines += ax.plot(full.patterns, full.angle_errors, color=COLOURS["apical"], ls="--",
                     label=r"errors $W_{2,1}^T e$, $W_{1,2}\, e$")  # fmt: skip
    ax.axhline(45, color="0.6", lw=0.9, ls=":")
    ax.axhline(90, color="0.6", lw=0.9, ls=":")
    ax.set(
        xlabel="patterns shown",
        ylabel="angle (degrees)",
        ylim=(0, 100),
        title="Up weights turn towards feedback",
    )
    ax.legend(loc="lower left")
    return lines


def traces(axes, recording, u_target, transfer, neuron: int = 0):
    """Fig. 2B: output rate with its target, and ‖v_A‖, over two patterns with noise; returns the lines."""
    top, bottom = axes
    lines = top.plot(
        recording.t,
        transfer(recording.traces["u_p[1]"][:, neuron]),
        color=COLOURS["pyramidal"],
        label="output",
    )
    ends = np.linspace(0, recording.t[-1] + 1, len(u_target) + 1)
    lines += top.plot(np.repeat(ends, 2)[1:-1], np.repeat(transfer(u_target[:, neuron]), 2), color=COLOURS["target"],
                      ls=":", label="target")  # fmt: skip
    norm = np.linalg.norm(recording.traces["v_apical[0]"], axis=1)
    lines += bottom.plot(recording.t, norm, color=COLOURS["apical"])
    top.set_ylabel("rate")
    bottom.set(xlabel="time (ms)", ylabel=r"$\|v_A\|$")
    return lines


def over_seeds(axes, full, shallow):
    """Fig. 2C and S1 at the paper's scale: errors, distances and angles in three axes, median and range of seeds."""
    x = full[0]["patterns"] if full else []
    rows = (
        (axes[0], full, "error", "pyramidal", "-", "full circuit"),
        (axes[0], shallow, "error", "shallow", "--", "shallow learner"),
        (axes[1], full, "distance_ip", "interneuron", "--", r"$W^{IP}$"),
        (axes[1], full, "distance_pi", "apical", "-", r"$W^{PI}$"),
        (axes[2], full, "angle_weights", "weights", "-", r"weights $W_{2,1}^T$, $W_{1,2}$"),
        (axes[2], full, "angle_errors", "apical", "--", r"errors $W_{2,1}^T e$, $W_{1,2}\, e$"),
    )
    lines = []
    for ax, runs, name, colour, style, label in rows:
        lines += band(ax, x, [r[name] for r in runs], color=COLOURS[colour], ls=style, label=label)
    axes[0].set(ylabel=r"squared error $\|r_2 - r^*\|^2$", ylim=(0, None))
    axes[1].set(ylabel="relative distance", yscale="log")
    axes[2].set(ylabel="angle (degrees)", ylim=(0, 100))
    axes[2].axhline(45, color="0.6", lw=0.9, ls=":")
    for ax in axes:
        ax.set_xlabel("patterns shown")
        ax.legend()
    return lines


_SHADES = ("weights", "pyramidal", "apical", "interneuron", "backprop")
_STROKES = ("-", "--", "-.", ":", (0, (3, 1, 1, 1, 1, 1)))


def variants(ax, runs, measure: str = "error"):
    """One measure of several variants over patterns: ``runs`` maps labels to results; returns the lines."""
    lines = []
    for (label, results), colour, style in zip(runs.items(), _SHADES, _STROKES, strict=False):
        x = results[0]["patterns"] if results else []
        curves = [r[measure] for r in results]
        lines += band(ax, x, curves, color=COLOURS[colour], ls=style, label=label)
    ax.set_xlabel("patterns shown")
    ax.legend()
    return lines


def departures(ax, moving, steady):
    """Error of continuous-time runs, relative to their start from a steady-state checkpoint; returns the lines.

    ``moving`` maps labels to results; ``steady`` are the runs that the checkpoints come from.
    """
    longest = max(moving.values(), key=lambda runs: len(runs[0]["patterns"]) if runs else 0)
    beside = [
        {"patterns": r["patterns"], "error": np.interp(r["patterns"], s["patterns"], s["error"])}
        for r, s in paired(longest, steady)
    ]
    relative = {
        label: [
            {"patterns": r["patterns"], "error": 100 * r["error"] / r["error"][0]} for r in runs
        ]
        for label, runs in (
            {"steady state": beside} | moving | {"steady state, first seed": beside[:1]}
        ).items()
    }
    lines = variants(ax, relative)
    ax.set(ylabel="squared error (% of the checkpoint's)", ylim=(None, 101))
    return lines


def transients(ax, runs):
    """What each stretch of a presentation does to the weights, relative to the steady state; returns the bars.

    One group a weight matrix; a bar for each stretch and one, hatched, for the whole presentation; median of seeds.
    """
    stretches = ("0-5", "5-10", "10-20", "20-50", "50-100 ms", "whole")
    table = (
        np.median([r["probe_deviation"][0] for r in runs], axis=0)
        if runs
        else np.full((6, 4), np.nan)
    )
    bars, shades = [], np.linspace(0.85, 0.3, len(stretches) - 1)
    for i, name in enumerate(stretches):
        look = (
            {"color": str(shades[i])}
            if name != "whole"
            else {"fc": COLOURS["apical"], "hatch": "//"}
        )
        bars.append(
            ax.bar(np.arange(4) + (i - 2.5) * 0.14, 100 * table[i], 0.13, label=name, **look)
        )
    names = [r"$W_{1,0}$", r"$W_{2,1}$", r"$W^{IP}$", r"$W^{PI}$"]
    ax.set(
        xticks=range(4),
        xticklabels=names,
        yscale="log",
        ylim=(0.1, None),
        ylabel="deviation of the update (%)",
    )
    ax.legend(ncols=2)
    return bars
