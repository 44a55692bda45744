"""Notebook 02: a target opens an apical error and learning closes it; judge and panels say so."""

from types import SimpleNamespace

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from dcm.experiments.error_in_the_dendrite import panels
from dcm.experiments.error_in_the_dendrite.claims import association
from dcm.experiments.error_in_the_dendrite.experiment import Config, balance, run
from dcm.experiments.error_in_the_dendrite.runs import ASSOCIATION
from dcm.kernels import integrate
from dcm.lab.store import Result

from circuits import make_circuit

matplotlib.use("agg")
MOMENTS = ("before", "arrival", "after")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


# The run


@pytest.fixture(scope="module")
def result():
    return run(Config(presentations=20), np.random.default_rng(0))


def test_a_run_begins_as_the_one_in_the_results_folder(result):
    """The recordings around the target's arrival do not depend on how long learning goes on."""
    committed = ASSOCIATION.results()[0]
    for name in ("before_t", "before_gap", "before_apical", "arrival_t", "arrival_gap"):
        np.testing.assert_allclose(result[name], committed[name], rtol=1e-9, err_msg=name)
    np.testing.assert_array_equal(result["presentation"], [0, 15, 16, 17, 18, 19, 20])
    for name in ("apical", "output_error"):
        np.testing.assert_allclose(result[name], committed[name][:7], rtol=1e-9, err_msg=name)


def test_the_balance_breaks_when_the_target_comes(result):
    before, arrival, _ = (result[f"{m}_top_down"] + result[f"{m}_lateral"] for m in MOMENTS)
    assert before.shape == arrival.shape == (200,)
    assert abs(arrival[50:].mean()) > 5 * abs(before.mean())
    assert result["level_onset"] > 10 * result["level_free"]
    # The output moves towards its target.
    missed = [abs(result[f"{m}_rate"][-100:].mean() - result["target_rate"]) for m in MOMENTS]
    assert missed[1] < missed[0]


def test_both_parts_add_up_to_the_apical_potential(rng):
    circuit = make_circuit((5, 4, 3))
    names = ("u_p[1]", "u_i[0]", "v_apical[0]", "w_pi[0]")
    recording = integrate(circuit, rng.uniform(-1, 1, (2, 5)), duration=20.0, record=names)
    top_down, lateral = balance(recording, 2)
    v_apical = recording.traces["v_apical[0]"][:, 2]
    np.testing.assert_allclose(top_down + lateral, v_apical, atol=1e-12)


# Its claim


@pytest.mark.parametrize(
    ("onset", "left", "output", "holds"),
    [(12, 5, 4, True), (9, 5, 4, False), (12, 11, 4, False), (12, 5, 6, False)],
)
def test_an_association_needs_onset_decay_and_output(onset, left, output, holds):
    arrays = {
        "presentation": [0, 200, 400, 600],
        "apical": [100.0, 50, left, 0],
        "output_error": [100.0, 50, output, 0],
        "level_onset": onset,
        "level_free": 1.0,
    }
    result = Result({}, {name: np.array(array) for name, array in arrays.items()})
    assert association([result]).holds == holds


# Its panels


@pytest.mark.parametrize("moment", MOMENTS)
def test_one_dendrite_and_one_output_cell_are_drawn_at_their_moment(moment, result):
    top_down, lateral, apical = panels.dendrite(plt.subplots()[1], [result], moment)
    rate, target = panels.output(plt.subplots()[1], [result], moment)
    np.testing.assert_array_equal(top_down.get_ydata(), result[f"{moment}_top_down"])
    np.testing.assert_array_equal(lateral.get_ydata(), result[f"{moment}_lateral"])
    np.testing.assert_array_equal(apical.get_ydata(), top_down.get_ydata() + lateral.get_ydata())
    np.testing.assert_array_equal(rate.get_ydata(), result[f"{moment}_rate"])
    assert set(target.get_ydata()) == {result["target_rate"]}


def test_curves_are_medians_over_seeds(result):
    scaled = {name: 3 * array for name, array in result.arrays.items()}
    same = {name: result[name] for name in ("presentation", "arrival_t")}
    louder = Result({}, scaled | same)
    seeds = [result, louder, louder]
    for panel, names in (
        (panels.mismatch, ["arrival_gap"]),
        (panels.apical_error, ["arrival_apical"]),
        (panels.closing, ["apical", "output_error"]),
    ):
        one_seed = panel(plt.subplots()[1], [result])
        many = panel(plt.subplots()[1], seeds)
        for name, single, median in zip(names, one_seed, many, strict=True):
            np.testing.assert_array_equal(single.get_ydata(), result[name])
            np.testing.assert_array_equal(median.get_ydata(), louder[name])


def test_the_overlay_draws_dcm_as_lines_and_brian2_as_dots():
    t = np.arange(0.0, 12.0, 2.0)
    names = ("v_apical[0]", "u_i[0]", "u_p[1]")
    traces = {name: np.arange(18.0).reshape(6, 3) + i for i, name in enumerate(names)}
    opposite = {name: -trace for name, trace in traces.items()}
    ours = SimpleNamespace(t=t, traces=traces)
    theirs = SimpleNamespace(t=t, options={"duration": 6.0}, traces=opposite)
    drawn = panels.over_brian2(plt.subplots(1, 3)[1], theirs, ours, cells=(0, 2))
    assert len(drawn) == 12
    second_panel_second_cell = drawn[3]
    np.testing.assert_array_equal(second_panel_second_cell.get_ydata(), ours.traces["u_i[0]"][:, 2])
    np.testing.assert_array_equal(drawn[9].get_ydata(), theirs.traces["u_i[0]"][::3, 2])
    np.testing.assert_array_equal(drawn[9].get_xdata(), [0.0, 6.0])
