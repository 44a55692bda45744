"""Panels of notebook 05: angles and remainders over the mixing factor λ."""

from __future__ import annotations

import numpy as np

from dcm.lab.drawing import COLOURS, band

_STYLES = {1: "-", 2: "--", 3: "-.", 4: ":", 5: (0, (1, 3))}
_SHADES = ("apical", "weights", "interneuron", "pyramidal", "backprop")


def _per_layer(ax, result, values, label):
    lam, middle = result.config.lambdas, np.median(values, axis=0)
    lines = []
    for k in range(middle.shape[1]):
        lines += ax.loglog(
            lam,
            middle[:, k],
            color=COLOURS[_SHADES[k]],
            ls=_STYLES[k + 1],
            label=f"into layer {k + 1}",
        )
        ax.fill_between(
            lam,
            values[..., k].min(axis=0),
            values[..., k].max(axis=0),
            color=COLOURS[_SHADES[k]],
            alpha=0.15,
            lw=0,
        )
    ax.set(xlabel=r"mixing factor $\lambda$", ylabel=label)
    return lines


def angle(ax, result, depth: int, feedback: str):
    """Angle per up matrix over λ, median and range over circuits; returns the lines."""
    lines = _per_layer(ax, result, result.angle[depth, feedback], "angle (degrees)")
    reference = "backprop" if feedback == "transposed" else "feedback alignment"
    ax.set_title(f"depth {depth}, to {reference}")
    return lines


def remainder(ax, result, depth: int, feedback: str):
    """What the leading order leaves of each update, relative to it, over λ; returns the lines."""
    lines = _per_layer(ax, result, result.relative_update[depth, feedback], "relative remainder")
    lam, key = result.config.lambdas, (depth, feedback)
    size = np.median(
        result.remainder_update[key][..., 0] / result.relative_update[key][..., 0], axis=0
    )
    label = r"float64: $\varepsilon$ / update into layer 1"
    lines += ax.loglog(lam, np.finfo(float).eps / size, color="0.5", ls=":", lw=1.2, label=label)
    ax.set(title=f"depth {depth}, {feedback} feedback", ylim=(1e-5, 3))
    return lines


def deviation(ax, result, depth: int, feedback: str = "transposed"):
    """Relative deviation of the two-pass update from the relaxed one over λ; returns the lines."""
    lines = _per_layer(ax, result, result.two_pass[depth, feedback], "relative deviation")
    ax.set_title("two passes against relaxation")
    return lines


def over_depths(axes, results, config, measure: str = "angle", feedback: str = "transposed"):
    """One axis per depth: a measure over λ into every layer, the circuits of all results pooled; returns the lines."""
    lines = []
    for ax, depth in zip(axes, config.depths, strict=True):
        pooled = [saved[f"{measure} {depth} {feedback}"] for saved in results]
        values = (
            np.concatenate(pooled) if pooled else np.full((1, len(config.lambdas), depth), np.nan)
        )
        for k in range(depth):
            style = {
                "color": COLOURS[_SHADES[k]],
                "ls": _STYLES[k + 1],
                "label": f"into layer {k + 1}",
            }
            lines += band(ax, config.lambdas, values[..., k], **style)
        if measure == "angle":
            ax.axhline(0.5, color="0.6", lw=0.9, ls=":")
        ax.set(xscale="log", yscale="log")
    return lines
