"""Panels of notebook 02: the balance of an apical dendrite, broken by a target and learned anew.

All but ``over_brian2`` take a list of results and return the lines that they draw.
"""

import numpy as np

from dcm.lab.drawing import COLOURS, legend, over_seeds

OVER_BRIAN2 = (  # trace, colour, title
    ("v_apical[0]", "apical", "apical dendrites"),
    ("u_i[0]", "interneuron", "interneurons"),
    ("u_p[1]", "pyramidal", "output cells"),
)


def dendrite(ax, results, moment: str):
    """Fig. 1B: both inputs to one apical dendrite, and their sum; one set of lines per result.

    ``moment`` is "before", "arrival" or "after".
    """
    lines = []
    for result in results:
        top_down = result[f"{moment}_top_down"]
        lateral = result[f"{moment}_lateral"]
        curves = (
            (top_down, "pyramidal", "-", "top-down input"),
            (lateral, "interneuron", "--", "interneuron input"),
            (top_down + lateral, "apical", "-", "apical potential"),  # Eq. 4
        )
        t = result[f"{moment}_t"][: len(top_down)]
        for curve, colour, stroke, label in curves:
            lines += ax.plot(t, curve, color=COLOURS[colour], ls=stroke, label=label)
    ax.axhline(0, color="0.6", lw=0.8)
    ax.set_xlabel("time (ms)")
    return lines


def output(ax, results, moment: str):
    """Rate of one output cell and its target, one pair of lines per result."""
    lines = []
    for result in results:
        rate = result[f"{moment}_rate"]
        t = result[f"{moment}_t"][: len(rate)]
        lines += ax.plot(t, rate, color=COLOURS["pyramidal"], label="output rate")
        target = ax.axhline(result["target_rate"], color=COLOURS["target"], ls=":", label="target")
        lines.append(target)
    ax.set(xlabel="time (ms)", ylim=(0, 1))
    return lines


def mismatch(ax, results):
    """Fig. 1C: ‖u_P - u_I‖² after the target's arrival, median and range."""
    return _since_arrival(ax, results, "gap", "interneuron", r"$\|u^P - u^I\|^2$")


def apical_error(ax, results):
    """Fig. 1C: ‖v_A‖ after the target's arrival, median and range."""
    return _since_arrival(ax, results, "apical", "apical", r"$\|v_A\|$")


def _since_arrival(ax, results, name, colour, ylabel):
    """One curve over time; the dotted grey line is the mean level before the target came."""
    lines = over_seeds(ax, results, "arrival_t", f"arrival_{name}", color=COLOURS[colour])
    if results:
        before = [np.mean(result[f"before_{name}"]) for result in results]
        ax.axhline(np.median(before), color="0.5", ls=":", lw=1.2)
    ax.set(xlabel="time after the target's arrival (ms)", ylabel=ylabel, ylim=(0, None))
    return lines


def closing(ax, results):
    """Apical and output error over presentations, median and range."""
    inside = {"color": COLOURS["apical"], "label": r"apical error $\|v_A\|$"}
    outside = {"color": COLOURS["pyramidal"], "label": "output error, teaching off", "ls": "--"}
    lines = over_seeds(ax, results, "presentation", "apical", **inside)
    lines += over_seeds(ax, results, "presentation", "output_error", **outside)
    ax.set(yscale="log", xlabel="presentations (100 ms each)", ylabel="norm, noise-free")
    legend(ax)
    return lines


def over_brian2(axes, reference, recording, *, cells=(0, 1, 2)):
    """Three axes, a few cells each: dcm as lines, Brian 2 as dots; returns lines, then dots."""
    lines = []
    dots = []
    for ax, (name, compartment, title) in zip(axes, OVER_BRIAN2, strict=True):
        ours = recording.traces[name][:, cells]
        theirs = reference.traces[name][::3, cells]  # every third dot is legible
        lines += ax.plot(recording.t, ours, color=COLOURS[compartment], lw=1.2)
        dots += ax.plot(reference.t[::3], theirs, "k.", ms=2.5)
        ax.axvline(reference.options["duration"], color="0.6", lw=0.8, ls=":")  # the target appears
        ax.set(xlabel="time (ms)", title=title)
    axes[0].set_ylabel("potential")
    axes[0].legend([lines[0], dots[0]], ["dcm", "Brian 2"], loc="best")
    return lines + dots
