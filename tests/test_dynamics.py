"""Continuous time against closed forms, an independent ODE solver, and the steady state."""

import doctest
import inspect
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from dcm import Circuit, Conductances, LearningRates, equilibrium, integrate
from dcm.model.state import State, state_of
from dcm.settle import dynamics
from dcm.settle.recording import Run, at_rest

from circuits import make_circuit


def silent_circuit(conductances=Conductances(), sizes=(2, 2000, 2)):
    """No synapses at all: every soma decays on its own."""
    circuit = Circuit.random(sizes, np.random.default_rng(0), conductances=conductances)
    return replace(
        circuit,
        **{
            n: tuple(0 * w for w in getattr(circuit, n)) for n in ("w_up", "w_down", "w_ip", "w_pi")
        },
    )


def state_at(circuit, value, rng=None):
    n = circuit.sizes
    u_p, u_i = [np.full(m, value) for m in n[1:]], [np.full(m, value) for m in n[2:]]
    return State(np.zeros(n[0]), tuple(u_p), (), tuple(u_i), (), ())


def test_leak_decays_exponentially():
    g = Conductances(leak=0.2, basal=1e-12, apical=0.0, dendritic=1e-12, somatic=0.0)
    circuit = silent_circuit(g, (2, 3, 2))
    recording = integrate(
        circuit,
        np.zeros((1, 2)),
        start=state_at(circuit, 1.0),
        dt=0.01,
        duration=20.0,
        record=("u_p[0]",),
    )
    expected = np.exp(-0.2 * recording.t)
    np.testing.assert_allclose(
        recording.traces["u_p[0]"], expected[:, None].repeat(3, 1), rtol=0, atol=5e-4
    )


def test_noise_has_the_stationary_variance_of_an_ornstein_uhlenbeck_process(rng):
    g = Conductances(leak=0.1, basal=0.5, apical=0.4)
    circuit = silent_circuit(g)
    state = integrate(circuit, np.zeros((1, 2)), rng=rng, noise=0.3, duration=50.0).state
    total = g.leak + g.basal + g.apical
    expected = 0.3**2 / (
        2 * total - total**2 * 0.1
    )  # exact for Euler-Maruyama steps of .1 ms; σ²/2g for dt → 0
    assert state.u_p[0].var() == pytest.approx(expected, rel=0.15)
    assert abs(state.u_p[0].mean()) < 0.03


@pytest.mark.parametrize("nudged", [False, True])
def test_without_noise_it_settles_at_the_equilibrium(sizes, transfer, nudged, rng):
    circuit = make_circuit(sizes, transfer=transfer)
    r_in, target = rng.uniform(-1, 1, sizes[0]), rng.uniform(-1, 1, sizes[-1]) if nudged else None
    recording = integrate(
        circuit, r_in[None], None if target is None else target[None], duration=400.0, dt=0.2
    )
    settled = equilibrium(circuit, r_in, target)
    for name in ("u_p", "u_i", "v_apical", "v_basal", "v_inter"):
        for a, b in zip(getattr(recording.state, name), getattr(settled, name), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-9)


def test_euler_steps_approach_an_ode_solver_at_first_order(rng):
    circuit = make_circuit((7, 6, 5, 3))
    g, n = circuit.conductances, circuit.sizes
    r_in, target = rng.uniform(-1, 1, 7), rng.uniform(-1, 1, 3)
    cuts = np.cumsum([6, 5, 3, 5])

    def slopes(t, y):
        """Eqs. 1-5 once more, written out for two hidden layers."""
        u1, u2, u3, i1, i2 = np.split(y, cuts)
        decay = np.exp(-t / 3.0)
        phi, w, b = circuit.transfer, circuit.w_up, circuit.b_up
        r1, r2, r3 = phi(u1), phi(u2), phi(u3)
        a1 = circuit.w_down[0] @ r2 + circuit.w_pi[0] @ phi(i1)
        a2 = circuit.w_down[1] @ r3 + circuit.w_pi[1] @ phi(i2)
        d1 = (
            -g.leak * u1
            + g.basal * (w[0] @ (r_in * (1 - decay)) + b[0] - u1)
            + g.apical * (a1 - u1)
        )
        d2 = -g.leak * u2 + g.basal * (w[1] @ r1 + b[1] - u2) + g.apical * (a2 - u2)
        d3 = (
            -g.leak * u3
            + g.basal * (w[2] @ r2 + b[2] - u3)
            + g.somatic * (target * (1 - decay) - u3)
        )
        e1 = (
            -g.leak * i1
            + g.dendritic * (circuit.w_ip[0] @ r1 + circuit.b_ip[0] - i1)
            + g.somatic * (u2 - i1)
        )
        e2 = (
            -g.leak * i2
            + g.dendritic * (circuit.w_ip[1] @ r2 + circuit.b_ip[1] - i2)
            + g.somatic * (u3 - i2)
        )
        return np.concatenate([d1, d2, d3, e1, e2])

    exact = solve_ivp(slopes, (0, 4), np.zeros(sum(n[1:]) + sum(n[2:])), rtol=1e-10, atol=1e-12).y[
        :, -1
    ]
    error = []
    for dt in (0.02, 0.01, 0.005):
        state = integrate(circuit, r_in[None], target[None], dt=dt, duration=4.0).state
        error.append(np.abs(np.concatenate([*state.u_p, *state.u_i]) - exact).max())
    np.testing.assert_allclose(np.array(error[:-1]) / error[1:], 2.0, atol=0.1)
    assert error[-1] < 5e-3


def test_plasticity_filter_follows_its_closed_form(rng):
    """At a fixed point the induction term is constant, so Δ rises as 1 - (1 - dt/τ)^n."""
    circuit = make_circuit((4, 3, 2))
    r_in, target = rng.uniform(-1, 1, 4), rng.uniform(-1, 1, 2)
    settled = equilibrium(circuit, r_in, target)
    rates = LearningRates(up=1e-9)
    recording = integrate(
        circuit,
        r_in[None],
        target[None],
        rates=rates,
        start=settled,
        duration=60.0,
        tau_weights=30.0,
    )
    from dcm import plasticity

    induction = plasticity(circuit, settled).up[0]
    np.testing.assert_allclose(
        recording.induction.up[0], induction * (1 - (1 - 0.1 / 30) ** 600), rtol=1e-6
    )


def test_a_run_in_two_parts_equals_one_run(rng):
    circuit = make_circuit((6, 5, 3))
    inputs, targets = rng.uniform(-1, 1, (4, 6)), rng.uniform(-1, 1, (4, 3))
    options = {"rates": LearningRates(0.01, 0.01, 0.01), "noise": 0.2, "duration": 10.0}
    whole = integrate(circuit, inputs, targets, rng=np.random.default_rng(1), **options)
    noise = np.random.default_rng(1)
    first = integrate(circuit, inputs[:2], targets[:2], rng=noise, **options)
    second = integrate(first.circuit, inputs[2:], targets[2:], rng=noise, start=first, **options)
    for a, b in zip(whole.circuit.w_up, second.circuit.w_up, strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(whole.state.u_p, second.state.u_p, strict=True):
        np.testing.assert_array_equal(a, b)


def test_records_come_at_the_chosen_interval(rng):
    circuit = make_circuit((6, 5, 3))
    recording = integrate(
        circuit,
        rng.uniform(-1, 1, (2, 6)),
        duration=10.0,
        record=("u_p[1]", "w_ip[0]"),
        record_every=2.5,
    )
    np.testing.assert_allclose(recording.t, np.arange(0, 20, 2.5))
    assert recording.traces["u_p[1]"].shape == (8, 3)
    assert recording.traces["w_ip[0]"].shape == (8, 3, 5)


def documented_loop():
    """The loop of one's own that the docstring of ``dcm.settle.dynamics`` shows, and its names."""
    example = doctest.DocTestFinder().find(dynamics, "dynamics")[0]
    names = {}
    runner = doctest.DocTestRunner(verbose=False)
    example.globs = names
    assert runner.run(example, clear_globs=False).failed == 0
    return names["tiring"], names


def test_a_loop_of_ones_own_goes_on_with_its_extra_state():
    tiring, names = documented_loop()
    circuit = names["circuit"]
    r_in = names["r_in"]
    fresh = [np.zeros_like(u) for u in at_rest(circuit).u_p]
    whole, tired = tiring(circuit, at_rest(circuit), fresh, r_in, 0.5, steps=800)
    for ours, expected in zip(names["state"].u_p, whole.u_p, strict=True):
        np.testing.assert_array_equal(ours, expected)
    for ours, expected in zip(names["a"], tired, strict=True):
        np.testing.assert_array_equal(ours, expected)
        assert np.abs(ours).max() > 1e-2


def test_a_loop_of_ones_own_without_its_extra_current_is_integrate():
    tiring, names = documented_loop()
    circuit = names["circuit"]
    r_in = names["r_in"]
    fresh = [np.zeros_like(u) for u in at_rest(circuit).u_p]
    at_input = state_of(circuit, r_in, at_rest(circuit).u_p, at_rest(circuit).u_i)
    ours, _ = tiring(circuit, at_input, fresh, r_in, 0.0, steps=300)
    recording = integrate(circuit, r_in[None], duration=30.0, tau_input=0.0, start=at_input)
    for a, b in zip(ours.u_p, recording.state.u_p, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_run_has_the_arguments_and_defaults_of_integrate():
    def defaults(callable):
        return {p.name: p.default for p in inspect.signature(callable).parameters.values()}

    assert defaults(Run) == defaults(integrate)
