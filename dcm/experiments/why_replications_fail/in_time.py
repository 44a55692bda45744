"""Mistakes seen in time (Eqs. 1-2, the filters of Eqs. 7-9, the length of a run), beside the correct run.

Every demonstration takes (config, rng) and returns an ``Outcome``; ``config`` is ``why_replications_fail.Config``.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from dcm.experiments.measures import relative_distance
from dcm.experiments.teacher_regression.experiment import Teacher, measure
from dcm.experiments.why_replications_fail import broken
from dcm.experiments.why_replications_fail.associations import Outcome, Task, learn_timed
from dcm.model.circuit import Circuit
from dcm.model.conductances import Conductances
from dcm.model.plasticity import LearningRates, plasticity
from dcm.settle.equilibrium import equilibrium


def no_low_pass(config, rng) -> Outcome:
    """No filter, rate over τ_w. Points: output weight changes of 1 s against η · time · bracket, one pattern."""
    from dcm.kernels import integrate

    task, points, curves = Task.random(config, rng, n=1), {}, {}
    circuit, tiny = task.circuit.self_predicting(), LearningRates(up=1e-8)
    rates = LearningRates((0.0011875, 0.0005), 0.0011875, 0.0005)  # [SM*], as in notebook 02
    bracket = plasticity(circuit, equilibrium(circuit, task.inputs, task.u_targets)).up[-1]
    second = [np.tile(rows, (10, 1)) for rows in (task.inputs, task.u_targets)]
    shows = {
        "low-pass": integrate,
        "none": partial(integrate, tau_weights=0.0),
        "none, rate / 30": broken.rate_over_tau,
    }
    for label, show in shows.items():
        moved = show(circuit, *second, rates=tiny).circuit.w_up[-1] - circuit.w_up[-1]
        points[label] = (1e-8 * 1000.0 * bracket, moved)
        _, x, curves[label] = learn_timed(task, circuit, rates, 3 * config.epochs, rng, show)
    return Outcome(points, x, curves)


def short_run(config, rng) -> Outcome:
    """The regression of notebook 03, its error over patterns, whole and cut at ``config.short``."""
    from dcm.kernels import learn

    c, circuit, teacher, rates, data_rng = regression(config, rng)
    test = data_rng.uniform(-1, 1, (c.n_test, c.sizes[0]))
    marks = np.unique([*np.geomspace(1000, c.n_patterns, 19).astype(int), config.short])
    errors = [measure(circuit, teacher, test)[0]]
    for patterns in np.diff(marks, prepend=0):
        for done in range(0, patterns, c.block):  # 10⁷ patterns at once would fill the memory
            inputs = data_rng.uniform(-1, 1, (min(c.block, patterns - done), c.sizes[0]))
            circuit, _ = learn(circuit, inputs, teacher(inputs), rates, duration=c.duration)
        errors.append(measure(circuit, teacher, test)[0])
    marks, errors = np.concatenate([[0], marks]), np.array(errors)
    return Outcome(
        x=marks, curves={"whole run": errors, "cut short": errors[marks <= config.short]}
    )


def regression(config, rng) -> tuple:
    """(its Config, circuit that predicts itself, teacher, rates, generator of the data) of notebook 03."""
    c, (weight_rng, teacher_rng, data_rng) = config.regression, rng.spawn(3)
    circuit = Circuit.random(c.sizes, weight_rng, transfer=c.transfer, conductances=c.conductances)
    rates = LearningRates(c.eta_up, c.eta_ip, c.eta_pi)
    return c, circuit.self_predicting(), Teacher.random(c, teacher_rng), rates, data_rng


def weak_noise(config, rng) -> Outcome:
    """σ dt. Points: spread of output cells at each dt against σ/√(2g). Curves: relative distance of w_pi, over s."""
    from dcm.kernels import integrate

    g = Conductances()
    data = rng.uniform(-1, 1, (20, 10, config.sizes[0]))  # 20 records, each after one second
    start, rates = (
        Circuit.random(config.sizes, rng).self_predicting(),
        LearningRates(ip=0.0011875, pi=0.0059375),
    )
    seed, points, curves = rng.integers(2**32), {}, {}
    for label, passed in (("σ √dt", lambda sigma, dt: sigma), ("σ dt", broken.passed_for_sigma_dt)):
        spreads = np.array([spread(passed(config.noise, dt), dt) for dt in config.time_steps])
        points[label] = (
            np.full(len(spreads), config.noise / np.sqrt(2 * (g.leak + g.basal))),
            spreads,
        )
        now, distances, noise_rng = None, [0.0], np.random.default_rng(seed)
        for inputs in data:
            now = integrate(now.circuit if now else start, inputs, rates=rates, start=now, rng=noise_rng,
                            noise=passed(config.noise, 0.1))  # fmt: skip
            distances.append(relative_distance(now.circuit.w_pi, start.w_pi))
        curves[label] = np.array(distances)
    return Outcome(points, np.arange(len(data) + 1), curves)


def spread(noise: float, dt: float, n_cells: int = 200, seed: int = 0) -> float:
    """Standard deviation of isolated output cells (default conductances, no input) under noise, once settled."""
    from dcm.kernels import integrate

    silent = Circuit.random(
        (1, 1, n_cells), np.random.default_rng(seed), scale_up=0, scale_down=0, scale_lateral=0
    )
    recording = integrate(
        silent,
        np.zeros((3, 1)),
        rng=np.random.default_rng(seed),
        noise=noise,
        dt=dt,
        record=("u_p[1]",),
    )
    return float(recording.traces["u_p[1]"][20:].std())


def settling(config, rng) -> Outcome:
    """Plasticity while the circuit settles. Points: w_up[0] under changing inputs, no target, at start and end.

    Extra: ``bias`` (2, n_tau), measured and theory, of ``settling_bias`` at ``config.tau_inputs``.
    """
    from dcm.kernels import integrate

    task, points, curves = Task.random(config, rng), {}, {}
    circuit, eta = task.circuit.self_predicting(), config.eta / 2
    unfiltered, seed = partial(integrate, tau_weights=0.0), rng.integers(2**32)
    shows = {"masked": broken.masked, "on, inputs low-passed": unfiltered,
             "on, inputs jump": partial(unfiltered, tau_input=0.0)}  # fmt: skip
    inputs = rng.uniform(-1, 1, (config.n_changes, config.sizes[0]))
    for label, show in shows.items():
        after = show(circuit, inputs, None, rates=LearningRates(up=0.0011875, ip=0.0011875)).circuit
        points[label] = (circuit.w_up[0], after.w_up[0])
        order = np.random.default_rng(seed)
        _, x, curves[label] = learn_timed(
            task, circuit, LearningRates(eta, eta, eta / 2), config.epochs, order, show
        )
    bias = np.array([settling_bias(config, tau_input, seed) for tau_input in config.tau_inputs]).T
    return Outcome(points, x, curves, {"bias": bias})


def settling_bias(
    config, tau_input: float, seed: int, scale_up: float = 1.0
) -> tuple[float, float]:
    """(measured, theory) drift of w_up[0] without a target, as a share of what jumping inputs would teach.

    A soma lags its dendrite by τ_m = 1/(g_lk + g_B + g_A). When inputs jump, the old rate meets the new input, which
    teaches -τ_m Cov(φ(u), r_in) a change. Low-passed inputs carry the old pattern along, and of this a share
    τ_m/(τ_0 + τ_m) remains [derived, for potentials in the linear range of φ: small ``scale_up``]. Patterns are shown
    there and back, so that what differs between the two directions of a change cancels exactly.
    """
    from dcm.kernels import integrate

    rng, g, eta = np.random.default_rng(seed), config.conductances, 1e-6
    circuit = Circuit.random(config.sizes, rng, conductances=g, scale_up=scale_up).self_predicting()
    there, lag = (
        rng.uniform(-1, 1, (config.n_changes // 2, config.sizes[0])),
        1 / (g.leak + g.basal + g.apical),
    )
    inputs, start = np.concatenate([there, there[-2::-1]]), equilibrium(circuit, there[0])
    after = integrate(
        circuit,
        inputs,
        rates=LearningRates(up=eta),
        tau_input=tau_input,
        tau_weights=0.0,
        start=start,
    )
    rates = circuit.transfer(equilibrium(circuit, there).u_p[0])
    jumping = -eta * lag * np.diff(rates, axis=0).T @ np.diff(there, axis=0)
    share = np.sum((after.circuit.w_up[0] - circuit.w_up[0]) * jumping) / np.sum(jumping**2)
    return float(share), lag / (tau_input + lag)
