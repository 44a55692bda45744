"""Fig. S1 (and 1C): lateral plasticity alone (Eqs. 8-9) finds the self-predicting state from random weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dcm.experiments.measures import relative_distance
from dcm.lab.progress import one_thread, silent
from dcm.model.circuit import Circuit
from dcm.model.plasticity import LearningRates
from dcm.settle.equilibrium import equilibrium


@dataclass(frozen=True)
class Config:
    """Numbers of the run. Sizes, transfer (logistic) and rates are believed to be the supplement's [SM*]."""

    sizes: tuple[int, ...] = (30, 20, 10)
    n_patterns: int = 200_000  # chosen: 2·10⁷ ms, where both distances have levelled off
    eta_ip: float = 0.0002375  # per ms [SM*]
    eta_pi: float = 0.0005  # per ms [SM*]
    duration: float = 100.0  # ms a pattern [SM*]
    n_records: int = 40  # logarithmically spaced [chosen]
    n_test: int = 200  # unseen inputs a record averages over [chosen]
    noise: float = (
        0.1  # σ of the traces shown before and after [SM*]; learning itself is at the steady state
    )

    @classmethod
    def quick(cls):
        """The same 2·10⁵ patterns: with the compiled loop they take seconds."""
        return cls()

    @classmethod
    def paper(cls):
        """2·10⁵ patterns."""
        return cls()


@dataclass(frozen=True)
class Result:
    """Curves over ``patterns`` (n,), all means over unseen inputs: norms of apical potential and of interneuron
    minus pyramidal potential above; relative Frobenius distances of w_ip and w_pi to the self-predicting values."""

    config: Config
    patterns: np.ndarray
    apical: np.ndarray
    mismatch: np.ndarray
    distance_ip: np.ndarray
    distance_pi: np.ndarray
    before: Circuit
    after: Circuit


@one_thread
def run(config: Config, rng: np.random.Generator, progress=silent) -> Result:
    """Random start, random inputs U(-1, 1), only lateral plasticity; measured at unseen inputs without noise."""
    from dcm import kernels

    weight_rng, data_rng, test_rng = rng.spawn(3)
    circuit = before = Circuit.random(config.sizes, weight_rng)
    test = test_rng.uniform(-1, 1, (config.n_test, config.sizes[0]))
    rates = LearningRates(ip=config.eta_ip, pi=config.eta_pi)
    marks = np.unique(np.geomspace(10, config.n_patterns, config.n_records).round().astype(int))
    rows = [measure(circuit, test)]
    for block in progress(np.diff(marks, prepend=0), desc="patterns"):
        inputs = data_rng.uniform(-1, 1, (block, config.sizes[0]))
        circuit, _ = kernels.learn(circuit, inputs, None, rates, duration=config.duration)
        rows.append(measure(circuit, test))
    return Result(config, np.concatenate([[0], marks]), *np.array(rows).T, before, circuit)


def compute(config: Config, rng: np.random.Generator, progress=silent, checkpoint=None) -> dict:
    """The curves of ``Result`` as arrays: a paper-scale result (seconds, so without checkpoints)."""
    result = run(config, rng, progress)
    names = ("patterns", "apical", "mismatch", "distance_ip", "distance_pi")
    return {name: getattr(result, name) for name in names}


def measure(circuit, r_in) -> tuple[float, float, float, float]:
    """(‖v_A‖, ‖u_I - u_P above‖, distance of w_ip, distance of w_pi): potentials as means over the rows of ``r_in``."""
    state = equilibrium(circuit, r_in)
    apical = np.mean(sum(np.linalg.norm(v, axis=-1) for v in state.v_apical))
    gaps = (np.linalg.norm(i - p, axis=-1) for i, p in zip(state.u_i, state.u_p[1:], strict=True))
    goal = circuit.self_predicting()
    return (
        float(apical),
        float(np.mean(sum(gaps))),
        relative_distance(circuit.w_ip, goal.w_ip),
        relative_distance(circuit.w_pi, goal.w_pi),
    )


@one_thread
def traces(circuit, config: Config, rng: np.random.Generator, n_patterns: int = 15):
    """Continuous time with noise and frozen weights: a ``Recording`` of output, interneurons and apical dendrites."""
    from dcm import kernels

    inputs = rng.uniform(-1, 1, (n_patterns, config.sizes[0]))
    names = ("u_p[1]", "u_i[0]", "v_apical[0]")
    return kernels.integrate(
        circuit, inputs, rng=rng, noise=config.noise, duration=config.duration, record=names
    )
