"""Panels: functions that take an ``ax`` (or several) and a result, draw, and return artists; they compute nothing new.

One colour per compartment in every figure, from the colour-blind safe palette of Okabe and Ito.
"""

from pathlib import Path

COLOURS = {
    "pyramidal": "#0072B2",
    "basal": "#56B4E9",
    "apical": "#D55E00",
    "interneuron": "#009E73",
    "target": "#000000",
    "backprop": "#CC79A7",
    "shallow": "#8A8A8A",
    "weights": "#E69F00",
}
STYLE = Path(__file__).with_name("dcm.mplstyle")


def use_style() -> None:
    """Apply the companion's style sheet to all figures that follow."""
    import matplotlib

    matplotlib.style.use(STYLE)


def band(ax, x, curves, **style) -> list:
    """Median over seeds as a line and the range as a band; ``curves`` is (n_seeds, n). Returns the lines drawn.

    Nothing is drawn where there are no curves: results that were not computed yet leave their place empty.
    """
    import numpy as np

    if len(curves) == 0:
        return []
    curves = np.asarray(curves)
    ax.fill_between(
        x, curves.min(axis=0), curves.max(axis=0), color=style.get("color"), alpha=0.2, lw=0
    )
    return ax.plot(x, np.median(curves, axis=0), **style)
