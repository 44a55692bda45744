"""Notebook 05: orders and angles follow Section 3.1; panels, claims and explorer show them."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from dcm.experiments.backprop_approximation import CLAIMS, claims, explorer, panels
from dcm.experiments.backprop_approximation.experiment import (
    FEEDBACK,
    MEASURES,
    Config,
    array_name,
    at_mixing,
    compare,
    fitted_order,
    run,
)
from dcm.lab.store import Result

from circuits import make_circuit

matplotlib.use("agg")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


# The experiment


@pytest.mark.parametrize("feedback", FEEDBACK)
@pytest.mark.parametrize("thresholds", [False, True])
def test_angle_to_backprop_vanishes_linearly_with_the_mixing_factor(feedback, thresholds, rng):
    circuit = make_circuit((12, 10, 9, 8, 7), thresholds=thresholds)
    if feedback == "transposed":
        circuit = circuit.with_feedback(w.T for w in circuit.w_up[1:])
    r_in = rng.uniform(-1, 1, 12)
    u_target = circuit.transfer.inverse(rng.uniform(0.2, 0.8, 7))
    lambdas = (0.1, 0.03, 0.01)
    angles = []
    for lam in lambdas:
        at_lam = at_mixing(circuit, lam, Config())
        angles.append(compare(at_lam, r_in, u_target, feedback)["angle"][:-1])
    assert max(angles[-1]) < 0.5
    slopes = np.diff(np.log(angles), axis=0) / np.diff(np.log(lambdas))[:, None]
    np.testing.assert_allclose(slopes, 1.0, atol=0.25)


def test_remainders_have_the_orders_of_section_3():
    config = Config(n_circuits=2)
    result = run(config, np.random.default_rng(7))
    for depth in config.depths:
        expected = [depth - k + 1 for k in range(depth)]
        for feedback in FEEDBACK:
            remainders = result[array_name("remainder_update", depth, feedback)]
            fitted = np.median(fitted_order(config, remainders), axis=0)
            np.testing.assert_allclose(fitted, expected, atol=0.15)


# The panels


def test_lines_are_medians_over_the_circuits_of_all_results():
    config = Config(depths=(2,), n_circuits=2)
    results = [run(config, np.random.default_rng(seed)) for seed in (0, 1)]
    lines = panels.over_mixing(plt.subplots()[1], results, config, "angle", 2, "random")
    angles = np.concatenate([result["angle 2 random"] for result in results])
    assert len(lines) == 2
    for k, line in enumerate(lines):
        np.testing.assert_array_equal(line.get_xdata(), config.lambdas)
        np.testing.assert_array_equal(line.get_ydata(), np.median(angles[..., k], axis=0))


def test_without_results_panels_stay_empty():
    assert panels.over_mixing(plt.subplots()[1], [], Config(), "angle", 2) == []


def test_the_end_of_float64_is_its_resolution_over_the_size_of_the_update():
    config = Config(depths=(2,), n_circuits=1)
    result = run(config, np.random.default_rng(0))
    *_, rounding = panels.remainder(plt.subplots()[1], [result], config, 2, "random")
    absolute = result["remainder_update 2 random"][0, :, 0]
    relative = result["relative_update 2 random"][0, :, 0]
    np.testing.assert_allclose(rounding.get_ydata(), np.finfo(float).eps * relative / absolute)


# The claims


def power_laws(extra=0.0):
    """A result whose measures follow the theory, its remainders up to ``extra`` in the exponent."""
    lambdas = np.array(claims.CONFIG.lambdas)[:, None]
    arrays = {}
    for depth, feedback in claims.CASES:
        linear = lambdas * np.ones(depth)
        steep = lambdas ** (np.arange(depth + 1, 1, -1) + extra)
        tables = dict.fromkeys(MEASURES, steep) | {"angle": 9 * linear, "two_pass": linear}
        for measure, table in tables.items():
            arrays[array_name(measure, depth, feedback)] = np.tile(table, (4, 1, 1))
    return Result({}, arrays)


def test_orders_and_angles_of_exact_power_laws():
    by_id = {claim.id: claim for claim in CLAIMS}
    assert by_id["T1"].judge([power_laws()]).values[0] < 1e-9
    assert by_id["T1"].judge([power_laws()]).holds
    assert not by_id["T1"].judge([power_laws(0.2)]).holds
    for name in ("T2", "T3"):
        verdict = by_id[name].judge([power_laws()])
        np.testing.assert_allclose(verdict.values, 0.09)
        assert verdict.holds
    assert by_id["T4"].judge([power_laws()]).holds


def test_wide_angles_and_constant_deviations_do_not_hold():
    result = power_laws()
    for depth, feedback in claims.CASES:
        result[array_name("angle", depth, feedback)][:, claims.SMALL] = 0.6
        result[array_name("two_pass", depth, feedback)][:] = 0.01
    assert not claims.angles("transposed", [result]).holds
    assert not claims.angles("random", [result]).holds
    assert not claims.two_passes([result]).holds


# The explorer


@pytest.mark.parametrize("target", [0, 9])
def test_the_angle_to_backprop_falls_linearly_while_exploring(target):
    small = np.array(explorer.error_down(target, 0.1).angles)
    smaller = np.array(explorer.error_down(target, 0.01).angles)
    assert small.max() < 6
    np.testing.assert_allclose(smaller / small, 0.1, rtol=0.15)


def test_random_feedback_aligns_with_feedback_alignment_and_not_with_backprop():
    shown = explorer.error_down(lam=0.01, feedback="random")
    assert max(shown.angles_alignment) < 0.6
    assert min(shown.angles[:2]) > 30


def test_the_apical_error_has_the_size_of_its_leading_order():
    shown = explorer.error_down(lam=0.01)
    for v, theory in zip(shown.nudged.v_apical, shown.theory, strict=True):
        np.testing.assert_allclose(v, theory, atol=0.02 * np.abs(theory).max())
    assert max(np.abs(v).max() for v in shown.free.v_apical) < 1e-12
