"""The small task of notebook 06, and two ways to learn it: at steady states and through time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from dcm import Circuit, equilibrium, learn


@dataclass
class Outcome:
    """One mistake beside the correct run, by label: the first label is correct, the last broken."""

    points: dict = field(default_factory=dict)  # (theory, measured) at the fixed point
    x: np.ndarray = field(default_factory=lambda: np.zeros(0))  # abscissa of the curves, (n,)
    curves: dict = field(default_factory=dict)  # a measure of learning, (n,) or shorter
    extra: dict = field(default_factory=dict)  # each demonstration says what

    @property
    def deviation(self) -> dict[str, float]:
        """‖measured - theory‖ / ‖theory‖ per label."""
        norm = np.linalg.norm
        return {label: float(norm(y - x) / norm(x)) for label, (x, y) in self.points.items()}

    @property
    def left(self) -> dict[str, float]:
        """Last value of each curve over its first; NaN for one that starts at 0."""
        return {label: float(y[-1] / y[0]) if y[0] else np.nan for label, y in self.curves.items()}


@dataclass(frozen=True)
class Task:
    """A random ``circuit``, inputs (n, n_0) and target potentials (n, n_N) to give them."""

    circuit: Circuit
    inputs: np.ndarray
    u_targets: np.ndarray

    @classmethod
    def random(cls, config, rng) -> Task:
        """``config.n_associations`` inputs U(-1, 1), with target rates U(low, high)."""
        n = config.n_associations
        circuit = Circuit.random(config.sizes, rng, conductances=config.conductances)
        target_rates = rng.uniform(config.low, config.high, (n, config.sizes[-1]))
        inputs = rng.uniform(-1, 1, (n, config.sizes[0]))
        return cls(circuit, inputs, circuit.transfer.inverse(target_rates))

    def error(self, circuit) -> float:
        """Σ (r - r*)² of the output rates without teaching, mean over the associations."""
        r = circuit.transfer(equilibrium(circuit, self.inputs).u_p[-1])
        return float(np.mean(np.sum((r - circuit.transfer(self.u_targets)) ** 2, axis=1)))


def learn_settled(config, task, circuit, rates, *, taught=True, **options):
    """Associations shown together ``config.sweeps`` times: (circuit, sweeps (n,), errors (n,))."""
    every = config.sweeps // 40  # sweeps between two measurements
    inputs = np.tile(task.inputs, (every, 1))
    u_targets = np.tile(task.u_targets, (every, 1)) if taught else None
    sweeps = np.arange(0, config.sweeps + every, every)
    errors = [task.error(circuit)]
    for _ in sweeps[1:]:
        circuit, _ = learn(circuit, inputs, u_targets, rates, batch=len(task.inputs), **options)
        errors.append(task.error(circuit))
    return circuit, sweeps, np.array(errors)


def learn_timed(task, circuit, rates, epochs, rng, integrate):
    """The error at every epoch 0…n-1, (n,), each showing all associations in a random order."""
    now = None
    errors = [task.error(circuit)]
    for _ in epochs[1:]:
        order = rng.permutation(len(task.inputs))
        now = integrate(circuit, task.inputs[order], task.u_targets[order], rates=rates, start=now)
        circuit = now.circuit
        errors.append(task.error(circuit))
    return np.array(errors)
