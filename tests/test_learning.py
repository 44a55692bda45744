"""The learning rules against independent oracles: backprop, finite differences, and the order in
λ.
"""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad

from dcm import (
    Conductances,
    LearningRates,
    backprop,
    equilibrium,
    feedback_alignment,
    learn,
    plasticity,
    two_pass,
)
from dcm.experiments.backprop_approximation.experiment import (
    Config,
    at_mixing,
    compare,
)
from dcm.experiments.measures import angle
from dcm.model.backprop import descent

from circuits import make_circuit


def loss(circuit, r_in, u_target):
    """Section 3's loss as an integral: Φ(u*) - Φ(u) - φ(u)(u* - u) = ∫ from u to u* of φ(s) - φ(u)
    ds.
    """
    g, r = circuit.conductances, r_in
    for k, (w, b) in enumerate(zip(circuit.w_up, circuit.b_up, strict=True)):
        apical = g.apical if k < len(circuit.w_up) - 1 else 0
        u = g.basal / (g.leak + g.basal + apical) * (w @ r + b)
        r = circuit.transfer(u)
    pairs = zip(u, r, u_target, strict=True)
    return sum(
        quad(lambda s, rate=rate: circuit.transfer(s) - rate, a, b, epsabs=1e-12)[0]
        for a, rate, b in pairs
    )


@pytest.mark.parametrize("sizes", [(4, 3, 2), (4, 3, 3, 3, 2)], ids=str)
def test_backprop_is_the_gradient_of_the_loss(sizes, transfer, rng):
    circuit = make_circuit(sizes, transfer=transfer)
    r_in, u_target = rng.uniform(-1, 1, sizes[0]), rng.uniform(-1, 1, sizes[-1])
    weights, thresholds = descent(circuit, r_in, u_target, [w.T for w in circuit.w_up[1:]])
    for name, directions in (("w_up", weights), ("b_up", thresholds)):
        for k, direction in enumerate(directions):
            for index in np.ndindex(direction.shape):
                ends = []
                for step in (1e-5, -1e-5):
                    moved = [w.copy() for w in getattr(circuit, name)]
                    moved[k][index] += step
                    ends.append(loss(replace(circuit, **{name: tuple(moved)}), r_in, u_target))
                assert direction[index] == pytest.approx(
                    -(ends[0] - ends[1]) / 2e-5, rel=1e-5, abs=1e-9
                )


def test_feedback_alignment_is_backprop_for_transposed_feedback(rng):
    circuit = make_circuit((5, 4, 3, 2))
    transposed = circuit.with_feedback(w.T for w in circuit.w_up[1:])
    r_in, u_target = rng.uniform(-1, 1, (6, 5)), rng.uniform(-1, 1, (6, 2))
    for a, b in zip(
        backprop(circuit, r_in, u_target),
        feedback_alignment(transposed, r_in, u_target),
        strict=True,
    ):
        np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.parametrize("feedback", ["transposed", "random"])
@pytest.mark.parametrize("thresholds", [False, True])
def test_angle_to_backprop_vanishes_linearly_with_the_mixing_factor(feedback, thresholds, rng):
    circuit = make_circuit((12, 10, 9, 8, 7), thresholds=thresholds)
    if feedback == "transposed":
        circuit = circuit.with_feedback(w.T for w in circuit.w_up[1:])
    r_in, u_target = rng.uniform(-1, 1, 12), circuit.transfer.inverse(rng.uniform(0.2, 0.8, 7))
    angles = []
    for lam in (0.1, 0.03, 0.01):
        at_lam = at_mixing(circuit, lam, Config())
        angles.append(compare(at_lam, r_in, u_target, feedback)["angle"][:-1])
    assert max(angles[-1]) < 0.5
    slopes = np.diff(np.log(angles), axis=0) / np.diff(np.log([0.1, 0.03, 0.01]))[:, None]
    np.testing.assert_allclose(slopes, 1.0, atol=0.25)


def test_two_pass_update_points_like_the_relaxed_one(rng):
    circuit = make_circuit(
        (9, 8, 7, 6, 4), conductances=Conductances.from_mixing(0.01, 0.01, dendritic=1.4)
    )
    circuit = circuit.self_predicting()
    r_in, target = rng.uniform(-1, 1, 9), rng.uniform(-1, 1, 4)
    pair = (
        plasticity(circuit, settle(circuit, r_in, target)).up for settle in (equilibrium, two_pass)
    )
    assert max(angle(a, b) for a, b in zip(*pair, strict=True)) < 0.01


def test_learning_one_target_meets_it(rng):
    circuit = make_circuit((8, 6, 4)).self_predicting()
    r_in, u_target = rng.uniform(-1, 1, (1, 8)), rng.uniform(-1, 1, (1, 4))
    rates = LearningRates(up=0.002, ip=0.004, pi=0.001)
    learned, trace = learn(
        circuit, r_in.repeat(400, 0), u_target.repeat(400, 0), rates, record=("v_apical[0]",)
    )
    assert np.abs(equilibrium(learned, r_in[0]).u_p[-1] - u_target[0]).max() < 0.02
    silence = np.linalg.norm(trace.traces["v_apical[0]"], axis=1)
    assert silence[-1] < 0.05 * silence.max()


def test_arguments_are_left_alone(rng):
    circuit = make_circuit((5, 4, 3))
    kept = [w.copy() for w in circuit.w_up]
    inputs, targets = rng.uniform(-1, 1, (5, 5)), rng.uniform(-1, 1, (5, 3))
    copies = inputs.copy(), targets.copy()
    learn(circuit, inputs, targets, LearningRates(0.1, 0.1, 0.1, 0.1, thresholds=True))
    for w, old in zip(circuit.w_up, kept, strict=True):
        np.testing.assert_array_equal(w, old)
    np.testing.assert_array_equal(inputs, copies[0])
    np.testing.assert_array_equal(targets, copies[1])


def test_rates_per_layer_and_frozen_weights(rng):
    circuit = make_circuit((6, 5, 4, 3))
    inputs, targets = rng.uniform(-1, 1, (3, 6)), rng.uniform(-1, 1, (3, 3))
    learned, _ = learn(circuit, inputs, targets, LearningRates(up=(0, 0.1, 0), ip=0))
    assert learned.w_up[0] is circuit.w_up[0]
    assert np.abs(learned.w_up[1] - circuit.w_up[1]).max() > 0
    assert learned.b_up[1] is circuit.b_up[1]  # thresholds are not plastic unless asked for
    learned, _ = learn(circuit, inputs, targets, LearningRates(up=(0, 0.1, 0), thresholds=True))
    assert np.abs(learned.b_up[1] - circuit.b_up[1]).max() > 0


def test_a_rule_and_a_settling_of_ones_own(rng):
    """The README's variant: a rule that leaves the hidden layers alone."""
    circuit = make_circuit((6, 5, 3))

    def output_only(circuit, state):
        updates = plasticity(circuit, state)
        return replace(updates, up=(np.zeros_like(updates.up[0]), updates.up[1]))

    inputs, targets = rng.uniform(-1, 1, (3, 6)), rng.uniform(-1, 1, (3, 3))
    learned, _ = learn(
        circuit, inputs, targets, LearningRates(up=0.1), rule=output_only, settle=two_pass
    )
    np.testing.assert_array_equal(learned.w_up[0], circuit.w_up[0])
    assert np.abs(learned.w_up[1] - circuit.w_up[1]).max() > 0
