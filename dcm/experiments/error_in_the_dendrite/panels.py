"""Panels of notebook 02: the balance of an apical dendrite, broken by a target and restored by learning."""

from __future__ import annotations

import numpy as np

from dcm.experiments.error_in_the_dendrite.experiment import balance
from dcm.lab.drawing import COLOURS, band


def dendrite(ax, recording, number: int, *, until: float = 200.0):
    """Top-down and lateral parts of one apical potential, and their sum, over time; returns the lines."""
    t, (top_down, lateral) = recording.t, balance(recording, number)
    shown = t < until
    lines = ax.plot(t[shown], top_down[shown], color=COLOURS["pyramidal"], label="top-down input")
    lines += ax.plot(
        t[shown], lateral[shown], color=COLOURS["interneuron"], ls="--", label="interneuron input"
    )
    lines += ax.plot(
        t[shown], (top_down + lateral)[shown], color=COLOURS["apical"], label="apical potential"
    )
    ax.axhline(0, color="0.6", lw=0.8)
    ax.set_xlabel("time (ms)")
    return lines


def output(ax, recording, transfer, r_target, neuron: int, *, until: float = 200.0):
    """Rate of one output cell and its target over time; returns the lines."""
    shown = recording.t < until
    rate = transfer(recording.traces["u_p[1]"][:, neuron])
    lines = ax.plot(
        recording.t[shown], rate[shown], color=COLOURS["pyramidal"], label="output rate"
    )
    lines += [ax.axhline(r_target[neuron], color=COLOURS["target"], ls=":", label="target")]
    ax.set(xlabel="time (ms)", ylim=(0, 1))
    return lines


def first_milliseconds(axes, recording):
    """Fig. 1C's two panels: ‖pyr - int‖² and ‖apical potential‖ after the target's arrival; returns the lines."""
    gap = np.sum((recording.traces["u_p[1]"] - recording.traces["u_i[0]"]) ** 2, axis=1)
    apical = np.linalg.norm(recording.traces["v_apical[0]"], axis=1)
    lines = axes[0].plot(recording.t, gap, color=COLOURS["interneuron"])
    lines += axes[1].plot(recording.t, apical, color=COLOURS["apical"])
    axes[0].set(
        ylabel=r"$\|u^P - u^I\|^2$", xlabel="time after the target's arrival (ms)", ylim=(0, None)
    )
    axes[1].set(ylabel=r"$\|v_A\|$", xlabel="time after the target's arrival (ms)", ylim=(0, None))
    return lines


def closing(ax, result):
    """Noise-free apical error and output error over presentations; returns the lines."""
    lines = ax.semilogy(
        result.presentation, result.apical, color=COLOURS["apical"], label=r"apical error $\|v_A\|$"
    )
    lines += ax.semilogy(result.presentation, result.output_error, color=COLOURS["pyramidal"], ls="--",
                         label="output error, teaching off")  # fmt: skip
    ax.set(xlabel="presentations (100 ms each)", ylabel="norm", title="Learning closes the error")
    ax.legend()
    return lines


def over_brian2(axes, reference, recording, *, cells=(0, 1, 2)):
    """Apical, interneuron and output potentials of a few cells: dcm as lines, Brian 2 as dots; returns the lines."""
    lines, dots = [], []
    for ax, (name, compartment, title) in zip(axes, OVER_BRIAN2, strict=True):
        lines += ax.plot(
            recording.t, recording.traces[name][:, cells], color=COLOURS[compartment], lw=1.2
        )
        dots += ax.plot(
            reference.t[::3], reference.traces[name][::3][:, cells], "k.", ms=2.5
        )  # legible, not all
        ax.axvline(reference.options["duration"], color="0.6", lw=0.8, ls=":")  # the target appears
        ax.set(xlabel="time (ms)", title=title)
    axes[0].set_ylabel("potential")
    axes[0].legend([lines[0], dots[0]], ["dcm", "Brian 2"], loc="best")
    return lines + dots


OVER_BRIAN2 = (
    ("v_apical[0]", "apical", "apical dendrites"),
    ("u_i[0]", "interneuron", "interneurons"),
    ("u_p[1]", "pyramidal", "output cells"),
)


def over_seeds(axes, results):
    """Three axes, median and range of seeds: Fig. 1C's two panels, and the closing of both errors; returns the lines.

    The grey line over the first two is the level before the target came.
    """
    lines, t = [], results[0]["arrival_t"] if results else []
    for ax, name, colour in ((axes[0], "gap", "interneuron"), (axes[1], "apical", "apical")):
        lines += band(ax, t, [r[f"arrival_{name}"] for r in results], color=COLOURS[colour])
        for r in results[:1]:
            ax.axhline(
                np.median([np.mean(r[f"before_{name}"]) for r in results]),
                color="0.5",
                ls=":",
                lw=1.2,
            )
        ax.set(xlabel="time after the target's arrival (ms)", ylim=(0, None))
    axes[0].set(ylabel=r"$\|u^P - u^I\|^2$")
    axes[1].set(ylabel=r"$\|v_A\|$")
    x = results[0]["presentation"] if results else []
    for name, colour, style, label in (("apical", "apical", "-", r"apical error $\|v_A\|$"),
                                       ("output_error", "pyramidal", "--", "output error, teaching off")):  # fmt: skip
        lines += band(
            axes[2], x, [r[name] for r in results], color=COLOURS[colour], ls=style, label=label
        )
    axes[2].set(yscale="log", xlabel="presentations (100 ms each)", ylabel="norm, noise-free")
    axes[2].legend()
    return lines
