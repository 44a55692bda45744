"""The reference solutions, held to the package and to theory: no second truth is taught."""

import numpy as np
import pytest

from dcm import (
    Circuit,
    LearningRates,
    backprop,
    equilibrium,
    feedback_alignment,
    integrate,
    learn,
    plasticity,
)
from dcm.exercises import CATALOGUE
from dcm.exercises.chapter_1_through_time import traces
from dcm.exercises.chapter_3_learning import teacher_task
from dcm.exercises.checker.exercise import random_conductances
from dcm.experiments import measures
from dcm.experiments.backprop_approximation import experiment as backprop_approximation
from dcm.experiments.teacher_regression.experiment import Config, Teacher

from circuits import UNEQUAL, make_circuit

SOLVE = {id: exercise.solution for id, exercise in CATALOGUE.items()}


@pytest.fixture
def circuit():
    return make_circuit((7, 6, 5, 4), thresholds=False)


@pytest.fixture
def state(circuit, rng):
    return equilibrium(circuit, rng.uniform(-1, 1, 7), rng.uniform(-1, 1, 4))


def test_dendrites_and_somata_are_those_of_a_settled_circuit(circuit, state):
    phi = circuit.transfer
    for h in (0, 1):
        r_above = phi(state.u_p[h + 1])
        r_inter = phi(state.u_i[h])
        v_apical = SOLVE["1.1"](r_above, r_inter, circuit.w_down[h], circuit.w_pi[h])
        np.testing.assert_allclose(v_apical, state.v_apical[h])
        soma = SOLVE["1.3"](state.v_basal[h], v_apical, circuit.conductances)
        np.testing.assert_allclose(soma, state.u_p[h], rtol=1e-10)


def test_factors_are_those_of_conductances():
    assert SOLVE["1.2"](UNEQUAL, "hidden") == UNEQUAL.attenuation_hidden
    assert SOLVE["1.2"](UNEQUAL, "output") == UNEQUAL.attenuation_output
    hidden, output, interneuron = SOLVE["4.1"](UNEQUAL)
    assert hidden == UNEQUAL.mixing_hidden
    assert output == UNEQUAL.mixing_output
    assert interneuron == UNEQUAL.mixing_interneuron


def test_a_step_through_time_is_that_of_integrate(circuit, state, rng):
    one_step = {"noise": 0.3, "dt": 0.1, "duration": 0.1, "start": state}
    after = integrate(circuit, state.r_in[None], rng=np.random.default_rng(1), **one_step).state
    xi = np.random.default_rng(1).standard_normal((1, 15 + 9))[0, :6]  # 15 pyramidal cells first
    dendrites = state.v_basal[0], state.v_apical[0]
    step = SOLVE["1.4"](state.u_p[0], *dendrites, circuit.conductances, 0.3, 0.1, xi)
    np.testing.assert_allclose(after.u_p[0], step)


def test_a_soma_decays_with_the_inverse_of_its_total_conductance():
    assert SOLVE["1.5"]() == pytest.approx(1 / (0.1 + 1.0 + 0.8), rel=2e-3)


@pytest.mark.parametrize("seed", range(5))
def test_hidden_conductances_are_recovered(seed):
    g = random_conductances(np.random.default_rng((seed, 2018)))
    pyramidal = SOLVE["1.6"](*traces(seed))
    np.testing.assert_allclose(pyramidal, [g.leak, g.basal, g.apical], rtol=1e-6)
    interneuron = SOLVE["1.6"](*traces(seed, "interneuron"))
    np.testing.assert_allclose(interneuron, [g.leak, g.dendritic, g.somatic], rtol=1e-6)


def test_lateral_weights_are_the_self_predicting_ones(circuit):
    goal = circuit.self_predicting()
    for h, above in enumerate(("hidden", "output")):
        w_ip = SOLVE["2.1"](circuit.w_up[h + 1], circuit.conductances, above)
        np.testing.assert_allclose(w_ip, goal.w_ip[h])
        np.testing.assert_array_equal(SOLVE["2.2"](circuit.w_down[h]), goal.w_pi[h])


def test_the_dendrite_reports_detuning_in_proportion():
    assert SOLVE["2.3"]() == pytest.approx(2, rel=0.05)


def test_rules_are_those_of_plasticity(circuit, state):
    phi = circuit.transfer
    g = circuit.conductances
    updates = plasticity(circuit, state)
    for h in (0, 1):
        pi = SOLVE["3.1"](state.v_apical[h], phi(state.u_i[h]))
        np.testing.assert_allclose(pi, updates.pi[h])
        ip = SOLVE["3.2"](state.u_i[h], state.v_inter[h], phi(state.u_p[h]), g, phi)
        np.testing.assert_allclose(ip, updates.ip[h])


def test_the_filter_rises_with_its_time_constant():
    delta = 0.0
    for _ in range(3000):
        delta = SOLVE["3.3"](delta, 1.0, 0.01, 30.0)
    assert delta == pytest.approx(1 - np.exp(-1), rel=1e-3)


def test_the_estimated_journey_is_the_real_one():
    circuit, _, eta, ms = teacher_task()
    rng = np.random.default_rng(5)
    teacher = Teacher.random(Config.paper(), rng)
    inputs = rng.uniform(-1, 1, (400, 30))
    after, _ = learn(circuit, inputs, teacher(inputs), LearningRates(up=(eta, 0.0)), duration=ms)
    distance = measures.relative_distance(after.w_up[:1], circuit.w_up[:1])
    assert SOLVE["3.4"]() * len(inputs) / 1e4 == pytest.approx(distance, rel=0.5)
    assert 0.005 < SOLVE["3.4"]() < 0.02  # "about one per cent", says the notebook


def test_with_the_hidden_factor_the_output_passes_its_target(circuit):
    """Eq. 7 at the moment when u = u* = 1: the right bracket is 0, the wrong one positive."""
    g = circuit.conductances
    v_basal = (g.leak + g.basal) / g.basal
    assert g.attenuation_output * v_basal == pytest.approx(1)
    assert circuit.transfer(1.0) - circuit.transfer(g.attenuation_hidden * v_basal) > 0
    assert SOLVE["3.5"]() == "b"


def test_the_output_update_is_the_first_order_of_eq_7(rng):
    v_hat, u_target = rng.uniform(-1, 1, (2, 3))
    r_pre = rng.uniform(0, 1, 4)
    phi = make_circuit((4, 3, 2)).transfer
    rest = []
    for lam in (1e-2, 1e-3):
        exact = np.outer(phi(v_hat + lam * (u_target - v_hat)) - phi(v_hat), r_pre)
        rest.append(np.linalg.norm(exact - SOLVE["4.2"](v_hat, u_target, r_pre, lam, phi)))
    assert rest[1] == pytest.approx(rest[0] / 100, rel=0.05)


def test_the_error_travels_down_as_the_theory_says(circuit, rng):
    config = backprop_approximation.Config()
    circuit = backprop_approximation.at_mixing(circuit, 0.03, config)
    free = equilibrium(circuit, rng.uniform(-1, 1, 7))
    lead = backprop_approximation.leading_order(circuit, free, rng.uniform(-1, 1, 4))
    for h in (0, 1):
        slope = circuit.transfer.derivative(free.u_p[h + 1])
        error = SOLVE["4.3"](circuit.w_down[h], slope, lead[h + 1], 0.03)
        np.testing.assert_allclose(error, lead[h])


def test_the_angle_is_that_of_the_experiments(rng):
    a, b = rng.standard_normal((2, 4, 5))
    assert SOLVE["4.4"](a, b) == pytest.approx(measures.angle(a, b))
    assert SOLVE["4.4"](a, 2 * a) < 1e-5


def test_the_deepest_of_four_layers_is_of_fourth_order():
    assert SOLVE["4.5"]() == pytest.approx(4, abs=0.1)


def test_random_feedback_gives_feedback_alignment_not_backprop(rng):
    config = backprop_approximation.Config()
    circuit = backprop_approximation.at_mixing(Circuit.random((8, 7, 5), rng), 0.01, config)
    r_in = rng.uniform(-1, 1, 8)
    u_target = rng.uniform(-1, 1, 5)
    update = plasticity(circuit, equilibrium(circuit, r_in, u_target)).up[0]
    assert SOLVE["4.4"](update, feedback_alignment(circuit, r_in, u_target)[0]) < 1
    assert SOLVE["4.4"](update, backprop(circuit, r_in, u_target)[0]) > 30
    assert SOLVE["4.6"]() == "a"
