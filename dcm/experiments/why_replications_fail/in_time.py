"""Mistakes seen in time: Eqs. 1-2, the filters of Eqs. 7-9, the length of a run."""

from dataclasses import replace
from functools import partial

import numpy as np

from dcm import Circuit, Conductances, LearningRates, equilibrium, kernels, plasticity
from dcm.experiments.measures import relative_distance
from dcm.experiments.teacher_regression.experiment import Teacher, measure, rates_of
from dcm.experiments.why_replications_fail import broken
from dcm.experiments.why_replications_fail.associations import Outcome, Task, learn_timed


def no_low_pass(config, rng) -> Outcome:
    """No filter, rate over τ_w. Points: what one second with one pattern teaches the output."""
    task = Task.random(replace(config, n_associations=1), rng)
    circuit = task.circuit.self_predicting()
    rates = LearningRates((0.0011875, 0.0005), 0.0011875, 0.0005)  # [SM*], as in notebook 02
    bracket = plasticity(circuit, equilibrium(circuit, task.inputs, task.u_targets)).up[-1]
    expected = 1e-8 * 1000.0 * bracket  # Eq. 6 as long as weights hardly change, η · time · bracket
    second = [np.tile(rows, (10, 1)) for rows in (task.inputs, task.u_targets)]
    variants = {
        "low-pass": kernels.integrate,
        "none": partial(kernels.integrate, tau_weights=0.0),
        "none, rate / 30": broken.rate_over_tau,
    }
    outcome = Outcome(x=np.arange(3 * config.epochs + 1))
    for label, integrate in variants.items():
        after = integrate(circuit, *second, rates=LearningRates(up=1e-8)).circuit
        outcome.points[label] = (expected, after.w_up[-1] - circuit.w_up[-1])
        outcome.curves[label] = learn_timed(task, circuit, rates, outcome.x, rng, integrate)
    return outcome


def short_run(config, rng) -> Outcome:
    """The regression of notebook 03: its error over patterns, whole and cut at ``config.short``."""
    c = config.regression
    circuit, teacher, rates, data_rng = regression(config, rng)
    test = data_rng.uniform(-1, 1, (c.n_test, c.sizes[0]))
    marks = np.unique([0, *np.geomspace(1000, c.n_patterns, 19).astype(int), config.short])
    errors = [measure(circuit, teacher, test)[0]]
    for patterns in np.diff(marks):
        for done in range(0, patterns, c.block):  # 10⁷ patterns at once would fill the memory
            inputs = data_rng.uniform(-1, 1, (min(c.block, patterns - done), c.sizes[0]))
            circuit, _ = kernels.learn(circuit, inputs, teacher(inputs), rates, duration=c.duration)
        errors.append(measure(circuit, teacher, test)[0])
    errors = np.array(errors)
    curves = {"whole run": errors, "cut short": errors[marks <= config.short]}
    return Outcome(x=marks, curves=curves)


def regression(config, rng) -> tuple:
    """(self-predicting circuit, teacher, rates, generator of the data) of notebook 03."""
    c = config.regression
    weight_rng, teacher_rng, data_rng = rng.spawn(3)
    circuit = Circuit.random(c.sizes, weight_rng, transfer=c.transfer, conductances=c.conductances)
    return circuit.self_predicting(), Teacher.random(c, teacher_rng), rates_of(c), data_rng


def weak_noise(config, rng) -> Outcome:
    """σ dt. Points: spread of output cells per time step. Curves: distance of w_pi per second."""
    g = Conductances()
    theory = config.noise / np.sqrt(2 * (g.leak + g.basal))  # Eq. 1 under white noise
    seconds = rng.uniform(-1, 1, (20, 10, config.sizes[0]))  # 20 times 10 patterns of 100 ms
    start = Circuit.random(config.sizes, rng).self_predicting()
    rates = LearningRates(ip=0.0011875, pi=0.0059375)  # [SM*]; noise makes w_pi wander
    seed = rng.integers(2**32)
    outcome = Outcome(x=np.arange(len(seconds) + 1))
    for label, passed in (("σ √dt", lambda sigma, dt: sigma), ("σ dt", broken.passed_for_sigma_dt)):
        spreads = [spread(passed(config.noise, dt), dt) for dt in config.time_steps]
        outcome.points[label] = (np.full(len(spreads), theory), np.array(spreads))
        options = {"noise": passed(config.noise, 0.1), "rng": np.random.default_rng(seed)}
        circuit = start
        now = None
        distances = [0.0]
        for inputs in seconds:
            now = kernels.integrate(circuit, inputs, rates=rates, start=now, **options)
            circuit = now.circuit
            distances.append(relative_distance(circuit.w_pi, start.w_pi))
        outcome.curves[label] = np.array(distances)
    return outcome


def spread(noise: float, dt: float) -> float:
    """Standard deviation of noisy output cells without any input, default conductances, settled."""
    silent = Circuit.random((1, 1, 200), np.random.default_rng(0), scale_up=0)
    options = {"rng": np.random.default_rng(0), "noise": noise, "dt": dt}
    recording = kernels.integrate(silent, np.zeros((3, 1)), record=("u_p[1]",), **options)
    return float(recording.traces["u_p[1]"][20:].std())


def settling(config, rng) -> Outcome:
    """Plasticity while the circuit settles. Points: w_up[0] before and after untaught patterns."""
    task = Task.random(config, rng)
    circuit = task.circuit.self_predicting()
    seed = rng.integers(2**32)
    inputs = rng.uniform(-1, 1, (config.n_changes, config.sizes[0]))
    variants = {
        "masked": broken.masked,
        "on, inputs low-passed": partial(kernels.integrate, tau_weights=0.0),
        "on, inputs jump": partial(kernels.integrate, tau_weights=0.0, tau_input=0.0),
    }
    untaught = LearningRates(up=0.0011875, ip=0.0011875)  # [SM*]
    rates = config.rates.scaled(0.5)
    outcome = Outcome(x=np.arange(config.epochs + 1))
    for label, integrate in variants.items():
        after = integrate(circuit, inputs, None, rates=untaught).circuit
        outcome.points[label] = (circuit.w_up[0], after.w_up[0])
        order = np.random.default_rng(seed)
        outcome.curves[label] = learn_timed(task, circuit, rates, outcome.x, order, integrate)
    bias = [settling_bias(config, tau_input, seed) for tau_input in config.tau_inputs]
    outcome.extra["bias"] = np.transpose(bias)  # (2, n_tau): measured and theory
    return outcome


def settling_bias(config, tau_input, seed, scale_up: float = 1.0) -> tuple[float, float]:
    """Bias of w_up[0] from settling without a target, as a share of that of inputs that jump.

    Returns (measured, theory). A soma lags its dendrite by τ_m = 1/(g_lk + g_B + g_A). When inputs
    jump, every change teaches -τ_m Cov(φ(u), r_in). Of low-passed inputs the share τ_m/(τ_0 + τ_m)
    remains [derived, for small ``scale_up``]. There and back, what differs by direction cancels.
    """
    rng = np.random.default_rng(seed)
    g = config.conductances
    lag = 1 / (g.leak + g.basal + g.apical)  # τ_m, ms
    eta = 1e-6
    circuit = Circuit.random(config.sizes, rng, conductances=g, scale_up=scale_up).self_predicting()
    there = rng.uniform(-1, 1, (config.n_changes // 2, config.sizes[0]))
    there_and_back = np.concatenate([there, there[-2::-1]])
    options = {"tau_input": tau_input, "tau_weights": 0.0, "start": equilibrium(circuit, there[0])}
    after = kernels.integrate(circuit, there_and_back, rates=LearningRates(up=eta), **options)
    change = after.circuit.w_up[0] - circuit.w_up[0]
    # A change teaches -η τ_m Δφ(u) r_newᵀ; there and back together -η τ_m Δφ(u) Δr_inᵀ, (n_1, n_0)
    rates = circuit.transfer(equilibrium(circuit, there).u_p[0])
    jumping = -eta * lag * np.diff(rates, axis=0).T @ np.diff(there, axis=0)
    share = np.sum(change * jumping) / np.sum(jumping**2)
    return float(share), lag / (tau_input + lag)
