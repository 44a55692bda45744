"""The small task of notebook 06, and two ways to learn it: at steady states, and in continuous time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from dcm.model.circuit import Circuit
from dcm.model.plasticity import LearningRates, plasticity
from dcm.settle.equilibrium import equilibrium
from dcm.settle.learning import learn


@dataclass(frozen=True)
class Outcome:
    """One mistake beside the correct run. In both dictionaries the first entry is correct, the last broken.

    Attributes
    ----------
    points : dict of (theory, measured)
        At the fixed point, two arrays of one shape a label. Empty: the fixed point is not touched.
    x : (n,)
        Abscissa of the curves.
    curves : dict of (n,)
        A measure of learning a label.
    extra : dict
        What else was measured; each demonstration says what.
    """

    points: dict = field(default_factory=dict)
    x: np.ndarray = field(default_factory=lambda: np.zeros(0))
    curves: dict = field(default_factory=dict)
    extra: dict = field(default_factory=dict)

    @property
    def deviation(self) -> dict[str, float]:
        """‖measured - theory‖ / ‖theory‖ a label."""
        return {
            k: float(np.linalg.norm(y - x) / np.linalg.norm(x)) for k, (x, y) in self.points.items()
        }

    @property
    def left(self) -> dict[str, float]:
        """Last value of each curve over its first; NaN for one that starts at 0."""
        return {k: float(y[-1] / y[0]) if y[0] else np.nan for k, y in self.curves.items()}


@dataclass(frozen=True)
class Task:
    """A random ``circuit``, inputs (n, n_0) and target potentials (n, n_N) to associate with them."""

    circuit: Circuit
    inputs: np.ndarray
    u_targets: np.ndarray

    @classmethod
    def random(cls, config, rng, *, sizes=None, conductances=None, n=None) -> Task:
        """Inputs U(-1, 1); target rates uniform on [low, high]. What is not given is ``config``'s."""
        n, sizes = n or config.n_associations, sizes or config.sizes
        circuit = Circuit.random(sizes, rng, conductances=conductances or config.conductances)
        rates = rng.uniform(config.low, config.high, (n, sizes[-1]))
        return cls(circuit, rng.uniform(-1, 1, (n, sizes[0])), circuit.transfer.inverse(rates))

    def error(self, circuit) -> float:
        """Squared error of the output rates with teaching off, summed over cells, mean over the associations."""
        r = circuit.transfer(equilibrium(circuit, self.inputs).u_p[-1])
        return float(np.mean(np.sum((r - circuit.transfer(self.u_targets)) ** 2, axis=1)))

    def potential_error(self, circuit) -> float:
        """As ``error``, of the output potentials."""
        return float(
            np.mean(
                np.sum((equilibrium(circuit, self.inputs).u_p[-1] - self.u_targets) ** 2, axis=1)
            )
        )


def learn_settled(
    config, task, circuit, *, rule=plasticity, settle=equilibrium, rates=None, taught=True
):
    """Associations presented together ``config.sweeps`` times: (circuit, sweeps (n,), errors (n,))."""
    rates = rates or LearningRates(up=config.eta, ip=config.eta, pi=config.eta / 2)
    n, every = len(task.inputs), config.sweeps // 40
    inputs, targets = np.tile(task.inputs, (every, 1)), np.tile(task.u_targets, (every, 1))
    seen, errors = [0], [task.error(circuit)]
    while seen[-1] < config.sweeps:
        circuit, _ = learn(
            circuit, inputs, targets if taught else None, rates, batch=n, rule=rule, settle=settle
        )
        seen.append(seen[-1] + every)
        errors.append(task.error(circuit))
    return circuit, np.array(seen), np.array(errors)


def learn_timed(task, circuit, rates, epochs, rng, show):
    """Every association once an epoch, in random order: (circuit, epochs (n,), errors (n,)).

    ``show(circuit, inputs, u_targets, rates, start) -> Recording`` is ``dcm.kernels.integrate`` or a variant of it.
    """
    now, errors = None, [task.error(circuit)]
    for _ in range(epochs):
        order = rng.permutation(len(task.inputs))
        now = show(circuit, task.inputs[order], task.u_targets[order], rates=rates, start=now)
        circuit = now.circuit
        errors.append(task.error(circuit))
    return circuit, np.arange(epochs + 1), np.array(errors)
