"""Panels of notebook 04: test errors, receptive fields, and what is confused with what."""

from __future__ import annotations

import numpy as np

from dcm.lab.drawing import COLOURS, band

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
            epochs,
            error[1:],
            color=colour,
            ls=style,
            marker=marker if len(error) < 20 else "",
            label=name,
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
    ax.set(
        title="Mistakes on the test set",
        xlabel="predicted",
        ylabel="true",
        xticks=range(10),
        yticks=range(10),
    )
    return image


_PAPER = {  # result: label, colour, line, marker
    "single-layer": ("784-10", COLOURS["shallow"], ":", "d"),
    "frozen-hidden": ("frozen hidden layers", COLOURS["apical"], "-.", "^"),
    "all-plastic": ("784-1000-10, all plastic", COLOURS["weights"], (0, (5, 1)), "v"),
    "hidden-to-hidden-frozen": (
        "hidden-to-hidden frozen",
        COLOURS["interneuron"],
        (0, (3, 1, 1, 1)),
        "x",
    ),
    "microcircuit": ("microcircuit", COLOURS["pyramidal"], "-", "o"),
    "backprop": ("backprop", COLOURS["backprop"], "--", "s"),
}


def over_seeds(ax, results):
    """Fig. 3B: test error of every learner over epochs, median and range of seeds; the paper's axis ends at 10 %.

    ``results`` maps result names (without «mnist/») to lists of results. Returns the lines.
    """
    lines = []
    for name, (label, colour, style, marker) in _PAPER.items():
        runs = results.get(name, [])
        x = np.arange(len(runs[0]["test_error"])) if runs else []
        label = (
            f"{label}: {np.median([r['test_error'][-1] for r in runs]):.2f} %" if runs else label
        )
        lines += band(ax, x, [r["test_error"] for r in runs], color=colour, ls=style, marker=marker,
                      markevery=(2, 20), ms=4, label=label)  # fmt: skip
    ax.set(xlabel="epochs", ylabel="test error (%)", xlim=(0, 200), ylim=(0, 12))
    ax.legend()
    return lines


def silent(axes, runs):
    """F3s: un-nudged apical potential over its drive (left) and over the nudged one (right), per hidden layer."""
    lines = []
    for ax, name, label in ((axes[0], "silence", r"un-nudged $\|v_A\|$ / drive (%)"),
                            (axes[1], "silence_nudged", r"un-nudged / nudged $\|v_A\|$")):  # fmt: skip
        for h, style in ((0, "-"), (1, "--")):
            x = np.arange(1, len(runs[0][name])) if runs else []
            scale = 100 if name == "silence" else 1
            curves = [scale * r[name][1:, h] for r in runs]
            lines += band(
                ax, x, curves, color=COLOURS["apical"], ls=style, label=f"hidden layer {h + 1}"
            )
        ax.set(xlabel="epochs", ylabel=label, ylim=(0, None))
        ax.legend()
    return lines


def mixing(ax, runs):
    """F3g: test error over epochs for each mixing factor; ``runs`` maps λ to results. Returns the lines."""
    lines, shades = [], (COLOURS["pyramidal"], COLOURS["interneuron"], COLOURS["apical"])
    for (lam, results), colour, style in zip(runs.items(), shades, ("-", "--", "-."), strict=False):
        x = np.arange(len(results[0]["test_error"])) if results else []
        curves = [r["test_error"] for r in results]
        lines += band(ax, x, curves, color=colour, ls=style, label=rf"$\lambda$ = {lam:g}")
    ax.set(xlabel="epochs", ylabel="test error (%)", yscale="log", ylim=(1, 100))
    ax.legend()
    return lines
