"""The interneurons' tracking: the predicted largest correction is the one that simulation finds."""

import dataclasses

import numpy as np
import pytest

from dcm import LearningRates, learn, two_pass
from dcm.experiments.mnist.tracking import largest_correction

from circuits import make_circuit


def mismatch(circuit, r_in):
    """Distance of the interneurons from their self-predicting potentials, without a target."""
    state = two_pass(circuit, r_in)
    return np.linalg.norm(state.u_i[0] - state.u_p[1])


def tracked(circuit, r_in, rates, times):
    """The circuit after the whole set of patterns was shown ``times`` times, as one batch each."""
    shown = np.tile(r_in, (times, 1))
    return learn(circuit, shown, None, rates, settle=two_pass, duration=1.0, batch=len(r_in))[0]


@pytest.mark.parametrize("thresholds", [False, True])
@pytest.mark.parametrize(("step", "grows"), [(0.5, False), (1.9, False), (2.1, True)])
def test_beyond_two_a_small_mismatch_grows_and_below_it_falls(step, grows, thresholds, rng):
    circuit = make_circuit((7, 12, 3), thresholds=thresholds).self_predicting()
    r_in = rng.uniform(0, 1, (20, 7))
    unit = largest_correction(
        circuit, r_in, LearningRates(ip=1.0, thresholds=thresholds), sweeps=200
    )[0]
    rates = LearningRates(ip=step / unit, thresholds=thresholds)
    assert largest_correction(circuit, r_in, rates, sweeps=200)[0] == pytest.approx(step)
    off = tuple(w + 1e-6 * rng.normal(size=w.shape) for w in circuit.w_ip)
    start = dataclasses.replace(circuit, w_ip=off)
    before, after = mismatch(start, r_in), mismatch(tracked(start, r_in, rates, 60), r_in)
    assert (after > 3 * before) if grows else (after < before)


def test_a_single_pattern_by_hand(rng):
    circuit, r_in = (
        make_circuit((5, 4, 3), thresholds=False).self_predicting(),
        rng.uniform(0, 1, 5),
    )
    g, r = circuit.conductances, circuit.transfer(two_pass(circuit, r_in).u_p[0])
    slopes = circuit.transfer.derivative(g.attenuation_interneuron * (circuit.w_ip[0] @ r))
    by_hand = 0.3 * g.mixing_interneuron * g.attenuation_interneuron * slopes.max() * (r @ r)
    assert largest_correction(circuit, r_in, LearningRates(ip=0.3))[0] == pytest.approx(by_hand)


def test_one_number_a_hidden_layer_proportional_to_its_rate(rng):
    circuit, r_in = make_circuit((9, 8, 7, 6, 4)), rng.uniform(0, 1, (30, 9))
    one = largest_correction(circuit, r_in, LearningRates(ip=1.0))
    other = largest_correction(circuit, r_in, LearningRates(ip=(0.5, 1.0, 2.0)))
    np.testing.assert_allclose(other, np.multiply(one, (0.5, 1, 2)))
