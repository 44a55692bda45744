"""Explorer of notebook 05: an error's way down two hidden layers, and what it teaches them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from dcm.experiments.backprop_approximation.experiment import (
    FEEDBACK,
    Config,
    at_mixing,
    leading_order,
)
from dcm.experiments.measures import angle
from dcm.lab.drawing import COLOURS
from dcm.lab.widgets import Choice, Slider, canvas, styled
from dcm.model.backprop import backprop, feedback_alignment
from dcm.model.circuit import Circuit
from dcm.model.plasticity import plasticity
from dcm.model.state import State
from dcm.settle.equilibrium import equilibrium

SIZES = (12, 10, 8, 6)  # [chosen]
LAYERS = ("layer 1", "layer 2", "output")
N_TARGETS = 10
CONTROLS = {
    "target": Slider("target number", 0, N_TARGETS - 1, 1),
    "lam": Choice(r"mixing factor $\lambda$", (0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 0.95)),
    "feedback": Choice("top-down weights $W_{k,k+1}$", FEEDBACK),
}


@dataclass(frozen=True)
class Descent:
    """The circuit before and after the target arrives, and its update beside both references.

    Attributes
    ----------
    free, nudged : State
        Steady states without and with the target.
    update, backprop, alignment : tuple of (n_{k+1}, n_k)
        The circuit's update of ``w_up``, backprop's and feedback alignment's, layer 1 first.
    theory : tuple of (n_hidden,)
        The apical potentials v_A to leading order in λ, one array per hidden layer.
    """

    free: State
    nudged: State
    update: tuple
    backprop: tuple
    alignment: tuple
    theory: tuple

    @property
    def angles(self) -> list[float]:
        """Degrees between the circuit's update and backprop's, per matrix."""
        return [angle(a, b) for a, b in zip(self.update, self.backprop, strict=True)]

    @property
    def angles_alignment(self) -> list[float]:
        """Degrees between the circuit's update and that of feedback alignment, per matrix."""
        return [angle(a, b) for a, b in zip(self.update, self.alignment, strict=True)]

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
    circuit, r_in, u_targets = _start()
    u_target = u_targets[target]
    if feedback == "transposed":
        circuit = circuit.with_feedback(w.T for w in circuit.w_up[1:])
    circuit = at_mixing(circuit, lam, Config())
    free = equilibrium(circuit, r_in)
    nudged = equilibrium(circuit, r_in, u_target)
    shifts = leading_order(circuit, free, u_target)
    shown = Descent(
        free,
        nudged,
        update=plasticity(circuit, nudged).up,
        backprop=backprop(circuit, r_in, u_target),
        alignment=feedback_alignment(circuit, r_in, u_target),
        theory=tuple(shift / lam for shift in shifts[:-1]),
    )
    _draw(shown, lam)
    return shown


@cache
def _start():
    """(circuit, input rates (n_0,), target potentials (n_targets, n_N)), always the same."""
    rng = np.random.default_rng(0)
    circuit = Circuit.random(SIZES, rng)
    target_rates = rng.uniform(Config().low, Config().high, (N_TARGETS, SIZES[-1]))
    r_in = rng.uniform(-1, 1, SIZES[0])
    return circuit, r_in, circuit.transfer.inverse(target_rates)


def _draw(shown, lam):
    margins = {"left": 0.08, "right": 0.98, "bottom": 0.085, "top": 0.85}
    figure, axes = canvas(2, 3, (9.6, 6.2), **margins, wspace=0.36, hspace=0.42)
    somata = _potentials(axes[0], shown)
    _apical(axes[1], shown, 1)
    apical = _apical(axes[2], shown, 0)
    for ax, k in zip(axes[3:], (2, 1, 0), strict=True):
        _update(ax, shown, k)
    axes[3].set_ylabel("circuit's update")
    figure.suptitle(rf"The error's way down at $\lambda$ = {lam:g}", fontsize=12)
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.96)}
    figure.legend(handles=[*somata, *apical], **place, ncols=5, handletextpad=0.3)


def _potentials(ax, shown):
    """Somata of all layers side by side, the output first."""
    colour = COLOURS["pyramidal"]
    first = 0
    middles = []
    for k in (2, 1, 0):
        cells = first + np.arange(len(shown.free.u_p[k]))
        free = {"mfc": "none", "color": colour, "label": "free soma $u^-$"}
        lines = ax.plot(cells, shown.free.u_p[k], "o", **free)
        lines += ax.plot(cells, shown.nudged.u_p[k], ".", color=colour, label="nudged soma $u$")
        middles.append(cells.mean())
        first += len(cells) + 2
    cells = np.arange(len(shown.nudged.u_target))
    target = {"color": COLOURS["target"], "label": "target $u^*$"}
    lines += ax.plot(cells, shown.nudged.u_target, "x", **target)
    ax.set(xticks=middles, xticklabels=LAYERS[::-1], title="Potentials of the somata")
    return lines


def _apical(ax, shown, h):
    v_apical = shown.nudged.v_apical[h]
    cells = np.arange(len(v_apical))
    bars = {"color": COLOURS["apical"], "lw": 9, "label": "apical potential $v_A$"}
    dashes = {"color": COLOURS["target"], "ms": 11, "label": r"its leading order in $\lambda$"}
    lines = [ax.vlines(cells, 0, v_apical, **bars)]
    lines += ax.plot(cells, shown.theory[h], "_", **dashes)
    ax.axhline(0, color="0.3", lw=0.8)
    ax.set(xlabel="cell", title=f"Apical error, {LAYERS[h]}")
    ax.locator_params(nbins=3)
    ax.locator_params(axis="x", integer=True)
    return lines


def _update(ax, shown, k):
    x = shown.backprop[k].ravel() / np.linalg.norm(shown.backprop[k])
    y = shown.update[k].ravel() / np.linalg.norm(shown.update[k])
    limit = 1.1 * max(np.abs(x).max(), np.abs(y).max())
    ax.plot([-limit, limit], [-limit, limit], color="0.6", lw=1, ls=":")
    ax.plot(x, y, ".", color=COLOURS["backprop"])
    title = f"Into {LAYERS[k]}: {shown.angles[k]:.1f}°"
    ax.set(xlim=(-limit, limit), ylim=(-limit, limit), xlabel="backprop's update", title=title)
    ax.locator_params(nbins=3)
