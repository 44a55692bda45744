"""Live figures: controls, a reset button, and a figure with its numbers in words that follows."""

import base64
import inspect
import io
from dataclasses import dataclass
from html import escape

import ipywidgets
import matplotlib.pyplot as plt

from dcm.lab.drawing import STYLE
from dcm.settle.equilibrium import ConvergenceError

# A decorator of callbacks: all that they draw is in the companion's style.
styled = plt.style.context(STYLE)


@dataclass(frozen=True)
class Slider:
    """A number from ``low`` to ``high`` in steps of ``step``; whole numbers when all three are."""

    label: str
    low: float
    high: float
    step: float


@dataclass(frozen=True)
class Choice:
    """One of ``options``, a dictionary of words to values or a tuple of values."""

    label: str
    options: tuple | dict


def widget(control: Slider | Choice, value):
    """The slider of a control, at ``value``; it reports a change when it is let go."""
    look = {"style": {"description_width": "19em"}, "layout": {"width": "44em"}}
    given = {"value": value, "description": control.label, "continuous_update": False, **look}
    if isinstance(control, Choice):
        pairs = control.options.items() if isinstance(control.options, dict) else control.options
        # Not a drop-down list: JupyterLab takes a list's arrow keys for itself.
        return ipywidgets.SelectionSlider(options=list(pairs), **given)
    kind = ipywidgets.IntSlider if isinstance(control.step, int) else ipywidgets.FloatSlider
    return kind(min=control.low, max=control.high, step=control.step, **given)


def live(callback, controls: dict, **fixed) -> ipywidgets.VBox:
    """Controls for some arguments of ``callback``, starting at its defaults, above what it draws.

    ``str`` of what ``callback`` returns are the figure's numbers in words. ``controls`` has a
    ``Slider`` or ``Choice`` per argument, ``fixed`` the arguments without one.
    """
    parameters = inspect.signature(callback).parameters
    start = {name: parameters[name].default for name in controls}
    sliders = {name: widget(control, start[name]) for name, control in controls.items()}
    tooltip = "Put every control back to where it started"
    button = ipywidgets.Button(description="Reset", tooltip=tooltip)
    # Not an Output widget: its messages can swallow the kernel's reply, and a headless run hangs.
    shown = ipywidgets.HTML()

    def redraw(change=None):
        shown.value = picture(callback, **fixed, **{k: s.value for k, s in sliders.items()})

    def reset(button):
        for name, slider in sliders.items():
            slider.unobserve(redraw, "value")  # one redraw for all, below
            slider.value = start[name]
            slider.observe(redraw, "value")
        redraw()

    for slider in sliders.values():
        slider.observe(redraw, "value")
    button.on_click(reset)
    redraw()
    return ipywidgets.VBox([*sliders.values(), button, shown])


@styled
def picture(callback, **values) -> str:
    """The figure that ``callback`` draws, as HTML; its numbers in words below and as ``alt``."""
    try:
        words = str(callback(**values))
    except (ConvergenceError, ValueError) as problem:  # no earlier figure in its place
        words = f"Nothing to draw at these values: {problem}."
        plt.figure(figsize=(8, 1.6)).text(0.05, 0.5, words, wrap=True, va="center", fontsize=12)
    figure = plt.gcf()
    file = io.BytesIO()
    figure.savefig(file, format="png", pil_kwargs={"compress_level": 1})  # large but fast
    plt.close(figure)
    data = base64.b64encode(file.getvalue()).decode()
    words = escape(words)
    image = f'<img alt="{words}" src="data:image/png;base64,{data}" style="max-width: 100%">'
    return f'{image}<pre style="white-space: pre-wrap; line-height: 1.4">{words}</pre>'


def canvas(rows: int, columns: int, size, **margins):
    """(figure, flat list of axes) with fixed margins; automatic ones take three times as long."""
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="none")
    figure.subplots_adjust(**margins)
    return figure, list(axes.flat)
