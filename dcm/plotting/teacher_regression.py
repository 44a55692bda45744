"""Panels of notebook 03: full and shallow learner, the self-predicting state on the way, and the angles."""

from __future__ import annotations

import numpy as np

from dcm.plotting import COLOURS


def errors(ax, result):
    """Fig. 2C: squared error of the full and the shallow learner over patterns; returns the lines."""
    lines = ax.plot(result.full.patterns, result.full.error, color=COLOURS["pyramidal"], label="full circuit")
    lines += ax.plot(result.shallow.patterns, result.shallow.error, color=COLOURS["shallow"], ls="--",
                     label="shallow learner")  # fmt: skip
    lines += [ax.axhline(result.target_variance, color=COLOURS["target"], ls=":", lw=1, label="target variance")]
    ax.set(
        xlabel="patterns shown", ylabel=r"squared error $\|r_2 - r^*\|^2$", ylim=(0, None), title="Learning the teacher"
    )
    ax.legend(loc="lower left")
    return lines


def emergence(ax, result):
    """Fig. S1: distances of both lateral weights to the self-predicting ones during regression; returns the lines."""
    full = result.full
    lines = ax.semilogy(full.patterns, full.distance_ip, color=COLOURS["interneuron"], ls="--", label=r"$W^{IP}$")
    lines += ax.semilogy(full.patterns, full.distance_pi, color=COLOURS["apical"], label=r"$W^{PI}$")
    ax.set(xlabel="patterns shown", ylabel="relative distance", title="The self-predicting state emerges")
    ax.legend()
    return lines


def angles(ax, result):
    """Fig. S1: both angles between the way up and the way down over patterns; returns the lines."""
    full = result.full
    lines = ax.plot(
        full.patterns, full.angle_weights, color=COLOURS["weights"], label=r"weights $W_{2,1}^T$, $W_{1,2}$"
    )
    lines += ax.plot(full.patterns, full.angle_errors, color=COLOURS["apical"], ls="--",
                     label=r"errors $W_{2,1}^T e$, $W_{1,2}\, e$")  # fmt: skip
    ax.axhline(45, color="0.6", lw=0.9, ls=":")
    ax.axhline(90, color="0.6", lw=0.9, ls=":")
    ax.set(xlabel="patterns shown", ylabel="angle (degrees)", ylim=(0, 100), title="Up weights turn towards feedback")
    ax.legend(loc="lower left")
    return lines


def traces(axes, recording, u_target, transfer, neuron: int = 0):
    """Fig. 2B: output rate with its target, and ‖v_A‖, over two patterns with noise; returns the lines."""
    top, bottom = axes
    lines = top.plot(
        recording.t, transfer(recording.traces["u_p[1]"][:, neuron]), color=COLOURS["pyramidal"], label="output"
    )
    ends = np.linspace(0, recording.t[-1] + 1, len(u_target) + 1)
    lines += top.plot(np.repeat(ends, 2)[1:-1], np.repeat(transfer(u_target[:, neuron]), 2), color=COLOURS["target"],
                      ls=":", label="target")  # fmt: skip
    norm = np.linalg.norm(recording.traces["v_apical[0]"], axis=1)
    lines += bottom.plot(recording.t, norm, color=COLOURS["apical"])
    top.set_ylabel("rate")
    bottom.set(xlabel="time (ms)", ylabel=r"$\|v_A\|$")
    return lines
