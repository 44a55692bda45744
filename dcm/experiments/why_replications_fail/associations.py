"""The small task of notebook 06, and two ways to learn it: at steady states and through time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from dcm.model.circuit import Circuit
from dcm.model.plasticity import LearningRates, plasticity
from dcm.settle.equilibrium import equilibrium
from dcm.settle.learning import learn


@dataclass(frozen=True)
class Outcome:
    """One mistake beside the correct run, by label: the first label is correct, the last broken.

    Not a ``Result`` of named arrays as in the other notebooks: nothing is stored, no seeds are
    pooled, and a label says what a reader sees in the figure.

    Attributes
    ----------
    points : dict of (theory, measured)
        At the fixed point, two arrays of one shape per label. Empty: the fixed point is untouched.
    x : (n,)
        Abscissa of the curves.
    curves : dict of (n,)
        A measure of learning per label; a curve that is cut short has fewer entries.
    extra : dict
        Other measurements; each demonstration says which.
    """

    points: dict = field(default_factory=dict)
    x: np.ndarray = field(default_factory=lambda: np.zeros(0))
    curves: dict = field(default_factory=dict)
    extra: dict = field(default_factory=dict)

    @property
    def deviation(self) -> dict[str, float]:
        """‖measured - theory‖ / ‖theory‖ per label."""
        deviation = {}
        for label, (theory, measured) in self.points.items():
            gap = np.linalg.norm(measured - theory)
            deviation[label] = float(gap / np.linalg.norm(theory))
        return deviation

    @property
    def left(self) -> dict[str, float]:
        """Last value of each curve over its first; NaN for one that starts at 0."""
        left = {}
        for label, y in self.curves.items():
            left[label] = float(y[-1] / y[0]) if y[0] else np.nan
        return left


@dataclass(frozen=True)
class Task:
    """A random ``circuit``, inputs (n, n_0) and target potentials (n, n_N) to give them."""

    circuit: Circuit
    inputs: np.ndarray
    u_targets: np.ndarray

    @classmethod
    def random(cls, config, rng, *, sizes=None, conductances=None, n=None) -> Task:
        """Inputs U(-1, 1), target rates U(low, high); ``config`` has what is not given."""
        n = n or config.n_associations
        sizes = sizes or config.sizes
        circuit = Circuit.random(sizes, rng, conductances=conductances or config.conductances)
        target_rates = rng.uniform(config.low, config.high, (n, sizes[-1]))
        inputs = rng.uniform(-1, 1, (n, sizes[0]))
        return cls(circuit, inputs, circuit.transfer.inverse(target_rates))

    def error(self, circuit) -> float:
        """Σ (r - r*)² of the output rates without teaching, mean over the associations."""
        r = circuit.transfer(equilibrium(circuit, self.inputs).u_p[-1])
        r_target = circuit.transfer(self.u_targets)
        return float(np.mean(np.sum((r - r_target) ** 2, axis=1)))

    def potential_error(self, circuit) -> float:
        """As ``error``, of the output potentials: Σ (u - u*)²."""
        u = equilibrium(circuit, self.inputs).u_p[-1]
        return float(np.mean(np.sum((u - self.u_targets) ** 2, axis=1)))


def learn_settled(
    config, task, circuit, *, rule=plasticity, settle=equilibrium, rates=None, taught=True
):
    """Associations shown together ``config.sweeps`` times: (circuit, sweeps (n,), errors (n,))."""
    rates = rates or LearningRates(up=config.eta, ip=config.eta, pi=config.eta / 2)
    every = config.sweeps // 40  # sweeps between two measurements
    inputs = np.tile(task.inputs, (every, 1))
    u_targets = np.tile(task.u_targets, (every, 1)) if taught else None
    options = {"batch": len(task.inputs), "rule": rule, "settle": settle}
    sweeps = [0]
    errors = [task.error(circuit)]
    while sweeps[-1] < config.sweeps:
        circuit, _ = learn(circuit, inputs, u_targets, rates, **options)
        sweeps.append(sweeps[-1] + every)
        errors.append(task.error(circuit))
    return circuit, np.array(sweeps), np.array(errors)


def learn_timed(task, circuit, rates, epochs, rng, integrate):
    """Every association once per epoch, in random order: (circuit, epochs (n,), errors (n,)).

    ``integrate`` is ``dcm.kernels.integrate`` or a variant of it.
    """
    now = None
    errors = [task.error(circuit)]
    for _ in range(epochs):
        order = rng.permutation(len(task.inputs))
        inputs = task.inputs[order]
        now = integrate(circuit, inputs, task.u_targets[order], rates=rates, start=now)
        circuit = now.circuit
        errors.append(task.error(circuit))
    return circuit, np.arange(epochs + 1), np.array(errors)
