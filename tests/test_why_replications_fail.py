"""Every mistake of notebook 06 is caught by its test, the correct part passes it, and effects are as theory says."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from dcm import Conductances, backprop, equilibrium, kernels, plasticity
from dcm.experiments.why_replications_fail import at_rest, broken, checklist, experiment, in_time
from dcm.experiments.why_replications_fail.associations import Task

CONFIG = experiment.Config()
WRONG = {name: broken.seen_through(getattr(broken, name)) for name in
         ("ApicalLoadAtOutput", "ForgottenBrackets", "BareBasal")}  # fmt: skip


def angle_at(prepared, reference, lam):
    return at_rest.angle(*at_rest.directions(CONFIG, lam, prepared, reference, 0))


def spread(passed, dt):
    return in_time.spread(passed(1.0, dt), dt)


def regression_run(n_patterns):
    config, circuit, teacher, rates, rng = in_time.regression(CONFIG, np.random.default_rng(0))
    inputs = rng.uniform(-1, 1, (200, config.sizes[0]))
    return n_patterns, circuit, inputs, teacher(inputs), rates


CASES = {
    checklist.output_rests_at_its_target: (plasticity, WRONG["ApicalLoadAtOutput"]),
    checklist.interneurons_rest_when_they_match: (plasticity, WRONG["ForgottenBrackets"]),
    checklist.construction_predicts_itself: (
        lambda circuit: circuit.self_predicting(),
        broken.copied_up,
    ),
    checklist.silent_dendrite_teaches_nothing: (plasticity, WRONG["BareBasal"]),
    checklist.weights_move_by_rate_times_time: (kernels.integrate, broken.rate_over_tau),
    checklist.run_is_long_enough: (regression_run(10_000_000), regression_run(10_000)),
    checklist.every_matrix_moves: (plasticity, broken.only_the_top),
    checklist.noise_does_not_depend_on_the_step: (
        partial(spread, lambda sigma, dt: sigma),
        partial(spread, broken.passed_for_sigma_dt),
    ),
    checklist.angle_to_backprop_vanishes: (
        partial(angle_at, True, backprop),
        partial(angle_at, True, broken.backprop_without_dendrites),
    ),
    checklist.settling_hardly_teaches: tuple(
        in_time.settling_bias(CONFIG, tau, 0)[0] for tau in (3.0, 0.0)
    ),
}


@pytest.mark.parametrize("test", checklist.ALL, ids=lambda test: test.__name__)
def test_the_checklist_passes_the_correct_part_and_catches_the_broken(test):
    correct, wrong = (part if isinstance(part, tuple) else (part,) for part in CASES[test])
    test(*correct)
    with pytest.raises(AssertionError, match=r"\w"):
        test(*wrong)


def test_the_checklist_is_complete_and_says_what_is_wrong():
    assert set(checklist.ALL) == set(CASES)
    assert len(checklist.ALL) == len(experiment.FAILURES)
    text = checklist.verdict(
        checklist.every_matrix_moves, plasticity, broken.only_the_top, written=broken.only_the_top
    )
    assert "correct: passes" in text
    assert "broken:  w_up[0, 1] never moves" in text
    assert "assert not still" in text
    assert '"""' not in text
    assert checklist.complaint(checklist.every_matrix_moves, plasticity) is None


@pytest.mark.parametrize("name", WRONG)
def test_a_rule_test_catches_its_own_mistake_only(name):
    tests = {"ApicalLoadAtOutput": checklist.output_rests_at_its_target, "BareBasal":
             checklist.silent_dendrite_teaches_nothing, "ForgottenBrackets":
             checklist.interneurons_rest_when_they_match}  # fmt: skip
    assert [other for other, test in tests.items() if checklist.complaint(test, WRONG[name])] == [
        name
    ]


@pytest.mark.parametrize("prepared", [True, False])
def test_the_ruler_is_wrong_with_a_random_start_or_with_another_net(prepared):
    reference = broken.backprop_without_dendrites if prepared else backprop
    assert checklist.complaint(
        checklist.angle_to_backprop_vanishes, partial(angle_at, prepared, reference)
    )


def test_broken_variants_change_one_factor_only():
    g = Conductances(0.12, 1.1, 0.7, 1.6, 0.5)
    factors = ("attenuation_hidden", "attenuation_output", "attenuation_interneuron",
               "mixing_hidden", "mixing_output", "mixing_interneuron")  # fmt: skip
    for cls, changed, value in (
        (broken.ApicalLoadAtOutput, "attenuation_output", 1.1 / 1.92),
        (broken.ForgottenBrackets, "attenuation_interneuron", 1.6 / 0.12 + 1.6),
        (broken.BareBasal, "attenuation_hidden", 1.0),
    ):
        wrong = cls(0.12, 1.1, 0.7, 1.6, 0.5)
        assert [name for name in factors if getattr(wrong, name) != getattr(g, name)] == [changed]
        assert getattr(wrong, changed) == pytest.approx(value)


def test_a_copy_of_w_up_is_right_only_below_the_output_and_with_equal_conductances():
    def silent(sizes, **conductances):
        task = Task.random(
            CONFIG, np.random.default_rng(0), sizes=sizes, conductances=Conductances(**conductances)
        )
        state = equilibrium(broken.copied_up(task.circuit), task.inputs)
        return all(np.abs(v).max() < 1e-12 for v in state.v_apical)

    assert silent((6, 5, 4))
    assert not silent((6, 5, 4), dendritic=1.6)
    assert not silent((6, 5, 5, 4))


def test_interneurons_with_forgotten_brackets_settle_where_theory_says_and_dendrites_go_quiet():
    g, config = (
        Conductances(),
        replace(CONFIG, sweeps=1000, eta_lateral=0.004, sizes=(12, 9, 4), n_associations=6),
    )
    outcome = at_rest.forgotten_brackets(config, np.random.default_rng(0))
    wrong = g.dendritic / g.leak + g.dendritic
    share = wrong * g.somatic / (wrong * (g.leak + g.dendritic + g.somatic) - g.dendritic)
    assert share == pytest.approx(0.44, abs=0.005)  # the value that has been seen in the wild
    for label, expected in (("correct", 1.0), ("broken", share)):
        above, inter = outcome.points[label]
        assert np.sum(above * inter) / np.sum(above**2) == pytest.approx(expected, abs=0.1)
        before, after = outcome.extra[label]
        assert after < before / 5


def test_the_apical_load_at_the_output_drives_potentials_away():
    outcome = at_rest.output_attenuation(replace(CONFIG, sweeps=400), np.random.default_rng(0))
    assert outcome.deviation["correct"] < 1e-12
    assert outcome.deviation["broken"] == pytest.approx(1 - 1.1 / 1.9)
    (start, right), (_, wrong) = outcome.extra["correct"], outcome.extra["broken"]
    assert right < start < wrong


def test_the_bare_dendrite_unlearns_its_input():
    config = replace(CONFIG, sweeps=400)
    outcome = at_rest.bare_basal(config, np.random.default_rng(0))
    assert outcome.deviation["broken"] == pytest.approx(config.mixing / (1 - config.mixing))
    assert outcome.left["correct"] < 0.7 * outcome.left["broken"]
    assert outcome.extra["correct"][1] == pytest.approx(outcome.extra["correct"][0])
    assert outcome.extra["broken"][1] < 0.05 * outcome.extra["broken"][0]


def test_a_rate_over_tau_is_a_smaller_rate_and_nothing_else():
    config = replace(CONFIG, epochs=10)
    outcome = in_time.no_low_pass(config, np.random.default_rng(0))
    moved = {label: np.vdot(x, y) / np.vdot(x, x) for label, (x, y) in outcome.points.items()}
    assert moved["none"] == pytest.approx(1.0, abs=0.01)
    assert moved["low-pass"] == pytest.approx(
        1 - 30 / 1000, abs=0.01
    )  # what the filter still holds after 1 s
    assert moved["none, rate / 30"] == pytest.approx(1 / 30, rel=0.01)


def test_sigma_dt_is_weaker_by_the_root_of_the_step():
    for dt in (0.1, 0.05):
        right, wrong = (
            in_time.spread(1.0, dt),
            in_time.spread(broken.passed_for_sigma_dt(1.0, dt), dt),
        )
        assert wrong / right == pytest.approx(np.sqrt(dt), rel=1e-9)
        exact = np.sqrt(
            1 / (2 * 1.1 * (1 - 1.1 * dt / 2))
        )  # stationary spread of the Euler scheme itself
        assert right == pytest.approx(exact, rel=0.03)


@pytest.mark.parametrize(
    "tau_input", [0.0, 0.5, 1.0, 3.0, 10.0]
)  # shorter ones are but a few Euler steps
def test_drift_while_settling_follows_theory(tau_input):
    config = replace(CONFIG, n_changes=40)
    measured, theory = in_time.settling_bias(config, tau_input, 1, scale_up=0.2)  # nearly linear
    assert measured == pytest.approx(theory, abs=0.02)


def test_the_pause_holds_the_settling_back():
    task = Task.random(CONFIG, np.random.default_rng(0), n=5)
    circuit, rates = (
        task.circuit.self_predicting(),
        experiment.in_time.LearningRates(up=0.001, ip=0.001),
    )
    shown = {"on": partial(kernels.integrate, tau_weights=0.0), "masked": broken.masked}
    moved = {label: np.abs(show(circuit, task.inputs, None, rates=rates).circuit.w_up[0] - circuit.w_up[0]).max()
             for label, show in shown.items()}  # fmt: skip
    assert moved["masked"] < 1e-2 * moved["on"]


def test_small_run_has_every_outcome_and_is_reproducible():
    config = replace(CONFIG, sweeps=80, epochs=2, n_changes=10, n_circuits=2,
                     regression=replace(CONFIG.regression, n_patterns=20_000, n_test=50))  # fmt: skip
    first, second = (experiment.run(config, np.random.default_rng(7)) for _ in range(2))
    assert list(first.outcomes) == list(experiment.FAILURES)
    for a, b in zip(first.outcomes.values(), second.outcomes.values(), strict=True):
        assert a.deviation == b.deviation
        for label, curve in a.curves.items():
            np.testing.assert_array_equal(curve, b.curves[label])
    short = first.outcomes["10⁴ patterns"]
    assert short.left["cut short"] > 0.99
    panels_draw_it(first)


def panels_draw_it(result):
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    from dcm.experiments.why_replications_fail import panels

    _, axes = plt.subplots(1, 2)
    panels.summary(axes, result)
    labels = [text.get_text() for text in axes[0].get_yticklabels()]
    assert labels == [f"{i}  {name}" for i, name in enumerate(result.outcomes, 1)]
    outcome = next(iter(result.outcomes.values()))
    dots = panels.match(plt.subplots()[1], outcome, "prediction", "soma")
    for artist, (x, y) in zip(dots, outcome.points.values(), strict=False):
        np.testing.assert_array_equal(artist.get_xdata(), x.ravel())
        np.testing.assert_array_equal(artist.get_ydata(), y.ravel())
    plt.close("all")
