"""Notebook 01: lateral plasticity finds the self-predicting state; judge, panels, explorer."""

from dataclasses import replace

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from dcm import Conductances, LearningRates, kernels
from dcm.experiments.self_predicting_state import explorer, panels
from dcm.experiments.self_predicting_state.claims import self_prediction
from dcm.experiments.self_predicting_state.experiment import Config, measure, prepare, run, traces
from dcm.experiments.self_predicting_state.runs import LATERAL
from dcm.lab.store import Result

from circuits import UNEQUAL, make_circuit

matplotlib.use("agg")
SMALL = replace(Config(), sizes=(6, 5, 3), n_patterns=300, n_records=4, n_test=5)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


# The run


def test_lateral_plasticity_finds_the_self_predicting_state():
    rng = np.random.default_rng(3)
    circuit = make_circuit((8, 6, 4), conductances=UNEQUAL, thresholds=False)
    rates = LearningRates(ip=0.002, pi=0.004)
    learned, _ = kernels.learn(circuit, rng.uniform(-1, 1, (100_000, 8)), None, rates)
    unseen = rng.uniform(-1, 1, (100, 8))
    ratio = np.array(measure(learned, unseen)) / np.array(measure(circuit, unseen))
    assert max(ratio[:2]) < 0.02  # apical potential, interneuron mismatch
    # Distances of w_ip and w_pi: directions that inputs hardly excite come last.
    assert max(ratio[2:]) < 0.2
    np.testing.assert_array_equal(learned.w_up[0], circuit.w_up[0])


def test_a_run_holds_the_curves_and_the_weights_at_the_end():
    result = run(SMALL, np.random.default_rng(1))
    again = run(SMALL, np.random.default_rng(1))
    for name, array in result.arrays.items():
        np.testing.assert_array_equal(array, again[name], err_msg=name)
    np.testing.assert_array_equal(result["patterns"][[0, 1, -1]], [0, 10, 300])
    for name in ("apical", "mismatch", "distance_ip", "distance_pi"):
        assert result[name].shape == result["patterns"].shape
        assert result[name][-1] < result[name][0], name
    start, unseen, _ = prepare(SMALL, np.random.default_rng(1))
    trained = start.with_arrays(result.arrays)
    assert measure(start, unseen)[0] == result["apical"][0]
    assert measure(trained, unseen)[0] == result["apical"][-1]
    np.testing.assert_array_equal(trained.w_up[0], start.w_up[0])


def test_traces_show_the_same_inputs_and_noise_before_and_after_learning():
    result = run(SMALL, np.random.default_rng(1))
    start, *_ = prepare(SMALL, np.random.default_rng(1))
    trained = start.with_arrays(result.arrays)
    before, after = (traces(c, SMALL, np.random.default_rng(1)) for c in (start, trained))
    np.testing.assert_array_equal(before.t, np.arange(1500.0))
    np.testing.assert_array_equal(before.state.r_in, after.state.r_in)
    norms = [np.linalg.norm(r.traces["v_apical[0]"], axis=1).mean() for r in (before, after)]
    assert norms[1] < norms[0]


def test_a_run_of_seed_0_is_the_one_in_the_results_folder():
    """It shares its first records, which need few patterns, with the committed run."""
    committed = LATERAL.results()[0]
    config = Config()
    marks = committed["patterns"][1:12]
    early = replace(config, n_patterns=int(marks[-1]), n_records=1000)
    result = run(early, np.random.default_rng(0))
    at = np.searchsorted(result["patterns"], marks)
    np.testing.assert_array_equal(result["patterns"][at], marks)
    for name in ("apical", "mismatch", "distance_ip", "distance_pi"):
        np.testing.assert_allclose(result[name][at], committed[name][1:12], rtol=1e-9)


# Its claim


def lateral(fold=200.0, gap=150.0, ip=0.1, pi=0.02):
    arrays = {
        "apical": [fold, 1],
        "mismatch": [gap, 1],
        "distance_ip": [1, ip],
        "distance_pi": [1, pi],
    }
    return Result({}, {name: np.array(array) for name, array in arrays.items()})


@pytest.mark.parametrize(
    ("change", "holds"),
    [
        ({}, True),
        ({"fold": 90.0}, False),
        ({"gap": 90.0}, False),
        ({"ip": 0.16}, False),
        ({"pi": 0.06}, False),
    ],
)
def test_self_prediction_needs_all_four_numbers(change, holds):
    results = [lateral(), lateral(**change), lateral(**change)]
    verdict = self_prediction(results)
    assert verdict.holds == holds
    assert len(verdict.values) == 3


# Its panels


def curves(scale):
    patterns = np.array([0, 10, 100])
    names = ("apical", "mismatch", "distance_ip", "distance_pi")
    arrays = {name: scale / (n + 1.0 + patterns) for n, name in enumerate(names)}
    return Result({}, {"patterns": patterns, **arrays})


@pytest.mark.parametrize(
    ("panel", "names"),
    [
        (panels.potentials, ("apical", "mismatch")),
        (panels.distances, ("distance_ip", "distance_pi")),
    ],
)
def test_curves_are_medians_over_seeds_and_begin_at_the_first_pattern(panel, names):
    results = [curves(1.0), curves(2.0), curves(9.0)]
    one_seed = panel(plt.subplots()[1], results[:1])
    many = panel(plt.subplots()[1], results)
    for name, single, median in zip(names, one_seed, many, strict=True):
        np.testing.assert_array_equal(single.get_xdata(), [1, 10, 100])
        np.testing.assert_array_equal(single.get_ydata(), results[0][name])
        np.testing.assert_array_equal(median.get_ydata(), results[1][name])


def test_traces_are_of_the_first_output_cell_and_its_interneuron():
    start, *_ = prepare(SMALL, np.random.default_rng(1))
    recording = traces(start, SMALL, np.random.default_rng(1))
    soma, interneuron, norm = panels.traces(plt.subplots(2)[1], recording)
    found = recording.traces
    np.testing.assert_array_equal(soma.get_ydata(), found["u_p[1]"][:, 0])
    np.testing.assert_array_equal(interneuron.get_ydata(), found["u_i[0]"][:, 0])
    np.testing.assert_array_equal(norm.get_ydata(), np.linalg.norm(found["v_apical[0]"], axis=1))


# Its explorer


@pytest.mark.parametrize("pattern", [0, 9])
def test_the_tuned_circuit_is_silent_and_a_detuned_one_as_loud_as_theory_says(pattern):
    tuned = explorer.self_prediction(pattern=pattern)
    assert np.abs(tuned.apical).max() < 1e-12
    np.testing.assert_allclose(tuned.interneurons, tuned.above, atol=1e-12)
    # u_I = (1 - λ_I) c u_P + λ_I u_P: an interneuron whose input weights are c times too large
    off = explorer.self_prediction(ip=1.5, pattern=pattern)
    share = Conductances().mixing_interneuron
    np.testing.assert_allclose(
        off.interneurons - off.above, 0.5 * (1 - share) * off.above, atol=1e-9
    )
    # v_A = w_down φ(u_P) (1 - c): interneurons are right, their synapses c times too strong
    louder = explorer.self_prediction(pi=2.0, pattern=pattern)
    np.testing.assert_allclose(louder.interneurons, louder.above, atol=1e-9)
    assert np.linalg.norm(louder.apical) > 1


def test_silence_is_measured_over_the_factor_of_w_ip():
    shown = explorer.self_prediction(ip=0.5, pi=0.8)
    at = int(np.argmin(np.abs(explorer.FACTORS - 0.5)))
    assert shown.silence[at] == pytest.approx(np.linalg.norm(shown.apical))
    tuned = int(np.argmin(np.abs(explorer.FACTORS - 1)))
    assert np.argmin(explorer.self_prediction().silence) == tuned
