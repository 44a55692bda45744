"""Shared by all figures: one colour per compartment, the style sheet, bands over seeds, saving."""

import io
import sys
from pathlib import Path

import numpy as np

from dcm.lab import paths
from dcm.model import files

COLOURS = {  # of the colour-blind safe palette of Okabe and Ito
    "pyramidal": "#0072B2",
    "basal": "#56B4E9",
    "apical": "#D55E00",
    "interneuron": "#009E73",
    "target": "#000000",
    "backprop": "#CC79A7",
    "shallow": "#8A8A8A",
    "weights": "#E69F00",
}
SHEET = Path(__file__).with_name("dcm.mplstyle")
STYLE = ("default", SHEET)  # Matplotlib's defaults first: no setting of the user is left


def use_style() -> None:
    """Apply the companion's style to all figures that follow, whatever the user's settings were.

    In a notebook, figures are shown on the page even if ``MPLBACKEND`` names a backend that only
    writes files, such as ``agg``. ``matplotlib.rc_file_defaults()`` brings the settings back.
    """
    from matplotlib import style

    _show_in_notebook()
    style.use(STYLE)


def _show_in_notebook() -> None:
    """In a kernel whose backend only writes files: ``%matplotlib inline``."""
    import matplotlib
    from matplotlib.backends import BackendFilter, backend_registry

    if "IPython" not in sys.modules:
        return
    shell = sys.modules["IPython"].get_ipython()
    writing = backend_registry.list_builtin(BackendFilter.NON_INTERACTIVE)
    if hasattr(shell, "kernel") and matplotlib.get_backend().lower() in writing:
        shell.run_line_magic("matplotlib", "inline")


def save_figure(figure, name: str, profile: str) -> None:
    """Write ``name.svg`` and ``name.png`` for the profile; the same figure gives the same bytes."""
    folder = paths.figure_folder(profile)
    for kind, undated in {"svg": "Date", "png": "Software"}.items():
        content = io.BytesIO()
        figure.savefig(content, format=kind, metadata={undated: None})
        files.write(folder / f"{name}.{kind}", content.getvalue())


def legend(ax, **options) -> None:
    """The legend of what has a label; none, and no warning, where nothing is drawn."""
    if ax.get_legend_handles_labels()[0]:
        ax.legend(**options)


def band(ax, x, curves, **style) -> list:
    """Median over seeds as a line, their range as a band: ``curves`` (n_seeds, n); the lines."""
    if len(curves) == 0:  # results not computed yet
        return []
    curves = np.asarray(curves)
    ax.fill_between(x, curves.min(0), curves.max(0), color=style.get("color"), alpha=0.2, lw=0)
    return ax.plot(x, np.median(curves, axis=0), **style)


def over_seeds(ax, results, x: str, y: str, **style) -> list:
    """``band`` of the results' arrays ``y`` over the first one's ``x``; returns the lines drawn."""
    return band(ax, results[0][x] if results else (), [result[y] for result in results], **style)
