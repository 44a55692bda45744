"""The compiled mini-batch loops against what defines them: ``dcm.learn`` and ``dcm.backprop``."""

import dataclasses

import numpy as np
import pytest

import dcm
from dcm import Conductances, DivergenceError, LearningRates, SoftRectifier, two_pass
from dcm.model.backprop import descent
from dcm.model.circuit import WEIGHTS

from circuits import make_circuit

MIXING = Conductances.from_mixing(0.1, 0.2, 0.1)
SIZES = [
    (30, 40, 5),
    (50, 37, 33, 10),
    (9, 8, 7, 6, 4),
]  # layers of less and of more than one panel; the last odd
NET = np.ones((4, 4))
N = 203  # patterns: no multiple of a batch
RATES = {
    "all plastic": LearningRates(0.1, 0.2, 0.02, 0.01, thresholds=True),
    "feedback fixed": LearningRates(0.1, 0.2, thresholds=True),
    "without thresholds": LearningRates(0.1, 0.2),
    "interneurons only": LearningRates(ip=0.3, thresholds=True),
    "lateral inhibition only": LearningRates(pi=0.1),
    "top-down only": LearningRates(down=0.1),
}


def worst(a, b):
    """Largest relative deviation (maximum norm) over all weights of two circuits."""
    pairs = [
        pair for name in WEIGHTS for pair in zip(getattr(a, name), getattr(b, name), strict=True)
    ]
    return max(np.abs(x - y).max() / max(np.abs(x).max(), 1e-300) for x, y in pairs)


def patterns(sizes, rng, silent=0.0):
    """Inputs of which a share is 0, as pixels are, and one always; targets; an order of showing."""
    inputs = rng.uniform(0, 1, (N, sizes[0])) * (rng.random((N, sizes[0])) >= silent)
    inputs[:, 3] = 0
    return inputs, rng.normal(size=(N, sizes[-1])), rng.permutation(N)


def both(circuit, data, rates, batch=10):
    """The circuit after plain and after fast learning."""
    from dcm import kernels

    inputs, targets, order = data
    plain, _ = dcm.learn(
        circuit, inputs[order], targets[order], rates, settle=two_pass, duration=1.0, batch=batch
    )
    return plain, kernels.learn_two_pass(circuit, inputs, targets, rates, order=order, batch=batch)


@pytest.mark.parametrize("matched", [True, False], ids=["self-predicting", "random"])
@pytest.mark.parametrize("rates", RATES.values(), ids=RATES)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_two_pass_loop_equals_plain_learning(sizes, rates, matched, rng):
    circuit = make_circuit(sizes, conductances=MIXING)
    plain, fast = both(
        circuit.self_predicting() if matched else circuit, patterns(sizes, rng, silent=0.8), rates
    )
    assert worst(plain, fast) < 1e-12


@pytest.mark.parametrize(
    "up", [(0.2, 0, 0), (0, 0.2, 0), (0, 0, 0.2), (0.2, 0, 0.2), (0, 0, 0)], ids=str
)
@pytest.mark.parametrize("ip", [(0, 0), (0.1, 0), (0, 0.1)], ids=str)
def test_frozen_layers_stay_and_the_others_learn_as_in_plain_learning(up, ip, rng):
    circuit = make_circuit(SIZES[1], conductances=MIXING).self_predicting()
    plain, fast = both(circuit, patterns(SIZES[1], rng), LearningRates(up, ip, thresholds=True))
    assert worst(plain, fast) < 1e-12
    for name, etas in (
        ("w_up", up),
        ("b_up", up),
        ("w_ip", ip),
        ("b_ip", ip),
        ("w_down", ip),
        ("w_pi", ip),
    ):
        learns = [eta > 0 and name not in ("w_down", "w_pi") for eta in etas]
        changed = [
            (a != b).any() for a, b in zip(getattr(circuit, name), getattr(fast, name), strict=True)
        ]
        assert changed == learns


@pytest.mark.parametrize("batch", [1, 7, 10, 23, 60, 1000])
@pytest.mark.parametrize("silent", [0.0, 0.98])
def test_any_batch_size_with_dense_and_with_silent_inputs(batch, silent, rng):
    circuit = make_circuit(SIZES[0], conductances=MIXING)
    plain, fast = both(circuit, patterns(SIZES[0], rng, silent), RATES["all plastic"], batch)
    assert worst(plain, fast) < 1e-12


@pytest.mark.parametrize("rates", ["all plastic", "feedback fixed"])
def test_single_precision_stays_near_double(rates, rng):
    """After 203 patterns; the plain twin in single precision is as far off."""
    circuit, data = (
        make_circuit(SIZES[1], conductances=MIXING).self_predicting(),
        patterns(SIZES[1], rng, 0.8),
    )
    plain, _ = both(circuit, data, RATES[rates])
    _, fast = both(
        circuit.astype(np.float32),
        [x.astype(np.float32) for x in data[:2]] + [data[2]],
        RATES[rates],
    )
    assert all(w.dtype == np.float32 for name in WEIGHTS for w in getattr(fast, name))
    assert worst(circuit, plain) > 0.01
    assert worst(plain, fast) < 1e-5


def test_weights_from_silent_inputs_do_not_move_and_runs_are_reproducible_bit_for_bit(rng):
    from dcm import kernels

    circuit, (inputs, targets, order) = (
        make_circuit(SIZES[1]).astype(np.float32),
        patterns(SIZES[1], rng, 0.5),
    )
    before = [w.copy() for w in circuit.w_up]
    one, two = (
        kernels.learn_two_pass(circuit, inputs, targets, RATES["all plastic"], order=order)
        for _ in range(2)
    )
    np.testing.assert_array_equal(one.w_up[0][:, 3], circuit.w_up[0][:, 3])
    for name in WEIGHTS:
        for a, b in zip(getattr(one, name), getattr(two, name), strict=True):
            np.testing.assert_array_equal(a, b)
    for a, b in zip(before, circuit.w_up, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("batch", [1, 10, 14])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_backprop_loop_follows_the_reference_direction(sizes, batch, rng):
    from dcm import kernels

    circuit = make_circuit(sizes, conductances=Conductances(leak=0.0, apical=0.0))
    inputs, targets, order = patterns(sizes, rng, silent=0.5)
    w, b = [x.copy() for x in circuit.w_up], [x.copy() for x in circuit.b_up]
    etas = np.linspace(0.3, 0.1, len(w))
    kernels.learn_backprop(w, b, inputs, targets, etas, order=order, batch=batch)
    for rows in np.split(order, range(batch, N, batch)):
        directions, thresholds = descent(
            circuit, inputs[rows], targets[rows], [w.T for w in circuit.w_up[1:]]
        )
        w_up = tuple(x + eta * d for x, d, eta in zip(circuit.w_up, directions, etas, strict=True))
        b_up = tuple(x + eta * d for x, d, eta in zip(circuit.b_up, thresholds, etas, strict=True))
        circuit = dataclasses.replace(circuit, w_up=w_up, b_up=b_up)
    for k in range(len(w)):
        np.testing.assert_allclose(w[k], circuit.w_up[k], rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(b[k], circuit.b_up[k], rtol=1e-10, atol=1e-12)


def test_one_rate_stands_for_all_layers_in_both_twins(rng):
    from dcm import kernels
    from dcm.kernels import plain

    circuit, (inputs, targets, order) = make_circuit(SIZES[0]), patterns(SIZES[0], rng)
    ends = []
    for learn, eta in (
        (kernels.learn_backprop, 0.2),
        (plain.learn_backprop, 0.2),
        (plain.learn_backprop, [0.2] * len(circuit.w_up)),
    ):
        w, b = [x.copy() for x in circuit.w_up], [x.copy() for x in circuit.b_up]
        learn(w, b, inputs, targets, eta, order=order)
        ends.append([*w, *b])
    for other in ends[1:]:
        for one, two in zip(ends[0], other, strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-10, atol=1e-12)


def test_a_net_without_hidden_layer_is_the_delta_rule(rng):
    from dcm import kernels

    (inputs, targets, order), w, b = (
        patterns((20, 4), rng),
        rng.normal(size=(4, 20)),
        rng.normal(size=4),
    )
    learnt, shifted = [w.copy()], [b.copy()]
    kernels.learn_backprop(learnt, shifted, inputs, targets, 0.1, order=order[:10])
    u = inputs[order[:10]] @ w.T + b
    delta = (targets[order[:10]] - u) / (2 + 2 * np.cosh(u))  # φ' = 1 / (2 + 2 cosh u)
    np.testing.assert_allclose(learnt[0], w + 0.01 * delta.T @ inputs[order[:10]], rtol=1e-12)
    np.testing.assert_allclose(shifted[0], b + 0.01 * delta.sum(axis=0), rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_compiled_logistic_rates_are_exact_to_rounding(dtype):
    from dcm.kernels.minibatch import respond

    u = np.concatenate(
        [np.linspace(-40, 40, 100_001), [0.0, -1e-30, 1e-30, 700.0, np.inf, np.nan]]
    ).astype(dtype)[None]
    r = np.empty_like(u)
    respond(u, r)
    np.testing.assert_allclose(r, dcm.Logistic()(u.astype(float)), rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("rates", "named"), [({"pi": 1e12}, "pi"), ({"up": 1e12}, "up"), ({"ip": 1e12}, "ip")]
)
def test_divergence_names_pattern_and_rate(rates, named, dtype, rng):
    from dcm import kernels

    circuit, (inputs, targets, order) = (
        make_circuit(SIZES[0]).astype(dtype),
        patterns(SIZES[0], rng),
    )
    inputs, targets = inputs.astype(dtype), targets.astype(dtype)
    with pytest.raises(
        DivergenceError, match=rf"pattern \d+.*_{named}\[0\].*lower the learning rate {named}"
    ):
        kernels.learn_two_pass(circuit, inputs, targets, LearningRates(**rates), order=order)
    if named == "up":
        w, b = [w.copy() for w in circuit.w_up], [b.copy() for b in circuit.b_up]
        with pytest.raises(
            DivergenceError, match=r"backprop, pattern \d+.*lower the learning rate up"
        ):
            kernels.learn_backprop(w, b, inputs, targets, 1e12, order=order)


@pytest.mark.parametrize("where", [0, 1], ids=["inputs", "targets"])
def test_nan_is_not_learnt_in_silence(where, rng):
    from dcm import kernels

    circuit, data = make_circuit(SIZES[0]), patterns(SIZES[0], rng)
    data[where][5, 1] = np.nan
    name = ("inputs", "u_targets")[where]
    with pytest.raises(ValueError, match=f"{name} holds NaN or infinity; remove"):
        kernels.learn_two_pass(circuit, *data[:2], RATES["feedback fixed"], order=data[2])


def test_what_does_not_fit_is_named(rng):
    from dcm import kernels

    circuit, (inputs, targets, order) = make_circuit(SIZES[0]), patterns(SIZES[0], rng)
    rates, w, b = LearningRates(0.1), [*circuit.w_up], [*circuit.b_up]
    with pytest.raises(ValueError, match=r"inputs has shape \(203, 29\); its last axis must be 30"):
        kernels.learn_two_pass(circuit, inputs[:, 1:], targets, rates, order=order)
    with pytest.raises(ValueError, match=r"u_targets has shape \(202, 5\).*give one target per"):
        kernels.learn_backprop(w, b, inputs, targets[1:], 0.1, order=order)
    with pytest.raises(IndexError, match="203"):
        kernels.learn_two_pass(circuit, inputs, targets, rates, order=order + 1)
    with pytest.raises(ValueError, match="batch is 0"):
        kernels.learn_two_pass(circuit, inputs, targets, rates, order=order, batch=0)
    with pytest.raises(TypeError, match=r"circuit\.transfer is SoftRectifier.*use dcm\.learn"):
        kernels.learn_two_pass(
            make_circuit(SIZES[0], transfer=SoftRectifier()), inputs, targets, rates, order=order
        )


@pytest.mark.parametrize(
    ("damage", "match"),
    [
        ({"w": [np.ones((3, 4)), np.ones((2, 300))]}, r"w\[1\] has shape \(2, 300\).*\(2, 3\)"),
        ({"w": [np.ones((3, 4), int), np.ones((2, 3))]}, r"w\[0\] is a ndarray of int64; give"),
        ({"w": [[[1.0] * 4] * 3, np.ones((2, 3))]}, r"w\[0\] is a list; give an array"),
        ({"w": [np.ones((3, 4)), np.ones((2, 3), np.float32)]}, r"w\[1\] is float32, w\[0\] is"),
        ({"w": [np.ones((3, 4))]}, "w has 1 arrays and b 2; give one"),
        ({"b": [np.zeros(4), np.zeros(2)]}, r"b\[0\] has shape \(4,\)"),
        ({"b": [np.broadcast_to(0.0, 3), np.zeros(2)]}, r"b\[0\] is read-only.*give a copy"),
        ({"w": [NET[:3], NET[1:3, 1:]]}, r"w\[0\] and w\[1\] share memory; give a copy of one"),
        ({"u_targets": None}, "u_targets is None; give"),
        ({"eta": np.nan}, "eta is nan; give"),
        ({"eta": [0.1, -1.0]}, "eta is -1.0; give"),
        ({"eta": [0.1, 0.1, 0.1]}, r"eta has shape \(3,\); give 1 or 2"),
        ({"order": [0.5]}, r"order is \[0.5\]; give whole numbers from 0 to 4"),
        ({"order": [-1]}, "order holds -1; give whole numbers from 0 to 4"),
        ({"batch": 0}, "batch is 0; give"),
    ],
    ids=str,
)
def test_both_twins_refuse_a_net_that_does_not_fit(damage, match, rng):
    """They say the same, and leave the net alone."""
    from dcm import kernels
    from dcm.kernels import plain

    given = {"w": [np.ones((3, 4)), np.ones((2, 3))], "b": [np.zeros(3), np.zeros(2)], "eta": 0.1}
    given |= {"inputs": rng.uniform(size=(5, 4)), "u_targets": np.zeros((5, 2)), "order": [1, 2]}
    given |= damage
    messages = []
    for learn in (kernels.learn_backprop, plain.learn_backprop):
        with pytest.raises((ValueError, IndexError), match=match) as caught:
            learn(**given)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


def test_both_twins_learn_without_a_target_and_from_any_numbers(rng):
    from dcm import kernels
    from dcm.kernels import plain

    circuit = make_circuit(SIZES[0])
    inputs = rng.integers(0, 255, (4, 30)).astype(np.uint8)
    rates = LearningRates(0.01, 0.01, thresholds=True)
    ends = []
    for module in (kernels, plain):
        options = {"order": [3, 0, 3], "batch": 10**9}
        ends.append(module.learn_two_pass(circuit, inputs, None, rates, **options))
    assert worst(circuit, ends[0]) > 1e-3
    assert worst(*ends) < 1e-12


def test_a_net_that_runs_away_stays_as_it_was(rng):
    from dcm import kernels
    from dcm.kernels import plain

    for learn in (kernels.learn_backprop, plain.learn_backprop):
        w, b = [np.ones((3, 4)), np.ones((2, 3))], [np.zeros(3), np.zeros(2)]
        shown = {"order": np.arange(5), "batch": 1}
        with pytest.raises(DivergenceError, match=r"backprop, pattern 0: w_up\[0\] has run away"):
            learn(w, b, rng.uniform(size=(5, 4)), np.full((5, 2), 9.0), 1e12, **shown)
        for array in (*w, *b):
            assert np.ptp(array) == 0
