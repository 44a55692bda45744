"""Panels of notebook 04: test errors, receptive fields, and what is confused with what."""

from __future__ import annotations

import numpy as np

from dcm.plotting import COLOURS

_LINES = {
    "microcircuit": (COLOURS["pyramidal"], "-", "o"),
    "backprop": (COLOURS["backprop"], "--", "s"),
    "frozen hidden layers": (COLOURS["apical"], "-.", "^"),
    "single layer": (COLOURS["shallow"], ":", "d"),
}


def test_errors(ax, result):
    """Fig. 3B: test error of every learner over epochs, from the first epoch on; returns the lines."""
    lines = []
    for name, error in result.test_error.items():
        colour, style, marker = _LINES[name]
        epochs = np.arange(1, len(error))
        lines += ax.plot(
            epochs, error[1:], color=colour, ls=style, marker=marker if len(error) < 20 else "", label=name
        )
    ax.set(xlabel="epochs", ylabel="test error (%)", ylim=(0, None), title=result.data_name)
    if len(epochs) < 12:
        ax.set_xticks(epochs)
    ax.legend()
    return lines


def receptive_fields(ax, result, n: int = 25):
    """Incoming weights of the first ``n`` neurons of layer 1 as one image; returns it."""
    rows = int(np.sqrt(n))
    side = result.side
    fields = result.circuit.w_up[0][: rows**2].reshape(rows, rows, side, side)
    fields = np.pad(fields, ((0, 0), (0, 0), (0, 1), (0, 1)), constant_values=np.nan)
    image = fields.transpose(0, 2, 1, 3).reshape(rows * (side + 1), -1)
    limit = np.nanquantile(np.abs(image), 0.995)
    ax.set(title="Receptive fields, layer 1", xticks=[], yticks=[])
    return ax.imshow(image, cmap="RdBu_r", vmin=-limit, vmax=limit)


def confusion(ax, result):
    """Counts of predicted class per true class on the test set, the diagonal left out; returns the image."""
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (result.labels, result.predicted), 1)
    wrong = np.where(np.eye(10, dtype=bool), 0, counts)
    image = ax.imshow(wrong, cmap="Oranges")
    for i, j in zip(*np.nonzero(wrong), strict=True):
        ax.text(
            j,
            i,
            wrong[i, j],
            ha="center",
            va="center",
            fontsize=10,
            color="w" if wrong[i, j] > 0.6 * wrong.max() else "k",
        )
    ax.set(title="Mistakes on the test set", xlabel="predicted", ylabel="true", xticks=range(10), yticks=range(10))
    return image
