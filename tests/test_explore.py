"""Explorers: their numbers agree with theory, and every slider at every extreme still draws a legible figure."""

import itertools
from dataclasses import dataclass
from html import escape

import ipywidgets
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.text import Text

from dcm import Conductances, explore
from dcm.experiments.mnist import kept_circuit as mnist_explorer
from dcm.experiments.mnist.learners import classify
from dcm.lab import widgets
from dcm.settle.equilibrium import ConvergenceError

matplotlib.use("agg")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@dataclass
class Curves:
    patterns: np.ndarray
    error: np.ndarray
    distance_ip: np.ndarray
    distance_pi: np.ndarray
    angle_weights: np.ndarray


x = np.linspace(0, 1e7, 5)
RESULTS = {
    g: Curves(x, 0.08 / (1 + g * x / 1e7), 1 + 0 * x, 2 + 0 * x, 90 - g * x / 1e6)
    for g in (0.2, 0.8, 2.0)
}
FIXED = {explore.feedback_strength: {"results": RESULTS}}
EXPLORERS = [pytest.param(callback, id=callback.__name__) for callback in explore.CONTROLS]


# What a reader sees


def ends(controls):
    """Every control at each of its ends, alone and all of them together."""
    low, high = (
        {name: control.extremes[end] for name, control in controls.items()} for end in (0, 1)
    )
    return [low, high, *({name: value} for side in (low, high) for name, value in side.items())]


@pytest.mark.parametrize("callback", EXPLORERS)
def test_every_end_of_the_ranges_is_drawn_in_letters_of_ten_points(callback):
    controls = explore.CONTROLS[callback]
    for values in ends(controls):
        words = str(callback(**values, **FIXED.get(callback, {})))
        assert "nan" not in words
        figure = plt.gcf()
        inside, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
        assert not {
            text.get_text()
            for text in figure.findobj(Text)
            if text.get_text() and text.get_fontsize() < 10
        }
        assert inside.x0 >= 0, "cut off on the left"
        assert inside.y0 >= 0, "cut off below"
        assert inside.x1 <= width <= 9.6, (
            "cut off on the right, or so wide that a page shrinks its letters"
        )
        assert inside.y1 <= height, "cut off above"
        plt.close(figure)


@pytest.mark.parametrize("callback", EXPLORERS)
def test_the_panel_starts_follows_its_controls_and_resets(callback):
    box = explore.live(callback, **FIXED.get(callback, {}))
    *controls, reset, shown = box.children
    assert not isinstance(shown, ipywidgets.Output), (
        "headless runs of a notebook with an Output widget may never end"
    )
    start, drawn = [control.value for control in controls], [shown.value]
    assert f">{escape(str(callback(**FIXED.get(callback, {}))))}</pre>" in shown.value
    plt.close("all")
    shown.observe(lambda change: drawn.append(change.new), "value")
    for number, control in enumerate(controls, 2):
        assert control.continuous_update is False
        if isinstance(control, ipywidgets.SelectionSlider):
            control.index = 1 - control.index if control.index < 2 else 0
        else:
            control.value = control.max
        assert len(drawn) == number, "one new figure"
    reset.click()
    assert [control.value for control in controls] == start
    assert len(drawn) == len(controls) + 2, "once, not once a control"
    assert drawn[-1] == drawn[0]
    assert not plt.get_fignums()


def test_a_state_that_does_not_exist_is_said_in_the_figure():
    def impossible():
        raise ConvergenceError("no steady state")

    shown = widgets.picture(impossible)
    assert (
        shown.count("Nothing to draw at these values: no steady state.") == 2
    )  # for the eye, and as alternative text
    assert 'alt="Nothing to draw at these values: no steady state."' in shown


# (a) one neuron


def test_attenuation_factors_by_hand():
    shown = explore.one_neuron(leak=0.1, basal=1.0, apical=0.8, somatic=0.5)
    g = shown.conductances
    assert g.attenuation_hidden == pytest.approx(1 / 1.9)
    assert g.attenuation_output == pytest.approx(1 / 1.1)
    assert g.mixing_hidden == pytest.approx(0.8 / 1.9)
    assert g.mixing_output == g.mixing_interneuron == pytest.approx(0.5 / 1.6)
    assert shown.soma == pytest.approx(shown.basal / 1.9 + 0.8 / 1.9 * shown.apical)
    bars, factors = plt.gcf().axes
    heights = [bar.get_height() for bar in bars.patches]
    np.testing.assert_allclose(
        heights,
        [shown.basal, shown.basal / 1.9, shown.apical, 0.8 / 1.9 * shown.apical, shown.soma],
    )
    np.testing.assert_allclose(
        [bar.get_width() for bar in factors.patches],
        [1 / 1.9, 1 / 1.1, 1 / 1.1, 0.8 / 1.9] + [0.5 / 1.6] * 2,
    )


@pytest.mark.parametrize("change", [{"pull": 0.0}, {"somatic": 0.0}])
@pytest.mark.parametrize("apical", [0.0, 0.8, 3.0])
def test_without_a_pull_the_apical_dendrite_is_silent_at_any_conductance(change, apical):
    assert abs(explore.one_neuron(apical=apical, neuron=3, **change).apical) < 1e-9
    assert abs(explore.one_neuron(apical=apical, neuron=3).apical) > 0.01


# (b) the self-predicting state


@pytest.mark.parametrize("pattern", [0, 9])
def test_the_tuned_circuit_is_silent_and_a_detuned_one_as_loud_as_theory_says(pattern):
    tuned = explore.self_prediction(pattern=pattern)
    assert np.abs(tuned.apical).max() < 1e-12
    np.testing.assert_allclose(tuned.interneurons, tuned.above, atol=1e-12)
    # u_I = (1 - λ_I) c u_P + λ_I u_P: an interneuron whose input weights are c times too large
    off, share = explore.self_prediction(ip=1.5, pattern=pattern), Conductances().mixing_interneuron
    np.testing.assert_allclose(
        off.interneurons - off.above, 0.5 * (1 - share) * off.above, atol=1e-9
    )
    # v_A = w_down φ(u_P) (1 - c): interneurons are right, their synapses c times too strong
    louder = explore.self_prediction(pi=2.0, pattern=pattern)
    np.testing.assert_allclose(louder.interneurons, louder.above, atol=1e-9)
    assert np.linalg.norm(louder.apical) > 1


def test_silence_is_measured_over_the_factor_of_w_ip():
    shown = explore.self_prediction(ip=0.5, pi=0.8)
    at = int(np.argmin(np.abs(explore.prediction.FACTORS - 0.5)))
    assert shown.silence[at] == pytest.approx(np.linalg.norm(shown.apical))
    assert np.argmin(explore.self_prediction().silence) == np.argmin(
        np.abs(explore.prediction.FACTORS - 1)
    )


# (c) the error's way down


@pytest.mark.parametrize("target", [0, 9])
def test_the_angle_to_backprop_falls_linearly_with_the_mixing_factor(target):
    small, smaller = (np.array(explore.error_down(target, lam).angles) for lam in (0.1, 0.01))
    assert small.max() < 6
    np.testing.assert_allclose(smaller / small, 0.1, rtol=0.15)


def test_random_feedback_aligns_with_feedback_alignment_and_not_with_backprop():
    shown = explore.error_down(lam=0.01, feedback="random")
    assert max(shown.angles_alignment) < 0.6
    assert min(shown.angles[:2]) > 30


def test_the_apical_error_has_the_size_of_its_leading_order():
    shown = explore.error_down(lam=0.01)
    for v, theory in zip(shown.nudged.v_apical, shown.theory, strict=True):
        np.testing.assert_allclose(v, theory, atol=0.02 * np.abs(theory).max())
    assert max(np.abs(v).max() for v in shown.free.v_apical) < 1e-12


# (d) feedback strength


def test_the_chosen_curve_is_returned_and_in_front():
    shown = explore.feedback_strength(RESULTS, 2.0, "angle_weights")
    np.testing.assert_array_equal(shown.values, RESULTS[2.0].angle_weights)
    widths = {line.get_label(): line.get_linewidth() for line in plt.gca().lines}
    assert max(widths, key=widths.get) == "2"
    assert len({line.get_linestyle() for line in plt.gca().lines}) == 3


@pytest.mark.parametrize(
    ("strength", "measure", "named"),
    [(0.5, "error", "0.2, 0.8, 2.0"), (0.8, "speed", "distance_ip")],
)
def test_an_unknown_strength_or_measure_names_what_there_is(strength, measure, named):
    with pytest.raises(ValueError, match=named):
        explore.feedback_strength(RESULTS, strength, measure)


def test_committed_curves_are_found_by_strength(tmp_path, monkeypatch):
    from dcm.commands import plan as paper_scale
    from dcm.lab import store as results

    monkeypatch.setattr(paper_scale, "repository", lambda: tmp_path)
    assert explore.strength.committed() == {}
    (run,) = [run for run in paper_scale.plan(1) if run.name == "teacher_regression/feedback-0.8"]
    results.write(run.path(tmp_path / "results"), run.about, vars(RESULTS[0.8]))
    found = explore.strength.committed()
    assert list(found) == [0.8]
    np.testing.assert_array_equal(found[0.8].error, RESULTS[0.8].error)


# (e) a digit


def test_the_kept_circuit_classifies_its_digits_and_is_small():
    kept = mnist_explorer.load(mnist_explorer.file())
    images, labels = (
        kept.images.reshape(-1, 784) / np.float32(255),
        np.repeat(range(10), mnist_explorer.PER_DIGIT),
    )
    assert np.mean(classify(kept.circuit, images) == labels) > 0.9
    assert kept.about["test_error"] < 6
    assert mnist_explorer.file().stat().st_size < 4_000_000


def test_the_nudge_moves_the_output_by_its_share_and_reaches_every_layer():
    shown = explore.digit(3, 0, target=8, strength=0.3)
    free, nudged = shown.free.u_p[-1], shown.nudged.u_p[-1]
    np.testing.assert_allclose(
        nudged, 0.7 * free + 0.3 * shown.nudged.u_target, rtol=1e-4, atol=1e-5
    )
    louder = [
        np.linalg.norm(n) / np.linalg.norm(f)
        for n, f in zip(shown.nudged.v_apical, shown.free.v_apical, strict=True)
    ]
    assert louder[1] > 20
    assert louder[0] > 1.5


def test_nudging_to_the_right_class_says_less_than_to_a_wrong_one():
    right, wrong = (
        np.linalg.norm(explore.digit(0, 0, target=t).nudged.v_apical[1]) for t in (0, 8)
    )
    assert right < 0.5 * wrong


def test_no_nudge_is_the_free_state():
    shown = explore.digit(strength=0.0)
    assert shown.nudged is shown.free


def test_a_small_circuit_is_made_saved_and_loaded_alike(tmp_path):
    from dcm.experiments.mnist import data as datasets

    config = mnist_explorer.mnist.Config(hidden=(5, 4), epochs=1)
    kept, again = (mnist_explorer.make(config, 1, data=datasets.small_digits()) for _ in range(2))
    mnist_explorer.save(kept, tmp_path / "kept.npz")
    loaded = mnist_explorer.load(tmp_path / "kept.npz")
    for one, two, three in zip(
        kept.circuit.w_up, again.circuit.w_up, loaded.circuit.w_up, strict=True
    ):
        np.testing.assert_array_equal(one, two)
        np.testing.assert_array_equal(one, three)
    np.testing.assert_array_equal(loaded.images, kept.images)
    assert loaded.about["data"] == "small digits (not MNIST)"


def test_a_missing_circuit_says_how_to_make_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="mnist_explorer"):
        mnist_explorer.load(tmp_path / "none.npz")


# Colours


MACHADO = {  # severity 1, on linear RGB: Machado, Oliveira & Fernandes (2009), IEEE TVCG 15
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}
# Colours that share a panel and are told apart only by it, without another line style, marker, hatch or position.
TOGETHER = list(itertools.combinations(("pyramidal", "interneuron", "apical", "target"), 2))


def lab(rgb):
    """CIE L*a*b* (D65) of linear RGB."""
    xyz = (
        np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
        @ rgb
    )
    f = np.cbrt(xyz / [0.9505, 1, 1.089])
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("kind", MACHADO)
def test_compartments_stay_apart_for_colour_blind_readers(kind):
    from dcm.lab.drawing import COLOURS

    seen = {}
    for name, colour in COLOURS.items():
        srgb = np.array(matplotlib.colors.to_rgb(colour))
        linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
        seen[name] = lab(np.clip(MACHADO[kind] @ linear, 0.008856, 1))
    for one, two in TOGETHER:
        assert np.linalg.norm(seen[one] - seen[two]) > 20, (one, two)


def test_the_style_sheet_has_no_letters_below_ten_points():
    sheet = matplotlib.rc_params_from_file(explore.widgets.STYLE, use_default_template=False)
    sizes = [
        sheet[name]
        for name in sheet
        if name.endswith(("labelsize", "titlesize", "fontsize", "font.size"))
    ]
    assert len(sizes) >= 6
    assert min(sizes) >= 10
