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
