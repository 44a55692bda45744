"""Explorer of notebook 05: an error's way down two hidden layers, and what it teaches them."""

from dataclasses import dataclass

import numpy as np

from dcm import Circuit, State, backprop, equilibrium, feedback_alignment, plasticity
from dcm.experiments.backprop_approximation import experiment
from dcm.experiments.measures import angle
from dcm.lab.drawing import COLOURS
from dcm.lab.widgets import Choice, Slider, canvas, styled

SIZES = (12, 10, 8, 6)  # [chosen]
LAYERS = ("layer 1", "layer 2", "output")
N_TARGETS = 10
CONTROLS = {
    "target": Slider("target number", 0, N_TARGETS - 1, 1),
    "lam": Choice(r"mixing factor $\lambda$", (0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 0.95)),
    "feedback": Choice("top-down weights $W_{k,k+1}$", experiment.FEEDBACK),
}


@dataclass(frozen=True)
class Descent:
    """States without and with the target, and what the target teaches; lists by layer, 1 first."""

    free: State
    nudged: State
    theory: list  # v_A to leading order in λ, (n_hidden,) per hidden layer
    update: tuple  # of w_up, (n_{k+1}, n_k)
    backprop: tuple  # its update of w_up
    angles: list  # degrees to backprop's update
    angles_alignment: list  # degrees to the update of feedback alignment

    def __str__(self):
        lower, upper = (np.linalg.norm(v) for v in self.nudged.v_apical)
        to_backprop = ", ".join(f"{degrees:.1f}°" for degrees in reversed(self.angles))
        to_alignment = ", ".join(f"{degrees:.1f}°" for degrees in reversed(self.angles_alignment))
        return (
            f"apical error ‖v_A‖ on its way down: {upper:.2g} in layer 2, {lower:.2g} in layer 1\n"
            f"angle into output, layer 2, layer 1: {to_backprop} to backprop; "
            f"{to_alignment} to feedback alignment"
        )


@styled
def error_down(target=0, lam=0.1, feedback="transposed") -> Descent:
    """A self-predicting 12-10-8-6 circuit at λ_hid = λ_out = ``lam``, pulled towards a target.

    Above the potentials of the somata, and of the apical dendrites beside the leading order of
    Section 3.1; below every entry of each update against backprop's, both at unit length.
    """
    rng = np.random.default_rng(0)  # the same circuit and targets at every call
    config = experiment.Config()
    circuit = Circuit.random(SIZES, rng)
    target_rates = rng.uniform(config.low, config.high, (N_TARGETS, SIZES[-1]))
    u_target = circuit.transfer.inverse(target_rates[target])
    r_in = rng.uniform(-1, 1, SIZES[0])
    if feedback == "transposed":
        circuit = circuit.with_feedback(w.T for w in circuit.w_up[1:])
    circuit = experiment.at_mixing(circuit, lam, config)
    free = equilibrium(circuit, r_in)
    nudged = equilibrium(circuit, r_in, u_target)
    theory = [shift / lam for shift in experiment.leading_order(circuit, free, u_target)[:-1]]
    update = plasticity(circuit, nudged).up
    references = [rule(circuit, r_in, u_target) for rule in (backprop, feedback_alignment)]
    angles = [list(map(angle, update, reference)) for reference in references]
    shown = Descent(free, nudged, theory, update, references[0], *angles)
    margins = {"left": 0.08, "right": 0.98, "bottom": 0.085, "top": 0.85}
    figure, axes = canvas(2, 3, (9.6, 6.2), **margins, wspace=0.36, hspace=0.42)
    handles = _somata(axes[0], shown)
    _apical(axes[1], shown, 1)
    handles += _apical(axes[2], shown, 0)
    for ax, k in zip(axes[3:], (2, 1, 0), strict=True):
        _update(ax, shown, k)
    axes[3].set_ylabel("circuit's update")
    figure.suptitle(rf"The error's way down at $\lambda$ = {lam:g}", fontsize=12)
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.96)}
    figure.legend(handles=handles, **place, ncols=5, handletextpad=0.3)
    return shown


def _somata(ax, shown):
    """Potentials of all layers side by side, the output first."""
    colour = COLOURS["pyramidal"]
    first = 0
    middles = []
    for free, nudged in zip(shown.free.u_p[::-1], shown.nudged.u_p[::-1], strict=True):
        cells = first + np.arange(len(free))
        lines = ax.plot(cells, free, "o", mfc="none", color=colour, label="free soma $u^-$")
        lines += ax.plot(cells, nudged, ".", color=colour, label="nudged soma $u$")
        middles.append(cells.mean())
        first += len(cells) + 2
    lines += ax.plot(shown.nudged.u_target, "x", color=COLOURS["target"], label="target $u^*$")
    ax.set(xticks=middles, xticklabels=LAYERS[::-1], title="Potentials of the somata")
    return lines


def _apical(ax, shown, h):
    v_apical = shown.nudged.v_apical[h]
    cells = np.arange(len(v_apical))
    bars = {"color": COLOURS["apical"], "lw": 9, "label": "apical potential $v_A$"}
    dashes = {"color": COLOURS["target"], "ms": 11, "label": r"its leading order in $\lambda$"}
    lines = [ax.vlines(cells, 0, v_apical, **bars), *ax.plot(shown.theory[h], "_", **dashes)]
    ax.axhline(0, color="0.3", lw=0.8)
    ax.set(xlabel="cell", title=f"Apical error, {LAYERS[h]}")
    ax.locator_params(nbins=3)
    ax.locator_params(axis="x", integer=True)
    return lines


def _update(ax, shown, k):
    x = shown.backprop[k].ravel() / np.linalg.norm(shown.backprop[k])
    y = shown.update[k].ravel() / np.linalg.norm(shown.update[k])
    limit = 1.1 * np.abs([x, y]).max()
    ax.plot([-limit, limit], [-limit, limit], color="0.6", lw=1, ls=":")
    ax.plot(x, y, ".", color=COLOURS["backprop"])
    title = f"Into {LAYERS[k]}: {shown.angles[k]:.1f}°"
    ax.set(xlim=(-limit, limit), ylim=(-limit, limit), xlabel="backprop's update", title=title)
    ax.locator_params(nbins=3)
