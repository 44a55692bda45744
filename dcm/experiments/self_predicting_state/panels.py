"""Panels of notebook 01: lateral plasticity finds the self-predicting state."""

from __future__ import annotations

import numpy as np

from dcm.lab.drawing import COLOURS, band

APICAL = {"color": COLOURS["apical"]}
INTERNEURON = {"color": COLOURS["interneuron"], "ls": "--"}


def potentials(ax, results):
    """Norms of apical potential and interneurons' mismatch over patterns; returns the lines."""
    lines = _over_patterns(ax, results, "apical", label=r"apical potential $\|v_A\|$", **APICAL)
    lines += _over_patterns(
        ax, results, "mismatch", label=r"mismatch $\|u^I - u^P\|$", **INTERNEURON
    )
    ax.set_ylabel("norm, unseen inputs")
    return lines


def distances(ax, results):
    """Relative distances of both lateral weights to the self-predicting ones; returns the lines."""
    lines = _over_patterns(
        ax, results, "distance_ip", label=r"$W^{IP}$ to scaled $W^{PP}$", **INTERNEURON
    )
    lines += _over_patterns(
        ax, results, "distance_pi", label=r"$W^{PI}$ to $-W^{PP}$ top-down", **APICAL
    )
    ax.set_ylabel("relative distance")
    return lines


def _over_patterns(ax, results, name, **style):
    """Median and range over seeds of one curve."""
    x = np.maximum(results[0]["patterns"], 1) if results else []  # a log axis has no 0
    lines = band(ax, x, [result[name] for result in results], **style)
    ax.set(xscale="log", yscale="log", xlabel="patterns shown (100 ms each)")
    ax.legend()
    return lines


def traces(axes, results, moment: str):
    """Two axes: one output cell with its interneuron, and ‖v_A‖, "before" or "after" learning.

    One set of lines per result: single cells have no median over circuits; returns the lines.
    """
    above, below = axes
    lines = []
    for result in results:
        t = result[f"{moment}_t"]
        lines += above.plot(
            t, result[f"{moment}_output"], color=COLOURS["pyramidal"], label="output soma"
        )
        lines += above.plot(
            t, result[f"{moment}_interneuron"], label="its interneuron", **INTERNEURON
        )
        lines += below.plot(t, result[f"{moment}_apical_norm"], **APICAL)
    above.set_ylabel("potential")
    below.set(xlabel="time (ms)", ylabel=r"$\|v_A\|$")
    return lines
