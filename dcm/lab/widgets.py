"""Live figures: controls, a reset button, and a figure with its numbers in words that follows."""

from __future__ import annotations

import base64
import inspect
import io
from dataclasses import dataclass
from html import escape

import ipywidgets
import matplotlib
import matplotlib.pyplot as plt

from dcm.lab.drawing import STYLE
from dcm.settle.equilibrium import ConvergenceError


@dataclass(frozen=True)
class Slider:
    """A number from ``low`` to ``high`` in steps of ``step``; whole numbers when all three are."""

    label: str
    low: float
    high: float
    step: float

    def widget(self, value, **options):
        """The slider, at ``value``."""
        kind = ipywidgets.IntSlider if isinstance(self.step, int) else ipywidgets.FloatSlider
        return kind(
            value, min=self.low, max=self.high, step=self.step, continuous_update=False, **options
        )

    @property
    def extremes(self) -> tuple:
        """Both ends."""
        return self.low, self.high


@dataclass(frozen=True)
class Choice:
    """One of ``options``, a dictionary of words to values or a tuple of values.

    A slider as well, not a drop-down list: JupyterLab takes a list's arrow keys for itself.
    """

    label: str
    options: tuple | dict

    def widget(self, value, **options):
        """The slider, at ``value``."""
        pairs = self.options.items() if isinstance(self.options, dict) else self.options
        return ipywidgets.SelectionSlider(
            options=list(pairs), value=value, continuous_update=False, **options
        )

    @property
    def extremes(self) -> tuple:
        """The first and the last."""
        values = list(self.options.values() if isinstance(self.options, dict) else self.options)
        return values[0], values[-1]


def live(callback, controls: dict, **fixed) -> ipywidgets.VBox:
    """Controls for some arguments of ``callback``, starting at its defaults, above what it draws.

    The figure is redrawn when a control is let go, once at a reset, and says so in words when a
    state does not exist. Every figure is a picture, with its numbers as text below it and as its
    alternative text.

    Parameters
    ----------
    callback : callable
        Draws a figure; ``str`` of what it returns are the numbers in words.
    controls : dict
        A ``Slider`` or ``Choice`` per argument.
    **fixed
        Arguments without a control.
    """
    parameters = inspect.signature(callback).parameters
    start = {name: parameters[name].default for name in controls}
    look = {"style": {"description_width": "19em"}, "layout": {"width": "44em"}}
    widgets = {
        name: control.widget(start[name], description=control.label, **look)
        for name, control in controls.items()
    }
    button = ipywidgets.Button(
        description="Reset", tooltip="Put every control back to where it started"
    )
    # Not an Output widget: in a headless run its messages can swallow the kernel's reply, and the
    # run then never ends.
    shown = ipywidgets.HTML()

    def redraw(change=None):
        values = {name: widget.value for name, widget in widgets.items()}
        shown.value = picture(callback, **fixed, **values)

    def reset(button):
        for name, widget in widgets.items():
            widget.unobserve(redraw, "value")  # one redraw for all, below
            widget.value = start[name]
            widget.observe(redraw, "value")
        redraw()

    for widget in widgets.values():
        widget.observe(redraw, "value")
    button.on_click(reset)
    redraw()
    return ipywidgets.VBox([*widgets.values(), button, shown])


def picture(callback, **values) -> str:
    """The figure that ``callback`` draws, as HTML, with its numbers in words.

    A state that does not exist becomes a message.
    """
    try:
        words = str(callback(**values))
    except (ConvergenceError, ValueError) as problem:
        words = message(f"Nothing to draw at these values: {problem}.")
    figure = plt.gcf()
    file = io.BytesIO()
    # Little compression is fast, and the picture never leaves the machine.
    figure.savefig(file, format="png", pil_kwargs={"compress_level": 1})
    plt.close(figure)
    data = base64.b64encode(file.getvalue()).decode()
    words = escape(words)
    image = f'<img alt="{words}" src="data:image/png;base64,{data}" style="max-width: 100%">'
    return f'{image}<pre style="white-space: pre-wrap; line-height: 1.4">{words}</pre>'


def message(text: str) -> str:
    """Draw ``text`` alone, so that no earlier figure seems to be the answer; returns it."""
    figure = plt.figure(figsize=(8, 1.6))
    figure.text(0.05, 0.5, text, wrap=True, va="center", fontsize=12)
    return text


# A decorator of callbacks: all that they draw is in the companion's style. The sheet is read once.
styled = matplotlib.rc_context(matplotlib.rc_params_from_file(STYLE, use_default_template=False))


def canvas(rows: int, columns: int, size, **margins):
    """(figure, flat list of axes) with fixed margins, those of ``Figure.subplots_adjust``.

    Automatic margins would take three times as long to draw.
    """
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="none")
    figure.subplots_adjust(**margins)
    return figure, list(axes.flat)
