"""Panels of notebook 00: the microcircuit, and one pattern on its way to the steady state."""

from matplotlib.patches import Circle, FancyArrowPatch, Polygon

from dcm.lab.drawing import COLOURS

INK = "0.25"
RELAXATION = (  # trace, colour, title
    ("u_p[0]", "pyramidal", "hidden soma $u^P_1$"),
    ("v_apical[0]", "apical", "apical dendrite $v_A$"),
    ("u_i[0]", "interneuron", "interneuron soma $u^I_1$"),
    ("u_p[1]", "pyramidal", "output soma $u^P_2$"),
)


def schematic(ax):
    """The circuit around one hidden pyramidal cell and its interneuron; returns the arrows."""
    ax.set(xlim=(-0.5, 10), ylim=(-0.4, 10.2), aspect="equal")
    ax.axis("off")
    for y, layer in ((0.9, "input"), (4.2, "hidden layer"), (8.9, "output layer")):
        ax.text(-0.4, y, layer, va="center", fontsize=12, style="italic")
    ax.add_patch(Circle((4.5, 0.9), 0.45, fc="white", ec="0.3", lw=1.6))
    _pyramidal(ax, 4.5, 3.6, apical_top=6.9)
    _pyramidal(ax, 4.5, 8.7, apical_top=None)
    green = COLOURS["interneuron"]
    ax.add_patch(Circle((8, 5.0), 0.5, fc=green, ec="none"))
    _label(ax, 8.7, 5.0, "interneuron\nsoma $u^I$", "interneuron", va="center")
    _label(ax, 5.2, 6.6, "apical $v_A$", "apical")
    _label(ax, 5.1, 3.35, "soma $u^P$", "pyramidal")
    _label(ax, 5.15, 2.6, "basal $v_B$", "basal")
    _label(ax, 5.1, 9.1, "soma $u^P$", "pyramidal")
    nudging = {"linestyle": "--"}
    inhibiting = {"arrowstyle": "-[,widthB=.35"}
    return [
        _arrow(ax, (4.5, 1.4), (4.5, 2.1), INK, r"$W^{PP}_{k,k-1}$", (2.7, 1.75)),
        _arrow(ax, (4.05, 4.3), (4.25, 7.35), INK, r"$W^{PP}_{k+1,k}$", (2.15, 6.0), -0.28),
        _arrow(ax, (4.95, 8.6), (4.95, 6.95), INK, r"$W^{PP}_{k,k+1}$", (5.5, 7.75), -0.4),
        _arrow(ax, (4.95, 4.0), (7.55, 4.75), INK, r"$W^{IP}_{k,k}$", (6.4, 3.85), 0.1),
        _arrow(ax, (7.55, 5.25), (4.65, 6.3), green, r"$W^{PI}_{k,k}$", (6.35, 5.98), **inhibiting),
        _arrow(ax, (4.95, 8.8), (8.05, 5.6), "0.55", "nudge", (7.75, 7.3), -0.25, **nudging),
        _arrow(ax, (2.2, 8.8), (4.0, 8.8), COLOURS["target"], "target", (2.25, 9.1), **nudging),
    ]


def _pyramidal(ax, x, y, apical_top):
    """A soma at ``y`` with basal dendrites below, and apical ones up to ``apical_top`` if given."""
    triangle = [(x - 0.5, y), (x + 0.5, y), (x, y + 0.9)]
    ax.add_patch(Polygon(triangle, fc=COLOURS["pyramidal"], ec="none", zorder=3))
    branch = {"lw": 3, "solid_capstyle": "round"}
    for dx in (-0.5, 0, 0.5):
        ax.plot([x, x + dx], [y, y - 1.3], color=COLOURS["basal"], **branch)
    if apical_top:
        fork = apical_top - 0.6
        ax.plot([x, x], [y + 0.8, fork], color=COLOURS["apical"], lw=3)
        for dx in (-0.4, 0, 0.4):
            ax.plot([x, x + dx], [fork, apical_top], color=COLOURS["apical"], **branch)


def _label(ax, x, y, text, compartment, **options):
    ax.text(x, y, text, color=COLOURS[compartment], fontsize=11, **options)


def _arrow(ax, start, end, colour, label, at, bend=0.0, arrowstyle="-|>", linestyle="-"):
    ax.text(*at, label, fontsize=11, color=colour)
    look = {"arrowstyle": arrowstyle, "linestyle": linestyle, "mutation_scale": 14, "lw": 1.5}
    curve = {"connectionstyle": f"arc3,rad={bend}", "color": colour, "zorder": 4}
    return ax.add_patch(FancyArrowPatch(start, end, **look, **curve))


def relaxation(axes, recording, settled):
    """One pattern through time in four axes, dashes at the ``settled`` state; returns the lines."""
    goals = (settled.u_p[0], settled.v_apical[0], settled.u_i[0], settled.u_p[1])
    lines = []
    for ax, (name, colour, title), goal in zip(axes, RELAXATION, goals, strict=True):
        lines += ax.plot(recording.t, recording.traces[name], color=COLOURS[colour])
        ax.hlines(goal, recording.t[0], recording.t[-1], color="0.2", ls="--", lw=0.9)
        ax.set(title=title, xlabel="time (ms)")
    axes[0].set_ylabel("potential")
    return lines


def compartments(ax, circuit, state, neuron: int = 0):
    """A hidden cell's compartments and what they send to the soma (Eq. 1 at rest); returns bars."""
    g = circuit.conductances
    basal = state.v_basal[0][neuron]
    apical = state.v_apical[0][neuron]
    bars = (  # label, height, colour
        ("$v_B$", basal, "basal"),
        (r"$\hat v_B$", g.attenuation_hidden * basal, "basal"),
        ("$v_A$", apical, "apical"),
        (r"$\lambda v_A$", g.mixing_hidden * apical, "apical"),
        ("$u^P$", state.u_p[0][neuron], "pyramidal"),
    )
    labels, heights, kinds = zip(*bars, strict=True)
    drawn = ax.bar(labels, heights, color=[COLOURS[kind] for kind in kinds])
    ax.axhline(0, color="0.3", lw=0.8)
    ax.set_ylabel("potential")
    return drawn
