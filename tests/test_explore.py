"""Explorers: legible at every end of every slider, following, resetting, saying what is not."""

from html import escape

import ipywidgets
import matplotlib
import matplotlib.pyplot as plt
import pytest
from matplotlib.text import Text

from dcm.experiments.backprop_approximation import explorer as backprop_approximation
from dcm.experiments.mnist import explorer as mnist
from dcm.experiments.self_predicting_state import explorer as self_predicting_state
from dcm.experiments.teacher_regression import explorer as teacher_regression
from dcm.experiments.the_circuit import explorer as the_circuit
from dcm.lab.widgets import Slider, live, picture
from dcm.settle.equilibrium import ConvergenceError

matplotlib.use("agg")
# Per explorer: what draws, and its controls.
EXPLORERS = {
    "one_neuron": (the_circuit.one_neuron, the_circuit.CONTROLS),
    "self_prediction": (self_predicting_state.self_prediction, self_predicting_state.CONTROLS),
    "feedback_strength": (teacher_regression.feedback_strength, teacher_regression.CONTROLS),
    "digit": (mnist.digit, mnist.CONTROLS),
    "error_down": (backprop_approximation.error_down, backprop_approximation.CONTROLS),
}


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(params=EXPLORERS)
def explorer(request):
    """(what draws, its controls, its arguments without a control)."""
    fixed = {}
    if request.param == "feedback_strength":
        fixed["results"] = teacher_regression.committed()
    return *EXPLORERS[request.param], fixed


def extremes(control):
    """The first and the last value."""
    if isinstance(control, Slider):
        return control.low, control.high
    options = control.options
    values = list(options.values() if isinstance(options, dict) else options)
    return values[0], values[-1]


def ends(controls):
    """Every control at each of its ends, alone and all of them together."""
    cases = []
    for end in (0, 1):
        together = {name: extremes(control)[end] for name, control in controls.items()}
        cases.append(together)
        cases += [{name: value} for name, value in together.items()]
    return cases


def test_every_end_of_the_ranges_is_drawn_in_letters_of_ten_points(explorer):
    callback, controls, fixed = explorer
    for values in ends(controls):
        words = str(callback(**values, **fixed))
        assert "nan" not in words
        figure = plt.gcf()
        texts = [text for text in figure.findobj(Text) if text.get_text()]
        assert min(text.get_fontsize() for text in texts) >= 10
        inside = figure.get_tightbbox()
        width, height = figure.get_size_inches()
        assert inside.x0 >= 0, "cut off on the left"
        assert inside.y0 >= 0, "cut off below"
        assert inside.x1 <= width, "cut off on the right"
        assert inside.y1 <= height, "cut off above"
        assert width <= 9.6, "so wide that a page shrinks its letters"
        plt.close(figure)


def test_the_panel_starts_follows_its_controls_and_resets(explorer):
    callback, controls, fixed = explorer
    box = live(callback, controls, **fixed)
    *widgets, reset, shown = box.children
    # Headless runs of a notebook with an Output widget may never end.
    assert not isinstance(shown, ipywidgets.Output)
    start = [widget.value for widget in widgets]
    drawn = [shown.value]
    assert f">{escape(str(callback(**fixed)))}</pre>" in shown.value
    plt.close("all")
    shown.observe(lambda change: drawn.append(change.new), "value")
    for number, widget in enumerate(widgets, 2):
        assert widget.continuous_update is False
        if isinstance(widget, ipywidgets.SelectionSlider):
            widget.index = 1 - widget.index if widget.index < 2 else 0
        else:
            widget.value = widget.max
        assert len(drawn) == number, "one new figure"
    reset.click()
    assert [widget.value for widget in widgets] == start
    assert len(drawn) == len(widgets) + 2, "once, not once per control"
    assert drawn[-1] == drawn[0]
    assert not plt.get_fignums()
    for value in extremes(controls[next(iter(controls))]):
        widgets[0].value = value
    assert len(drawn) > len(widgets) + 2, "it follows again after a reset"


def test_the_users_settings_neither_reach_an_explorer_nor_are_changed_by_it():
    plain = picture(the_circuit.one_neuron)
    settings = {"text.usetex": True, "savefig.dpi": 37, "savefig.facecolor": "red", "font.size": 30}
    with matplotlib.rc_context(settings):
        before = dict(matplotlib.rcParams)
        assert picture(the_circuit.one_neuron) == plain
        assert dict(matplotlib.rcParams) == before


def test_a_state_that_does_not_exist_is_said_in_the_figure():
    def impossible():
        raise ConvergenceError("no steady state")

    shown = picture(impossible)
    words = "Nothing to draw at these values: no steady state."
    assert shown.count(words) == 2  # for the eye, and as alternative text
    assert f'alt="{words}"' in shown
