"""Panels of notebook 05: measures over the mixing factor λ, the circuits of all results pooled."""

import numpy as np

from dcm.experiments.backprop_approximation.experiment import array_name
from dcm.lab.drawing import COLOURS, band

# One look per layer, layer 1 first.
LINES = ("-", "--", "-.", ":", (0, (1, 3)))
SHADES = ("apical", "weights", "interneuron", "pyramidal", "backprop")


def pooled(results, config, measure: str, depth: int, feedback: str) -> np.ndarray:
    """One measure of the circuits of all results, (n_circuits, n_λ, N); no results, no circuits."""
    none = np.empty((0, len(config.lambdas), depth))
    name = array_name(measure, depth, feedback)
    return np.concatenate([none, *(result[name] for result in results)])


def over_mixing(ax, results, config, measure: str, depth: int, feedback: str = "transposed"):
    """A measure over λ, one line per layer: median and range over circuits; returns the lines.

    ``measure`` is one of ``experiment.MEASURES``; angles get a dotted line at half a degree.
    """
    values = pooled(results, config, measure, depth, feedback)
    lines = []
    for k in range(depth):
        look = {"color": COLOURS[SHADES[k]], "ls": LINES[k], "label": f"into layer {k + 1}"}
        lines += band(ax, config.lambdas, values[..., k], **look)
    if measure == "angle":
        ax.axhline(0.5, color="0.6", lw=0.9, ls=":")
    ax.set(xscale="log", yscale="log")
    return lines


def remainder(ax, results, config, depth: int, feedback: str):
    """Remainders of the updates over their leading order, and where float64 ends; the lines."""
    lines = over_mixing(ax, results, config, "relative_update", depth, feedback)
    absolute = pooled(results, config, "remainder_update", depth, feedback)
    relative = pooled(results, config, "relative_update", depth, feedback)
    size = np.median(absolute[..., 0] / relative[..., 0], axis=0)  # of the leading order, (n_λ,)
    label = r"float64: $\varepsilon$ / update into layer 1"
    rounding = np.finfo(float).eps / size
    lines += ax.plot(config.lambdas, rounding, color="0.5", ls=":", lw=1.2, label=label)
    ax.set_ylim(1e-5, 3)
    return lines
