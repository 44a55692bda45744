"""Panels of notebook 04: test errors, receptive fields, mistakes, silence, mixing factors.

``results`` is a list of results of one learner, one per seed, and may be empty.
"""

import numpy as np

from dcm.lab.drawing import COLOURS, band

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
    """Fig. 3B: test error of every learner over epochs, median and range of seeds.

    ``results_of`` maps names of learners to lists of results; ``highest`` is where the axis ends,
    in percent (the paper's ends at 10). Returns the lines.
    """
    lines = []
    for learner, (label, colour, style, marker) in CURVES.items():
        errors = [result["test_error"] for result in results_of.get(learner, ())]
        if not errors:
            continue
        label = f"{label}: {np.median(errors, axis=0)[-1]:.2f} %"
        every = (2, 20) if len(errors[0]) > 20 else None
        look = {"color": colour, "ls": style, "marker": marker, "markevery": every, "ms": 4}
        lines += _over_epochs(ax, errors, label=label, **look)
    longest = max([1, *(line.get_xdata()[-1] for line in lines)])
    ax.set(xlabel="epochs", ylabel="test error (%)", xlim=(0, longest), ylim=(0, highest))
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend()
    return lines


def receptive_fields(ax, results):
    """Incoming weights of layer 1's first neurons, first seed, as one image; returns it."""
    fields = results[0]["fields"].astype(float)  # (n, side²)
    rows, side = np.sqrt(fields.shape).astype(int)
    fields = fields[: rows**2].reshape(rows, rows, side, side)
    # a line of nothing between the fields
    fields = np.pad(fields, ((0, 0), (0, 0), (0, 1), (0, 1)), constant_values=np.nan)
    image = fields.transpose(0, 2, 1, 3).reshape(rows * (side + 1), -1)
    limit = np.nanquantile(np.abs(image), 0.995)
    ax.set(title="Receptive fields, layer 1", xticks=[], yticks=[])
    return ax.imshow(image, cmap="RdBu_r", vmin=-limit, vmax=limit)


def confusion(ax, results, labels):
    """Counts of predicted class per true class, all seeds together, without the correct ones.

    ``labels`` (n_test,) are the classes of the test set. Returns the image.
    """
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
    curves = [100 * result["silence"] for result in results]
    return _per_hidden_layer(ax, curves, r"un-nudged $\|v_A\|$ / drive (%)")


def silence_nudged(ax, results):
    """F3s: un-nudged over nudged apical potential, per hidden layer."""
    curves = [result["silence_nudged"] for result in results]
    return _per_hidden_layer(ax, curves, r"un-nudged / nudged $\|v_A\|$")


def _per_hidden_layer(ax, curves, ylabel):
    """Bands of ``curves``, (epochs + 1, 2) per seed, from the first epoch on; returns the lines."""
    lines = []
    for h, style in enumerate(("-", "--")):
        layer = [curve[1:, h] for curve in curves]
        look = {"color": COLOURS["apical"], "ls": style, "label": f"hidden layer {h + 1}"}
        lines += _over_epochs(ax, layer, first=1, **look)
    ax.set(xlabel="epochs", ylabel=ylabel, ylim=(0, None))
    ax.legend()
    return lines


def _over_epochs(ax, curves, first=0, **look):
    """A band of ``curves``, one per seed, from epoch ``first`` on; returns the lines."""
    n = len(curves[0]) if curves else 0
    return band(ax, np.arange(first, first + n), curves, **look)


def mixing(ax, results_of):
    """F3g: test error over epochs; ``results_of`` maps λ to lists of results. Returns the lines."""
    looks = ((COLOURS["pyramidal"], "-"), (COLOURS["interneuron"], "--"), (COLOURS["apical"], "-."))
    lines = []
    for (lam, results), (colour, style) in zip(results_of.items(), looks, strict=False):
        errors = [result["test_error"] for result in results]
        label = rf"$\lambda$ = {lam:g}"
        lines += _over_epochs(ax, errors, color=colour, ls=style, label=label)
    ax.set(xlabel="epochs", ylabel="test error (%)", yscale="log", ylim=(1, 100))
    ax.legend()
    return lines
