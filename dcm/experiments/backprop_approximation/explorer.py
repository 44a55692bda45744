"""Explorer of notebook 05: an error's way down a circuit with two hidden layers, and the update beside backprop's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from dcm.experiments.backprop_approximation.experiment import Config, at_mixing, leading_order
from dcm.experiments.measures import angle
from dcm.lab.drawing import COLOURS
from dcm.lab.widgets import Choice, Slider, canvas, styled
from dcm.model.backprop import backprop, feedback_alignment
from dcm.model.circuit import Circuit
from dcm.model.plasticity import plasticity
from dcm.model.state import State
from dcm.settle.equilibrium import equilibrium

SIZES = (12, 10, 8, 6)  # [chosen]
N_TARGETS = 10
CONTROLS = {
    "target": Slider("target number", 0, N_TARGETS - 1, 1),
    "lam": Choice(r"mixing factor $\lambda$", (0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 0.95)),
    "feedback": Choice("top-down weights $W_{k,k+1}$", ("transposed", "random")),
}


@dataclass(frozen=True)
class Descent:
    """The circuit before and after the target arrives, and its update beside both references.

    ``free`` and ``nudged`` are the steady states; ``update``, ``reference`` (backprop) and ``alignment`` (feedback
    alignment) hold one array a matrix, layer 1 first; ``theory`` is what v_A should be to leading order in λ, one
    array (n_hidden,) a hidden layer.
    """

    free: State
    nudged: State
    update: tuple
    reference: tuple
    alignment: tuple
    theory: tuple

    @property
    def angles(self) -> list[float]:
        """Degrees between the circuit's update and backprop's, per matrix."""
        return [angle(a, b) for a, b in zip(self.update, self.reference, strict=True)]

    @property
    def angles_alignment(self) -> list[float]:
        """Degrees between the circuit's update and that of feedback alignment, per matrix."""
        return [angle(a, b) for a, b in zip(self.update, self.alignment, strict=True)]

    def __str__(self):
        sizes = [f"{np.linalg.norm(v):.2g}" for v in reversed(self.nudged.v_apical)]
        to = [
            ", ".join(f"{x:.1f}°" for x in reversed(xs))
            for xs in (self.angles, self.angles_alignment)
        ]
        return (
            f"apical error ‖v_A‖ on its way down: {sizes[0]} in layer 2, {sizes[1]} in layer 1\n"
            f"angle into output, layer 2, layer 1: {to[0]} to backprop; {to[1]} to feedback alignment"
        )


@styled
def error_down(target=0, lam=0.1, feedback="transposed") -> Descent:
    """A 12-10-8-6 circuit at λ_hid = λ_out = ``lam``, self-predicting, pulled towards one of ten random targets.

    Above the potentials, and the apical potentials of both hidden layers beside the leading order of Section 3.1;
    below every entry of each update against backprop's, both at unit length: on the diagonal they are the same.
    """
    circuit, r_in, u_targets = _start()
    if feedback == "transposed":
        circuit = circuit.with_feedback(w.T for w in circuit.w_up[1:])
    circuit = at_mixing(circuit, lam, Config())
    free, nudged = equilibrium(circuit, r_in), equilibrium(circuit, r_in, u_targets[target])
    soma = leading_order(circuit, free, u_targets[target])
    references = (f(circuit, r_in, u_targets[target]) for f in (backprop, feedback_alignment))
    shown = Descent(
        free, nudged, plasticity(circuit, nudged).up, *references, tuple(s / lam for s in soma[:-1])
    )
    _draw(shown, lam)
    return shown


@cache
def _start():
    rng = np.random.default_rng(0)
    circuit = Circuit.random(SIZES, rng)
    rates = rng.uniform(Config().low, Config().high, (N_TARGETS, SIZES[-1]))
    return circuit, rng.uniform(-1, 1, SIZES[0]), circuit.transfer.inverse(rates)


def _draw(shown, lam):
    figure, axes = canvas(
        2, 3, (9.6, 6.2), left=0.08, right=0.98, bottom=0.085, top=0.85, wspace=0.36, hspace=0.42
    )
    handles = _potentials(axes[0], shown)
    for ax, h in zip(axes[1:3], (1, 0), strict=True):
        handles[3:] = _apical(
            ax, shown.nudged.v_apical[h], shown.theory[h], f"Apical error, layer {h + 1}"
        )
    for ax, k, name in zip(axes[3:], (2, 1, 0), ("the output", "layer 2", "layer 1"), strict=True):
        _update(ax, shown.update[k], shown.reference[k], f"Into {name}: {shown.angles[k]:.1f}°")
    axes[3].set_ylabel("circuit's update")
    figure.suptitle(rf"The error's way down at $\lambda$ = {lam:g}", fontsize=12)
    figure.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0.96), ncols=5, handletextpad=0.3
    )


def _potentials(ax, shown):
    ends = np.cumsum([0, *(len(u) + 2 for u in reversed(shown.free.u_p))])
    cells = [
        start + np.arange(len(u)) for start, u in zip(ends, reversed(shown.free.u_p), strict=False)
    ]
    free, nudged = (np.concatenate(state.u_p[::-1]) for state in (shown.free, shown.nudged))
    x, colour = np.concatenate(cells), COLOURS["pyramidal"]
    lines = ax.plot(x, free, "o", mfc="none", color=colour, label="free soma $u^-$")
    lines += ax.plot(x, nudged, ".", color=colour, label="nudged soma $u$")
    lines += ax.plot(
        cells[0], shown.nudged.u_target, "x", color=COLOURS["target"], label="target $u^*$"
    )
    ax.set(
        xticks=[c.mean() for c in cells],
        xticklabels=["output", "layer 2", "layer 1"],
        title="Potentials of the somata",
    )
    return lines


def _apical(ax, v_apical, theory, title):
    cells = np.arange(len(theory))
    lines = [
        ax.vlines(cells, 0, v_apical, color=COLOURS["apical"], lw=9, label="apical potential $v_A$")
    ]
    lines += ax.plot(
        cells, theory, "_", color=COLOURS["target"], ms=11, label=r"its leading order in $\lambda$"
    )
    ax.axhline(0, color="0.3", lw=0.8)
    ax.set(xlabel="cell", title=title)
    ax.locator_params(nbins=3)
    ax.locator_params(axis="x", integer=True)
    return lines


def _update(ax, update, reference, title):
    x, y = (w.ravel() / np.linalg.norm(w) for w in (reference, update))
    limit = 1.1 * max(np.abs(x).max(), np.abs(y).max())
    ax.plot([-limit, limit], [-limit, limit], color="0.6", lw=1, ls=":")
    ax.plot(x, y, ".", color=COLOURS["backprop"])
    ax.set(xlim=(-limit, limit), ylim=(-limit, limit), xlabel="backprop's update", title=title)
    ax.locator_params(nbins=3)
