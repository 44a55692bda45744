"""Notebook 03: runs that resume, updates held to theory and sampling, panels, claims, explorer."""

import inspect
from dataclasses import replace

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from dcm import Conductances, SoftRectifier, equilibrium, kernels, plasticity
from dcm.experiments.teacher_regression import (
    claims,
    experiment,
    explorer,
    in_continuous_time,
    panels,
    runs,
)
from dcm.experiments.teacher_regression.transients import (
    KINDS,
    WINDOWS,
    lagging_soma,
    rectified,
    transients,
)
from dcm.lab import paths
from dcm.lab.checkpoint import Checkpoint
from dcm.lab.store import Result, write

from circuits import make_circuit

matplotlib.use("agg")
SMALL = replace(experiment.Config(), n_patterns=400, block=100, n_test=20)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture
def circuit():
    return make_circuit((6, 5, 4), transfer=SoftRectifier(theta=0.5))


def result(seed=0, **arrays):
    return Result({"seed": seed}, {name: np.asarray(a) for name, a in arrays.items()})


# The runs


def test_the_shallow_learner_moves_the_output_weights_only():
    start, *_ = experiment.prepare(SMALL, np.random.default_rng(0))
    full = experiment.run(SMALL, np.random.default_rng(0))
    shallow = experiment.run(replace(SMALL, learner="shallow"), np.random.default_rng(0))
    changed = {
        learner: {name for name, w in start.arrays().items() if (w != run[name]).any()}
        for learner, run in (("full", full), ("shallow", shallow))
    }
    assert changed["full"] == {"w_up_0", "w_up_1", "w_ip_0", "w_pi_0"}
    assert changed["shallow"] == {"w_up_1"}
    assert full["error"][0] == shallow["error"][0], "the same start, the same unseen inputs"


def test_a_run_ends_with_the_weights_that_it_measured_last():
    start, teacher, unseen, _ = experiment.prepare(SMALL, np.random.default_rng(0))
    run = experiment.run(SMALL, np.random.default_rng(0))
    assert run["patterns"].tolist() == [0, 100, 200, 300, 400]
    measured = experiment.measure(start.with_arrays(run.arrays), teacher, unseen)
    names = experiment.CURVES[1:]
    assert measured == tuple(run[name][-1] for name in names)


class Interruption:
    """A progress wrapper that interrupts the loop after some steps."""

    def __init__(self, after):
        self.after = after

    def __call__(self, iterable, desc="", **options):
        for number, item in enumerate(iterable):
            if number == self.after:
                raise KeyboardInterrupt
            yield item


LONG_RUNS = {
    "full": (experiment.run, SMALL),
    "shallow": (experiment.run, replace(SMALL, learner="shallow")),
    "continuous": (
        in_continuous_time.run,
        in_continuous_time.Config(
            replace(SMALL, block=20), start_at=40, n_patterns=40, chunk=10, n_probe=2
        ),
    ),
}


@pytest.mark.parametrize("case", LONG_RUNS)
def test_every_long_run_resumes_bit_for_bit(case, tmp_path):
    run, config = LONG_RUNS[case]
    whole = run(config, np.random.default_rng(5))
    checkpoint = Checkpoint(tmp_path / "c.npz", {"run": "a/b", "config": {"n": 1}, "seed": 0})
    with pytest.raises(KeyboardInterrupt):
        run(config, np.random.default_rng(5), Interruption(2), checkpoint)
    assert checkpoint.load()["step"] == 2, "what was done is kept"
    resumed = run(config, np.random.default_rng(5), Interruption(99), checkpoint)
    assert set(resumed.arrays) == set(whole.arrays)
    for name, array in whole.arrays.items():
        np.testing.assert_array_equal(resumed[name], array, err_msg=name)


def test_continuous_time_goes_on_from_the_checkpoint_of_the_steady_run():
    teacher = replace(experiment.Config(), n_patterns=60, block=20, n_test=10)
    config = in_continuous_time.Config(
        teacher, start_at=40, n_patterns=20, noise=0.0, chunk=20, n_probe=2
    )
    timed = in_continuous_time.run(config, np.random.default_rng(1))
    steady = experiment.run(teacher, np.random.default_rng(1))
    assert timed["patterns"].tolist() == [40, 60]
    assert timed["error"][0] == steady["error"][2], "the checkpoint"
    assert timed["error"][1] == pytest.approx(steady["error"][3], rel=1e-3), (
        "the same patterns, in continuous time"
    )


# What transients and noise do to an update, against theory and sampling


def test_the_last_stretch_of_a_presentation_is_the_steady_state(circuit, rng):
    def target(r_in):
        return np.zeros((*r_in.shape[:-1], 4))

    inputs = rng.uniform(-1, 1, (20, 6))
    found = transients(circuit, target, inputs, 0.2)
    assert found["probe_deviation"].shape == (2, len(WINDOWS) + 1, len(KINDS))
    quiet = found["probe_deviation"][0]
    assert (quiet[-2] < 1e-5).all(), "after 50 ms nothing is left of the change of pattern"
    assert quiet[0, 0] > 0.5, "in the first 5 ms the update into layer 1 is another one"
    assert (np.diff(quiet[1:-1], axis=0) < 0).all()
    np.testing.assert_allclose(found["probe_size"][0, -2], 1, atol=1e-5)


def test_a_lagging_soma_is_all_that_transients_do_where_nothing_else_lags(rng):
    """Weak weights, no pull, interneurons as fast as the layer above: the term is all of it."""
    g = Conductances(leak=0.12, basal=1.1, apical=0.7, dendritic=1.1, somatic=1e-9)
    circuit = make_circuit((6, 5, 4), thresholds=False, conductances=g, scale_up=0.1)
    inputs = rng.uniform(-1, 1, (40, 6))

    def target(r_in):
        return np.zeros((*r_in.shape[:-1], 4))

    size, cosine = lagging_soma(circuit.self_predicting(), target, inputs)
    assert size == pytest.approx(1, abs=0.05)
    assert cosine > 0.99


def test_what_noise_adds_is_what_sampling_finds(circuit, rng):
    """Noisy somata around equilibrium: the mean bracket of Eq. 7 in a long run, and the formula."""
    noise = 0.3
    r_in = rng.uniform(-1, 1, 6)
    u_target = np.full(4, 0.7)
    state = equilibrium(circuit, r_in, u_target)
    recording = kernels.integrate(
        circuit,
        np.tile(r_in, (80, 1)),
        np.tile(u_target, (80, 1)),
        rng=rng,
        noise=noise,
        dt=0.05,
        duration=1000.0,
        tau_input=0.0,
        start=state,
        record=("u_p[0]", "v_basal[0]"),
        record_every=2.0,
    )
    phi = circuit.transfer
    a = circuit.attenuations[0]
    bracket = phi(recording.traces["u_p[0]"]) - phi(a * recording.traces["v_basal[0]"])
    sampled = bracket.mean(axis=0) - (phi(state.u_p[0]) - phi(a * state.v_basal[0]))
    lift = rectified(noise)(circuit, state).up[0] - plasticity(circuit, state).up[0]
    formula = lift @ r_in / (r_in @ r_in)
    uncertain = 4 * bracket.std(axis=0) / np.sqrt(len(bracket) / 2)
    assert (np.abs(sampled - formula) < uncertain + 0.1 * formula.max()).all()
    assert sampled.mean() == pytest.approx(formula.mean(), rel=0.3)


# Panels


def test_both_learners_are_drawn_as_the_median_of_their_seeds():
    x = np.arange(3.0)
    full = [result(patterns=x, error=x + offset) for offset in (1.0, 2.0, 6.0)]
    shallow = [result(patterns=x, error=x + 9)]
    drawn = panels.errors(plt.subplots()[1], full, shallow)
    np.testing.assert_array_equal(drawn[0].get_ydata(), x + 2)
    np.testing.assert_array_equal(drawn[1].get_ydata(), x + 9)
    assert [line.get_label() for line in drawn] == ["full circuit", "shallow learner"]


def test_departures_are_in_percent_of_the_start_beside_the_steady_run_of_the_same_seed():
    steady = [
        result(seed=0, patterns=[0, 10, 20], error=[8.0, 4.0, 2.0]),
        result(seed=1, patterns=[0, 10, 20], error=[8.0, 5.0, 4.0]),
    ]
    moving = [result(seed=1, patterns=[10, 20], error=[5.0, 3.0])]
    drawn = panels.departures(plt.subplots()[1], {"noise": moving}, steady)
    np.testing.assert_allclose(drawn[0].get_ydata(), [100, 80])
    np.testing.assert_allclose(drawn[1].get_ydata(), [100, 60])


def test_results_that_are_not_there_yet_leave_their_place_empty():
    axes = plt.subplots(1, 6)[1]
    assert panels.errors(axes[0], [], []) == []
    assert panels.departures(axes[1], {"noise": []}, []) == []
    assert len(panels.transients(axes[2], [])) == 6


# Claims


def regression(end, start=0.1, n=3):
    return result(patterns=np.arange(n), error=np.linspace(start, end, n))


def test_the_full_circuit_must_be_three_times_better_and_below_a_quarter():
    shallow = [regression(0.06)]
    assert claims.beats_shallow([regression(0.019)], shallow).holds
    assert not claims.beats_shallow([regression(0.021)], shallow).holds
    assert not claims.beats_shallow([regression(0.026)], [regression(0.09)]).holds


def test_both_lateral_weights_must_come_within_fifteen_percent():
    def lateral(ip, pi):
        return [result(distance_ip=[1, ip], distance_pi=[1.4, pi])]

    assert claims.emergence(lateral(0.14, 0.1)).holds
    assert not claims.emergence(lateral(0.1, 0.16)).holds
    assert not claims.emergence(lateral(0.16, 0.1)).holds


@pytest.mark.parametrize(
    ("end", "holds"), [(46.0, True), (54.0, True), (66.0, False), (30.0, False)]
)
def test_about_45_degrees_means_within_ten(end, holds):
    run = result(angle_weights=[89.0, end], angle_errors=[89.0, end])
    verdict = claims.alignment([run], [], [], [], [])
    assert verdict.holds == holds
    assert verdict.partly


def test_learning_must_go_on_at_every_strength_and_rate():
    good = [regression(0.05)]
    bad = [regression(0.095)]
    assert claims.strengths(good, good, good).holds
    assert not claims.strengths(good, good, bad).holds
    assert claims.rates(good, good, bad, good, good).holds, "the largest rates may fail"
    assert not claims.rates(good, good, good, good, bad).holds


def test_the_error_must_fall_at_every_noise():
    falls = [regression(0.09)]
    rises = [regression(0.101)]
    assert claims.noise(falls, falls, falls).holds
    assert not claims.noise(falls, falls, rises).holds
    assert not claims.noise(rises, falls, falls).holds


def test_continuous_time_must_stay_within_five_percent():
    steady = [result(patterns=[0, 1, 2], error=[0.1, 0.09, 0.08])]

    def timed(end):
        deviation = np.ones((2, 6, 4))
        return [result(patterns=[1, 2], error=[0.09, end], probe_deviation=deviation)]

    assert claims.transients(timed(0.0838), steady, []).holds
    verdict = claims.transients(timed(0.0845), steady, [])
    assert not verdict.holds
    assert verdict.partly


# The explorer


def strength(g):
    x = np.linspace(0, 1e7, 5)
    return result(
        patterns=x,
        error=0.08 / (1 + g * x / 1e7),
        distance_ip=np.ones(5),
        distance_pi=np.full(5, 2.0),
        angle_weights=90 - g * x / 1e6,
    )


RESULTS = {g: strength(g) for g in (0.2, 0.8, 2.0)}


def test_the_chosen_curve_is_returned_and_in_front():
    shown = explorer.feedback_strength(RESULTS, 2.0, "angle_weights")
    np.testing.assert_array_equal(shown.values, RESULTS[2.0]["angle_weights"])
    widths = {line.get_label(): line.get_linewidth() for line in plt.gca().lines}
    assert max(widths, key=widths.get) == "2"
    assert len({line.get_linestyle() for line in plt.gca().lines}) == 3


@pytest.mark.parametrize(
    ("strength", "measure", "names"),
    [(0.5, "error", "0.2, 0.8, 2.0"), (0.8, "speed", "distance_ip")],
)
def test_an_unknown_strength_or_measure_names_what_there_is(strength, measure, names):
    with pytest.raises(ValueError, match=names):
        explorer.feedback_strength(RESULTS, strength, measure)


def test_every_control_is_an_argument_and_starts_at_one_of_its_options():
    arguments = inspect.signature(explorer.feedback_strength).parameters
    assert arguments["strength"].default in explorer.CONTROLS["strength"].options
    assert arguments["measure"].default in explorer.CONTROLS["measure"].options.values()


def test_committed_curves_are_found_by_strength(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "repository", lambda: tmp_path)
    assert explorer.committed() == {}
    run = runs.FEEDBACK[0.8].run(0)
    write(run.path, run.about, RESULTS[0.8].arrays)
    found = explorer.committed()
    assert list(found) == [0.8]
    np.testing.assert_array_equal(found[0.8]["error"], RESULTS[0.8]["error"])
