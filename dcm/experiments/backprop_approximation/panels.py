"""Panels of notebook 05: measures over the mixing factor λ, the circuits of all results pooled."""

import numpy as np

from dcm.experiments.backprop_approximation.experiment import array_name
from dcm.lab.drawing import COLOURS, band

# One look per layer, layer 1 first.
LINES = ("-", "--", "-.", ":", (0, (1, 3)))
SHADES = ("apical", "weights", "interneuron", "pyramidal", "backprop")


def pooled(results, *name) -> list[np.ndarray]:
    """Measure, depth and feedback give one array (n_λ, N) for each circuit of all results."""
    return [circuit for result in results for circuit in result[array_name(*name)]]


def over_mixing(ax, results, config, measure: str, depth: int, feedback: str = "transposed"):
    """One of ``MEASURES`` over λ, a line per layer, median and range over circuits; the lines."""
    circuits = pooled(results, measure, depth, feedback)
    lines = []
    for k in range(depth):
        look = {"color": COLOURS[SHADES[k]], "ls": LINES[k], "label": f"into layer {k + 1}"}
        lines += band(ax, config.lambdas, [circuit[:, k] for circuit in circuits], **look)
    if measure == "angle":
        ax.axhline(0.5, color="0.6", lw=0.9, ls=":")  # half a degree
    ax.set(xscale="log", yscale="log")
    return lines


def remainder(ax, results, config, depth: int, feedback: str):
    """Remainders of the updates over their leading order, and where float64 ends; the lines."""
    lines = over_mixing(ax, results, config, "relative_update", depth, feedback)
    ax.set_ylim(1e-5, 3)
    absolute = pooled(results, "remainder_update", depth, feedback)
    if not absolute:
        return lines
    leading = np.divide(absolute, pooled(results, "relative_update", depth, feedback))
    label = r"float64: $\varepsilon$ / update into layer 1"
    rounding = np.finfo(float).eps / np.median(leading[..., 0], axis=0)  # (n_λ,)
    lines += ax.plot(config.lambdas, rounding, color="0.5", ls=":", lw=1.2, label=label)
    return lines
