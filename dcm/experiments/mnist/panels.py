"""Panels of notebook 04: test errors, receptive fields, mistakes, silence, mixing factors.

``results`` is a list of results of one learner, one per seed, and may be empty.
"""

import numpy as np

from dcm.lab.drawing import COLOURS, band, legend

DENSE = (0, (3, 1, 1, 1))  # densely dash-dotted
# Per learner, in the order in which they are drawn: label, colour, line, marker.
CURVES = {
    "single layer": ("784-10", COLOURS["shallow"], ":", "d"),
    "frozen hidden layers": ("frozen hidden layers", COLOURS["apical"], "-.", "^"),
    "all plastic": ("784-1000-10, all plastic", COLOURS["weights"], (0, (5, 1)), "v"),
    "hidden to hidden frozen": ("hidden-to-hidden frozen", COLOURS["interneuron"], DENSE, "x"),
    "microcircuit": ("microcircuit", COLOURS["pyramidal"], "-", "o"),
    "backprop": ("backprop", COLOURS["backprop"], "--", "s"),
}


def error_curves(ax, results_of, highest: float = 12.0):
    """Fig. 3B: test errors up to ``highest`` percent, of lists of results by learner; the lines."""
    lines = []
    for learner, (label, colour, style, marker) in CURVES.items():
        errors = [result["test_error"] for result in results_of.get(learner, ())]
        if not errors:
            continue
        label = f"{label}: {np.median(errors, axis=0)[-1]:.2f} %"
        every = (2, 20) if len(errors[0]) > 20 else None
        look = {"color": colour, "ls": style, "marker": marker, "markevery": every, "ms": 4}
        lines += band(ax, np.arange(len(errors[0])), errors, label=label, **look)
    longest = max([1, *(line.get_xdata()[-1] for line in lines)])
    ax.set(xlabel="epochs", ylabel="test error (%)", xlim=(0, longest), ylim=(0, highest))
    ax.xaxis.get_major_locator().set_params(integer=True)
    legend(ax)
    return lines


def receptive_fields(ax, results):
    """Incoming weights of layer 1's first neurons, first seed, as one image; returns it."""
    ax.set(title="Receptive fields, layer 1", xticks=[], yticks=[])
    if not results:
        return None
    fields = results[0]["fields"].astype(float)  # (n, side²)
    rows, side = np.sqrt(fields.shape).astype(int)
    fields = fields[: rows**2].reshape(rows, rows, side, side)
    # a line of nothing between the fields
    fields = np.pad(fields, ((0, 0), (0, 0), (0, 1), (0, 1)), constant_values=np.nan)
    image = fields.transpose(0, 2, 1, 3).reshape(rows * (side + 1), -1)
    limit = np.nanquantile(np.abs(image), 0.995)
    return ax.imshow(image, cmap="RdBu_r", vmin=-limit, vmax=limit)


def confusion(ax, results, labels):
    """Mistakes per predicted class and class of the test set ``labels`` (n_test,); the image."""
    wrong = np.zeros((10, 10), int)
    for result in results:
        np.add.at(wrong, (labels, result["predicted"]), 1)
    np.fill_diagonal(wrong, 0)
    image = ax.imshow(wrong, cmap="Oranges")
    for true, predicted in zip(*np.nonzero(wrong), strict=True):
        count = wrong[true, predicted]
        colour = "w" if count > 0.6 * wrong.max() else "k"
        ax.text(predicted, true, count, ha="center", va="center", fontsize=10, color=colour)
    ticks = {"xticks": range(10), "yticks": range(10)}
    ax.set(title="Mistakes on the test set", xlabel="predicted", ylabel="true", **ticks)
    return image


def silence(ax, results):
    """F3s: un-nudged apical potential over the top-down drive that it cancels, per hidden layer."""
    return _per_hidden_layer(ax, results, "silence", 100, r"un-nudged $\|v_A\|$ / drive (%)")


def silence_nudged(ax, results):
    """F3s: un-nudged over nudged apical potential, per hidden layer."""
    return _per_hidden_layer(ax, results, "silence_nudged", 1, r"un-nudged / nudged $\|v_A\|$")


def _per_hidden_layer(ax, results, name, factor, ylabel):
    """Bands of the arrays ``name``, (epochs + 1, 2), from the first epoch on; returns the lines."""
    lines = []
    for h, style in enumerate(("-", "--")):
        layer = [factor * result[name][1:, h] for result in results]
        look = {"color": COLOURS["apical"], "ls": style, "label": f"hidden layer {h + 1}"}
        lines += band(ax, 1 + np.arange(max(map(len, layer), default=0)), layer, **look)
    ax.set(xlabel="epochs", ylabel=ylabel, ylim=(0, None))
    legend(ax)
    return lines


def mixing(ax, results_of):
    """F3g: test error over epochs; ``results_of`` maps λ to lists of results. Returns the lines."""
    looks = ((COLOURS["pyramidal"], "-"), (COLOURS["interneuron"], "--"), (COLOURS["apical"], "-."))
    lines = []
    for (lam, results), (colour, style) in zip(results_of.items(), looks, strict=False):
        errors = [result["test_error"] for result in results]
        label = rf"$\lambda$ = {lam:g}"
        epochs = np.arange(max(map(len, errors), default=0))
        lines += band(ax, epochs, errors, color=colour, ls=style, label=label)
    ax.set(xlabel="epochs", ylabel="test error (%)", yscale="log", ylim=(1, 100))
    legend(ax)
    return lines
