"""Explorer of notebook 04: a digit's way up a small trained circuit, and the error's way down."""

from dataclasses import dataclass, replace

import numpy as np

from dcm.experiments.mnist.kept_circuit import CONFIG, PER_DIGIT, kept_file, read_kept
from dcm.experiments.mnist.learners import target_potentials
from dcm.lab.drawing import COLOURS
from dcm.lab.widgets import Slider, canvas, styled
from dcm.model.conductances import Conductances
from dcm.model.state import State
from dcm.settle.two_pass import two_pass

CONTROLS = {
    "digit": Slider("digit shown", 0, 9, 1),
    "example": Slider("which of its test images", 0, PER_DIGIT - 1, 1),
    "target": Slider("class that the target names", 0, 9, 1),
    "strength": Slider(r"nudging $\lambda_{out}$", 0.0, 0.9, 0.05),
}


@dataclass(frozen=True)
class Comparison:
    """``free`` and ``nudged`` states of the circuit for one image, and the class of the target."""

    free: State
    nudged: State
    target: int

    @property
    def answer(self) -> int:
        """The class of the image: the highest output potential without nudging."""
        return int(np.argmax(self.free.u_p[-1]))

    def __str__(self):
        free = [np.linalg.norm(v) for v in self.free.v_apical]
        nudged = [np.linalg.norm(v) for v in self.nudged.v_apical]
        return (
            f"the circuit answers {self.answer}, the target names {self.target}\n"
            f"apical error ‖v_A‖ {nudged[1]:.2f} in layer 2 and {nudged[0]:.2f} in layer 1, "
            f"without nudging {free[1]:.2f} and {free[0]:.2f}"
        )


@styled
def digit(digit=3, example=0, target=8, strength=0.2) -> Comparison:
    """One test image in a trained 784-64-64-10 circuit, its output nudged to the class ``target``.

    Above the rates of every layer, free and nudged; below what the nudge does: apical potentials,
    and the shift of the output. ``strength`` is λ_out of the nudge; at 0 there is no target.
    """
    circuit, kept = read_kept(kept_file())
    pixels = kept["images"][digit, example]
    r_in = pixels / np.float32(255)
    free = two_pass(circuit, r_in)
    nudged = free
    if strength > 0:
        u_target = target_potentials(CONFIG, np.array([target]))[0]
        # λ_hid and λ_I stay what they were during training
        g = Conductances.from_mixing(CONFIG.mixing_hidden, strength, CONFIG.mixing_interneuron)
        nudged = two_pass(replace(circuit, conductances=g), r_in, u_target)
    comparison = Comparison(free, nudged, target)
    _draw(comparison, circuit.transfer, pixels.reshape(28, 28))
    return comparison


def _draw(comparison, phi, image):
    free = comparison.free
    nudged = comparison.nudged
    margins = {"left": 0.03, "right": 0.985, "bottom": 0.11, "top": 0.92}
    _, axes = canvas(2, 4, (9.6, 5), **margins, wspace=0.42, hspace=0.4)
    axes[0].imshow(image, cmap="Greys")
    axes[0].set(title=f"Answer: {comparison.answer}", xticks=[], yticks=[])
    for k, title in enumerate(("Rates, layer 1", "Rates, layer 2", "Output rates")):
        ax = axes[1 + k]
        bars = _stems(ax, phi(free.u_p[k]), "basal", "rate, free")
        look = {"color": COLOURS["target"], "ms": 5, "label": "rate, nudged"}
        dashes = ax.plot(phi(nudged.u_p[k]), "_", **look)
        ax.set(ylim=(0, 1), yticks=(0, 0.5, 1), title=title)
    handles = bars + dashes
    for h in range(2):
        ax = axes[5 + h]
        bars = _stems(ax, nudged.v_apical[h], "apical", "$v_A$, nudged")
        dots = ax.plot(free.v_apical[h], ".", color="0.3", ms=3, label="$v_A$, free")
        ax.set(title=f"Apical error, layer {h + 1}", xlabel="cell")
    handles += bars + dots
    _stems(axes[7], nudged.u_p[-1] - free.u_p[-1], "pyramidal", "")
    axes[7].set(title="Nudge at the output", xlabel="class")
    axes[4].axis("off")
    axes[4].legend(handles=handles, loc="center left", bbox_to_anchor=(-0.1, 0.5))


def _stems(ax, values, compartment, label):
    """Bars as lines, which draw ten times faster than as rectangles; a list with the one artist."""
    n = len(values)
    few = n <= 10
    ax.axhline(0, color="0.3", lw=0.8)
    ax.set_xticks(range(0, n, 2 if few else 20))
    ax.locator_params(axis="y", nbins=4)
    look = {"color": COLOURS[compartment], "lw": 9 if few else 1.8, "label": label}
    return [ax.vlines(range(n), 0, values, **look)]
