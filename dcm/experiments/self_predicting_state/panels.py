"""Panels of notebook 01: lateral plasticity finds the self-predicting state."""

import numpy as np

from dcm.lab.drawing import COLOURS, band, legend

APICAL = {"color": COLOURS["apical"]}
INTERNEURON = {"color": COLOURS["interneuron"], "ls": "--"}


def potentials(ax, results):
    """Norms of apical potential and interneurons' mismatch over patterns; returns the lines."""
    lines = _over_patterns(ax, results, "apical", r"apical potential $\|v_A\|$", APICAL)
    lines += _over_patterns(ax, results, "mismatch", r"mismatch $\|u^I - u^P\|$", INTERNEURON)
    ax.set_ylabel("norm, unseen inputs")
    return lines


def distances(ax, results):
    """Relative distances of both lateral weights to the self-predicting ones; returns the lines."""
    lines = _over_patterns(ax, results, "distance_ip", r"$W^{IP}$ to scaled $W^{PP}$", INTERNEURON)
    lines += _over_patterns(ax, results, "distance_pi", r"$W^{PI}$ to $-W^{PP}$ top-down", APICAL)
    ax.set_ylabel("relative distance")
    return lines


def _over_patterns(ax, results, name, label, look):
    x = np.maximum(results[0]["patterns"], 1) if results else []  # a log axis has no 0
    lines = band(ax, x, [result[name] for result in results], label=label, **look)
    ax.set(xscale="log", yscale="log", xlabel="patterns shown (100 ms each)")
    legend(ax)
    return lines


def traces(axes, recording):
    """Two axes: the first output cell with its interneuron, and ‖v_A‖; returns the lines."""
    above, below = axes
    soma = recording.traces["u_p[1]"][:, 0]
    interneuron = recording.traces["u_i[0]"][:, 0]
    norm = np.linalg.norm(recording.traces["v_apical[0]"], axis=1)
    lines = above.plot(recording.t, soma, color=COLOURS["pyramidal"], label="output soma")
    lines += above.plot(recording.t, interneuron, label="its interneuron", **INTERNEURON)
    lines += below.plot(recording.t, norm, **APICAL)
    above.set_ylabel("potential")
    below.set(xlabel="time (ms)", ylabel=r"$\|v_A\|$")
    return lines
