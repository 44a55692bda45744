"""Continuous time against the steady state: what transients and noise do to an update, against theory and sampling."""

from dataclasses import replace

import numpy as np
import pytest

from dcm import Conductances, SoftRectifier, equilibrium, kernels, plasticity
from dcm.experiments.teacher_regression import experiment as teacher_regression
from dcm.experiments.teacher_regression import in_continuous_time as teacher_continuous
from dcm.experiments.teacher_regression.in_continuous_time import Config
from dcm.experiments.teacher_regression.transients import (
    KINDS,
    WINDOWS,
    lagging_soma,
    rectified,
    transients,
)

from circuits import make_circuit


@pytest.fixture
def circuit():
    return make_circuit((6, 5, 4), transfer=SoftRectifier(theta=0.5))


def test_the_last_stretch_of_a_presentation_is_the_steady_state(circuit, rng):
    def target(r_in):
        return np.zeros((len(r_in), 4)) if r_in.ndim == 2 else np.zeros(4)

    inputs = rng.uniform(-1, 1, (20, 6))
    found = transients(circuit, target, inputs, 0.2)
    assert found["deviation"].shape == (2, len(WINDOWS) + 1, len(KINDS))
    quiet = found["deviation"][0]
    assert (quiet[-2] < 1e-5).all(), "after 50 ms nothing is left of the change of pattern"
    assert quiet[0, 0] > 0.5, "in the first 5 ms the update into layer 1 is another one"
    assert (np.diff(quiet[1:-1], axis=0) < 0).all()
    np.testing.assert_allclose(found["size"][0, -2], 1, atol=1e-5)


def test_a_lagging_soma_is_all_that_transients_do_where_nothing_else_lags(rng):
    """Weak weights, no pull, interneurons as fast as the layer above: the derived term is the whole deviation."""
    g = Conductances(leak=0.12, basal=1.1, apical=0.7, dendritic=1.1, somatic=1e-9)
    circuit = make_circuit(
        (6, 5, 4), thresholds=False, conductances=g, scale_up=0.1
    ).self_predicting()
    inputs = rng.uniform(-1, 1, (40, 6))
    size, cosine = lagging_soma(circuit, lambda r_in: np.zeros((*r_in.shape[:-1], 4)), inputs)
    assert size == pytest.approx(1, abs=0.05)
    assert cosine > 0.99


def test_what_noise_adds_is_what_sampling_finds(circuit, rng):
    """Noisy somata around their equilibrium: the mean bracket of Eq. 7 over a long run, against the formula."""
    noise, r_in, u_target = 0.3, rng.uniform(-1, 1, 6), np.full(4, 0.7)
    state = equilibrium(circuit, r_in, u_target)
    run = kernels.integrate(
        circuit, np.tile(r_in, (80, 1)), np.tile(u_target, (80, 1)), rng=rng, noise=noise, dt=0.05, duration=1000.0,
        tau_input=0.0, start=state, record=("u_p[0]", "v_basal[0]"), record_every=2.0,
    )  # fmt: skip
    phi, a = circuit.transfer, circuit.attenuations[0]
    bracket = phi(run.traces["u_p[0]"]) - phi(a * run.traces["v_basal[0]"])
    sampled = bracket.mean(axis=0) - (phi(state.u_p[0]) - phi(a * state.v_basal[0]))
    lift = rectified(noise)(circuit, state).up[0] - plasticity(circuit, state).up[0]
    formula = lift @ r_in / (r_in @ r_in)
    uncertain = 4 * bracket.std(axis=0) / np.sqrt(len(bracket) / 2)
    assert (np.abs(sampled - formula) < uncertain + 0.1 * formula.max()).all()
    assert sampled.mean() == pytest.approx(formula.mean(), rel=0.3)


def test_continuous_time_goes_on_from_the_checkpoint_of_the_steady_run():
    teacher = replace(teacher_regression.Config(), n_patterns=60, block=20, n_test=10)
    config = Config(teacher, start_at=40, n_patterns=20, noise=0.0, chunk=20, n_probe=2)
    moving = teacher_continuous.compute(config, np.random.default_rng(1))
    steady = teacher_regression.compute(teacher, np.random.default_rng(1))
    assert moving["patterns"].tolist() == [40, 60]
    assert moving["error"][0] == steady["error"][2], "the checkpoint"
    assert moving["error"][1] == pytest.approx(steady["error"][3], rel=1e-3), (
        "the same patterns, in continuous time"
    )
