"""Panels of notebook 01: how lateral plasticity finds the self-predicting state."""

from __future__ import annotations

import numpy as np

from dcm.lab.drawing import COLOURS, band


def potentials(ax, result):
    """Norms of the apical potential and of the interneurons' mismatch over patterns, log-log; returns the lines."""
    x = np.maximum(result.patterns, 1)
    lines = ax.loglog(
        x, result.apical, color=COLOURS["apical"], label=r"apical potential $\|v_A\|$"
    )
    lines += ax.loglog(
        x, result.mismatch, color=COLOURS["interneuron"], ls="--", label=r"mismatch $\|u^I - u^P\|$"
    )
    ax.set(xlabel="patterns shown", ylabel="norm, unseen inputs", title="Potentials fall silent")
    ax.legend()
    return lines


def distances(ax, result):
    """Relative distance of both lateral weights to the self-predicting ones over patterns; returns the lines."""
    x = np.maximum(result.patterns, 1)
    lines = ax.loglog(
        x,
        result.distance_ip,
        color=COLOURS["interneuron"],
        ls="--",
        label=r"$W^{IP}$ to scaled $W^{PP}$",
    )
    lines += ax.loglog(
        x, result.distance_pi, color=COLOURS["apical"], label=r"$W^{PI}$ to $-W^{PP}$ top-down"
    )
    ax.set(xlabel="patterns shown", ylabel="relative distance", title="Weights find their mirror")
    ax.legend()
    return lines


def traces(axes, recording, neuron: int = 0):
    """Two axes: one output cell with its interneuron, and the norm of the apical potentials; returns the lines."""
    top, bottom = axes
    lines = top.plot(
        recording.t,
        recording.traces["u_p[1]"][:, neuron],
        color=COLOURS["pyramidal"],
        label="output soma",
    )
    lines += top.plot(recording.t, recording.traces["u_i[0]"][:, neuron], color=COLOURS["interneuron"], ls="--",
                      label="its interneuron")  # fmt: skip
    norm = np.linalg.norm(recording.traces["v_apical[0]"], axis=1)
    lines += bottom.plot(recording.t, norm, color=COLOURS["apical"])
    top.set_ylabel("potential")
    bottom.set(xlabel="time (ms)", ylabel=r"$\|v_A\|$")
    return lines


def over_seeds(axes, results):
    """Two axes: potentials, and distances of the lateral weights, over patterns; median and range of seeds."""
    names = {
        "apical": (axes[0], COLOURS["apical"], "-", r"apical potential $\|v_A\|$"),
        "mismatch": (axes[0], COLOURS["interneuron"], "--", r"mismatch $\|u^I - u^P\|$"),
        "distance_ip": (axes[1], COLOURS["interneuron"], "--", r"$W^{IP}$ to scaled $W^{PP}$"),
        "distance_pi": (axes[1], COLOURS["apical"], "-", r"$W^{PI}$ to $-W^{PP}$ top-down"),
    }
    lines = []
    for name, (ax, colour, style, label) in names.items():
        x = np.maximum(results[0]["patterns"], 1) if results else []
        lines += band(ax, x, [r[name] for r in results], color=colour, ls=style, label=label)
    for ax, label in zip(axes, ("norm, unseen inputs", "relative distance"), strict=True):
        ax.set(xscale="log", yscale="log", xlabel="patterns shown (100 ms each)", ylabel=label)
        ax.legend()
    return lines
