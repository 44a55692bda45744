"""Explorer of notebook 04: a digit's way up a small trained circuit, and the error's way down once it is nudged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from dcm.experiments.mnist import kept_circuit as mnist_explorer
from dcm.experiments.mnist.learners import target_potentials
from dcm.lab.drawing import COLOURS
from dcm.lab.widgets import Slider, canvas, styled
from dcm.model.conductances import Conductances
from dcm.model.state import State
from dcm.settle.two_pass import two_pass

CONTROLS = {
    "digit": Slider("digit shown", 0, 9, 1),
    "example": Slider("which of its test images", 0, mnist_explorer.PER_DIGIT - 1, 1),
    "target": Slider("class that the target names", 0, 9, 1),
    "strength": Slider(r"nudging $\lambda_{out}$", 0.0, 0.9, 0.05),
}


@dataclass(frozen=True)
class Nudged:
    """``free`` and ``nudged`` states of the circuit for one image, and its class: the highest free output.

    Both hold one array a layer: ``u_p`` (64,), (64,), (10,) and ``v_apical`` (64,), (64,).
    """

    free: State
    nudged: State
    target: int

    @property
    def answer(self) -> int:
        """The class of the image, without nudging."""
        return int(np.argmax(self.free.u_p[-1]))

    def __str__(self):
        layers = range(len(self.free.v_apical))
        norms = [
            [float(np.linalg.norm(s.v_apical[h])) for h in reversed(layers)]
            for s in (self.free, self.nudged)
        ]
        return (
            f"the circuit answers {self.answer}, the target names {self.target}\napical error ‖v_A‖ "
            f"{norms[1][0]:.2f} in layer 2 and {norms[1][1]:.2f} in layer 1, without nudging "
            f"{norms[0][0]:.2f} and {norms[0][1]:.2f}"
        )


@styled
def digit(digit=3, example=0, target=8, strength=0.2) -> Nudged:
    """One test image in a trained 784-64-64-10 circuit, its output nudged with λ_out = ``strength`` to a class.

    Above the rates of every layer, free and nudged; below what the nudge does: apical potentials, and the shift of the
    output. At ``strength`` 0 there is no target.
    """
    kept = _kept()
    pixels = kept.images[digit, example]
    r_in = (pixels / np.float32(255)).astype(np.float32)
    u_target = target_potentials(mnist_explorer.CONFIG, np.array([target]))[0]
    free = two_pass(kept.circuit, r_in)
    nudged = two_pass(_with_nudge(kept.circuit, strength), r_in, u_target) if strength > 0 else free
    shown = Nudged(free, nudged, target)
    _draw(shown, kept.circuit.transfer, pixels.reshape(28, 28))
    return shown


@cache
def _kept():
    return mnist_explorer.load(mnist_explorer.file())


def _with_nudge(circuit, strength):
    """λ_out is ``strength``; λ_hid and λ_I stay what they were during training."""
    g = circuit.conductances
    return replace(
        circuit,
        conductances=Conductances.from_mixing(g.mixing_hidden, strength, g.mixing_interneuron),
    )


def _draw(shown, phi, image):
    _, axes = canvas(
        2, 4, (9.6, 5), left=0.03, right=0.985, bottom=0.11, top=0.92, wspace=0.42, hspace=0.4
    )
    axes[0].imshow(image, cmap="Greys")
    axes[0].set(title=f"Answer: {shown.answer}", xticks=[], yticks=[])
    for ax, k, title in zip(
        axes[1:4], range(3), ("Rates, layer 1", "Rates, layer 2", "Output rates"), strict=True
    ):
        handles = _stems(ax, phi(shown.free.u_p[k]), "basal", "rate, free")
        handles += ax.plot(
            phi(shown.nudged.u_p[k]), "_", color=COLOURS["target"], ms=5, label="rate, nudged"
        )
        ax.set(ylim=(0, 1), yticks=(0, 0.5, 1), title=title)
    for ax, h in zip(axes[5:7], range(2), strict=True):
        handles[2:] = _stems(ax, shown.nudged.v_apical[h], "apical", "$v_A$, nudged")
        handles += ax.plot(shown.free.v_apical[h], ".", color="0.3", ms=3, label="$v_A$, free")
        ax.set(title=f"Apical error, layer {h + 1}", xlabel="cell")
    _stems(axes[7], shown.nudged.u_p[-1] - shown.free.u_p[-1], "pyramidal", "")
    axes[7].set(title="Nudge at the output", xlabel="class")
    axes[4].axis("off")
    axes[4].legend(handles=handles, loc="center left", bbox_to_anchor=(-0.1, 0.5))


def _stems(ax, values, colour, label):
    """Bars as lines, which draw ten times faster than as rectangles."""
    ax.axhline(0, color="0.3", lw=0.8)
    ax.set_xticks(range(0, len(values), 2 if len(values) <= 10 else 20))
    ax.locator_params(axis="y", nbins=4)
    return [
        ax.vlines(
            range(len(values)),
            0,
            values,
            color=COLOURS[colour],
            lw=9 if len(values) <= 10 else 1.8,
            label=label,
        )
    ]
