"""The theory that earlier attempts did not test: what must be exactly zero, for unequal
conductances and depth 4.
"""

import dataclasses

import numpy as np
import pytest

from dcm import (
    Conductances,
    backprop,
    equilibrium,
    feedback_alignment,
    plasticity,
    two_pass,
)

from circuits import make_circuit

SETTLE = [equilibrium, two_pass]


def largest(arrays):
    return max(np.abs(a).max() for a in arrays)


@pytest.mark.parametrize("settle", SETTLE)
def test_self_predicting_circuit_is_silent_and_predicts_the_layer_above(
    sizes, transfer, settle, rng
):
    circuit = make_circuit(sizes, transfer=transfer).self_predicting()
    state = settle(circuit, rng.uniform(-1, 1, (200, sizes[0])))
    assert largest(state.v_apical) < 1e-12
    assert largest(u_i - above for u_i, above in zip(state.u_i, state.u_p[1:], strict=True)) < 1e-12


@pytest.mark.parametrize("settle", SETTLE)
def test_self_prediction_needs_both_conditions(settle, rng):
    """Interneurons of the wrong gain with weights that still cancel: silence alone would not
    notice.
    """
    circuit = make_circuit((7, 6, 3)).self_predicting()
    wrong = dataclasses.replace(circuit, w_ip=tuple(1.3 * w for w in circuit.w_ip))
    state = settle(wrong, rng.uniform(-1, 1, (50, 7)))
    assert largest(u_i - above for u_i, above in zip(state.u_i, state.u_p[1:], strict=True)) > 0.01


@pytest.mark.parametrize("settle", SETTLE)
def test_target_equal_to_the_own_prediction_changes_nothing(sizes, transfer, settle, rng):
    circuit = make_circuit(sizes, transfer=transfer).self_predicting()
    r_in = rng.uniform(-1, 1, (20, sizes[0]))
    prediction = settle(circuit, r_in).u_p[-1]
    updates = plasticity(circuit, settle(circuit, r_in, prediction))
    for kind in ("up", "ip", "pi", "b_up", "b_ip"):
        assert largest(getattr(updates, kind)) < 1e-12, kind


@pytest.mark.parametrize("settle", SETTLE)
def test_met_target_means_soma_equals_dendritic_prediction_at_the_output(sizes, settle, rng):
    circuit = make_circuit(sizes).self_predicting()
    r_in = rng.uniform(-1, 1, sizes[0])
    target = settle(circuit, r_in).u_p[-1]
    state = settle(circuit, r_in, target)
    np.testing.assert_allclose(
        state.u_p[-1], circuit.attenuations[-1] * state.v_basal[-1], rtol=0, atol=1e-12
    )
    np.testing.assert_allclose(state.u_p[-1], target, rtol=0, atol=1e-12)


@pytest.mark.parametrize("settle", SETTLE)
def test_silent_apical_dendrite_leaves_hidden_up_weights_alone(sizes, settle, rng):
    circuit = make_circuit(sizes).self_predicting()
    updates = plasticity(circuit, settle(circuit, rng.uniform(-1, 1, (20, sizes[0]))))
    assert largest(updates.up[:-1]) < 1e-13


def test_an_apical_error_does_change_hidden_up_weights(sizes, rng):
    circuit = make_circuit(sizes).self_predicting()
    state = equilibrium(circuit, rng.uniform(-1, 1, sizes[0]), rng.uniform(1, 2, sizes[-1]))
    assert min(np.abs(u).max() for u in plasticity(circuit, state).up) > 1e-6


def test_equilibrium_obeys_the_mixing_formulas(sizes, rng):
    circuit = make_circuit(sizes)
    g = circuit.conductances
    target = rng.uniform(-1, 1, (5, sizes[-1]))
    state = equilibrium(circuit, rng.uniform(-1, 1, (5, sizes[0])), target)
    hat = [a * v for a, v in zip(circuit.attenuations, state.v_basal, strict=True)]
    for h, v_apical in enumerate(state.v_apical):
        np.testing.assert_allclose(state.u_p[h], hat[h] + g.mixing_hidden * v_apical, atol=1e-11)
        lam, hat_i = g.mixing_interneuron, g.attenuation_interneuron * state.v_inter[h]
        np.testing.assert_allclose(
            state.u_i[h], (1 - lam) * hat_i + lam * state.u_p[h + 1], atol=1e-11
        )
    lam = g.mixing_output
    np.testing.assert_allclose(state.u_p[-1], (1 - lam) * hat[-1] + lam * target, atol=1e-11)


def test_batch_equals_one_at_a_time(sizes, rng):
    circuit = make_circuit(sizes)
    r_in, target = rng.uniform(-1, 1, (6, sizes[0])), rng.uniform(-1, 1, (6, sizes[-1]))
    for settle in SETTLE:
        batch = settle(circuit, r_in, target)
        singles = [settle(circuit, x, t) for x, t in zip(r_in, target, strict=True)]
        for k, u in enumerate(batch.u_p):
            np.testing.assert_allclose(u, [s.u_p[k] for s in singles], atol=1e-11)
        mean = plasticity(circuit, batch)
        each = [plasticity(circuit, s) for s in singles]
        for kind in ("up", "ip", "pi", "down", "b_up", "b_ip"):
            for h, update in enumerate(getattr(mean, kind)):
                np.testing.assert_allclose(
                    update, np.mean([getattr(e, kind)[h] for e in each], axis=0), atol=1e-11
                )


def test_two_pass_meets_equilibrium_as_apical_conductance_vanishes(rng):
    r_in, target = rng.uniform(-1, 1, (20, 9)), rng.uniform(-1, 1, (20, 4))
    deviation = []
    for lam in (0.1, 0.01, 0.001):
        g = Conductances.from_mixing(lam, lam, leak=0.1, dendritic=1.3)
        circuit = make_circuit((9, 8, 7, 6, 4), conductances=g).self_predicting()
        full, fast = equilibrium(circuit, r_in, target), two_pass(circuit, r_in, target)
        deviation.append(largest(a - b for a, b in zip(full.u_p, fast.u_p, strict=True)))
    assert deviation[1] < deviation[0] / 30
    assert deviation[2] < deviation[1] / 30


@pytest.mark.parametrize("settle", SETTLE)
def test_any_leading_batch_axes(sizes, settle, rng):
    """A batch (3, 4, n) gives what the same patterns as (12, n) give."""
    circuit = make_circuit(sizes)
    r_in = rng.uniform(-1, 1, (3, 4, sizes[0]))
    target = rng.uniform(-1, 1, (3, 4, sizes[-1]))
    rows = [x.reshape(12, -1) for x in (r_in, target)]
    deep = settle(circuit, r_in, target)
    flat = settle(circuit, *rows)
    for a, b in zip((*deep.u_p, *deep.v_apical), (*flat.u_p, *flat.v_apical), strict=True):
        np.testing.assert_allclose(a.reshape(b.shape), b, atol=1e-11)
    updates = [plasticity(circuit, state) for state in (deep, flat)]
    for kind in ("up", "ip", "pi", "down", "b_up", "b_ip"):
        for a, b in zip(*(getattr(update, kind) for update in updates), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-11)
    for direction in (backprop, feedback_alignment):
        for a, b in zip(direction(circuit, r_in, target), direction(circuit, *rows), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-13)
