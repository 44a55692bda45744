"""Notebook 00: the schematic of the microcircuit, and one pattern on its way to the steady state."""

from __future__ import annotations

import numpy as np
from matplotlib.patches import Circle, FancyArrowPatch, Polygon

from dcm.lab.drawing import COLOURS


def schematic(ax):
    """The circuit around one hidden pyramidal cell and its interneuron; returns the arrows."""
    ax.set(xlim=(-0.5, 10), ylim=(-0.4, 10.2), aspect="equal")
    ax.axis("off")
    for y, name in ((0.9, "input"), (4.2, "hidden layer"), (8.9, "output layer")):
        ax.text(-0.4, y, name, va="center", fontsize=12, style="italic")
    ax.add_patch(Circle((4.5, 0.9), 0.45, fc="white", ec="0.3", lw=1.6))
    _pyramidal(ax, 4.5, 3.6, apical_top=6.9)
    _pyramidal(ax, 4.5, 8.7, apical_top=None)
    ax.add_patch(Circle((8, 5.0), 0.5, fc=COLOURS["interneuron"], ec="none"))
    ax.text(
        8.7, 5.0, "interneuron\nsoma $u^I$", color=COLOURS["interneuron"], va="center", fontsize=11
    )
    labels = ((5.2, 6.6, "apical $v_A$", "apical"), (5.1, 3.35, "soma $u^P$", "pyramidal"),
              (5.15, 2.6, "basal $v_B$", "basal"), (5.1, 9.1, "soma $u^P$", "pyramidal"))  # fmt: skip
    for x, y, text, colour in labels:
        ax.text(x, y, text, color=COLOURS[colour], fontsize=11)
    arrows = [
        _arrow(ax, (4.5, 1.4), (4.5, 2.1), "0.25", r"$W^{PP}_{k,k-1}$", (2.7, 1.75)),
        _arrow(ax, (4.05, 4.3), (4.25, 7.35), "0.25", r"$W^{PP}_{k+1,k}$", (2.15, 6.0), bend=-0.28),
        _arrow(ax, (4.95, 8.6), (4.95, 6.95), "0.25", r"$W^{PP}_{k,k+1}$", (5.5, 7.75), bend=-0.4),
        _arrow(ax, (4.95, 4.0), (7.55, 4.75), "0.25", r"$W^{IP}_{k,k}$", (6.4, 3.85), bend=0.1),
        _arrow(
            ax,
            (7.55, 5.25),
            (4.65, 6.3),
            COLOURS["interneuron"],
            r"$W^{PI}_{k,k}$",
            (6.35, 5.98),
            "-[,widthB=.35",
        ),
        _arrow(ax, (4.95, 8.8), (8.05, 5.6), "0.55", "nudge", (7.75, 7.3), bend=-0.25, dashed=True),
        _arrow(ax, (2.2, 8.8), (4.0, 8.8), COLOURS["target"], "target", (2.25, 9.1), dashed=True),
    ]
    return arrows


def _pyramidal(ax, x, y, apical_top):
    ax.add_patch(
        Polygon(
            [(x - 0.5, y), (x + 0.5, y), (x, y + 0.9)], fc=COLOURS["pyramidal"], ec="none", zorder=3
        )
    )
    for dx in (-0.5, 0, 0.5):
        ax.plot([x, x + dx], [y, y - 1.3], color=COLOURS["basal"], lw=3, solid_capstyle="round")
    if apical_top:
        ax.plot([x, x], [y + 0.8, apical_top - 0.6], color=COLOURS["apical"], lw=3)
        for dx in (-0.4, 0, 0.4):
            ax.plot(
                [x, x + dx],
                [apical_top - 0.6, apical_top],
                color=COLOURS["apical"],
                lw=3,
                solid_capstyle="round",
            )


def _arrow(ax, start, end, colour, label, at, head="-|>", bend=0.0, dashed=False):
    patch = FancyArrowPatch(start, end, arrowstyle=head, mutation_scale=14, color=colour, lw=1.5, zorder=4,
                            connectionstyle=f"arc3,rad={bend}", linestyle="--" if dashed else "-")  # fmt: skip
    ax.text(*at, label, fontsize=11, color=colour)
    return ax.add_patch(patch)


def relaxation(axes, recording, settled):
    """Traces of one pattern (``Recording``), and the computed steady state (``State``) as dashes, in four axes."""
    rows = (("u_p[0]", "pyramidal", "hidden soma $u^P_1$", settled.u_p[0]),
            ("v_apical[0]", "apical", "apical dendrite $v_A$", settled.v_apical[0]),
            ("u_i[0]", "interneuron", "interneuron soma $u^I_1$", settled.u_i[0]),
            ("u_p[1]", "pyramidal", "output soma $u^P_2$", settled.u_p[1]))  # fmt: skip
    artists = []
    for ax, (name, colour, title, goal) in zip(axes, rows, strict=True):
        artists += ax.plot(recording.t, recording.traces[name], color=COLOURS[colour])
        ax.hlines(goal, recording.t[0], recording.t[-1], color="0.2", ls="--", lw=0.9)
        ax.set(title=title, xlabel="time (ms)")
    axes[0].set_ylabel("potential")
    return artists


def compartments(ax, circuit, state, neuron: int = 0):
    """Bars of one hidden cell's three compartments and of what each sends to the soma (Eq. 1 at rest)."""
    g, total = (
        circuit.conductances,
        circuit.conductances.leak + circuit.conductances.basal + circuit.conductances.apical,
    )
    basal, apical = state.v_basal[0][neuron], state.v_apical[0][neuron]
    names = ("$v_B$", r"$\hat v_B$", "$v_A$", r"$\lambda v_A$", "$u^P$")
    heights = np.array(
        [basal, g.basal / total * basal, apical, g.apical / total * apical, state.u_p[0][neuron]]
    )
    colours = [COLOURS[c] for c in ("basal", "basal", "apical", "apical", "pyramidal")]
    bars = ax.bar(names, heights, color=colours)
    ax.axhline(0, color="0.3", lw=0.8)
    ax.set_ylabel("potential")
    return bars
