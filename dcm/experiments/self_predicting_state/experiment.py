"""Fig. S1 (and 1C): lateral plasticity alone (Eqs. 8-9) finds the self-predicting state.

[SM*] marks numbers that are not in the main text; they are believed to be the supplement's.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import numpy as np

from dcm.experiments.measures import relative_distance
from dcm.lab.progress import one_thread, silent
from dcm.lab.store import Result, plain
from dcm.model.circuit import Circuit
from dcm.model.plasticity import LearningRates
from dcm.settle.equilibrium import equilibrium

TRACED_PATTERNS = 15  # in continuous time: 1500 ms, the axis of Fig. 1C [paper]


@dataclass(frozen=True)
class Config:
    """Numbers of the run."""

    sizes: tuple[int, ...] = (30, 20, 10)  # [SM*], as is the logistic transfer function
    n_patterns: int = 200_000  # 2·10⁷ ms, where both distances have levelled off [chosen]
    eta_ip: float = 0.0002375  # per ms [SM*]
    eta_pi: float = 0.0005  # per ms [SM*]
    duration: float = 100.0  # ms per pattern [SM*]
    n_records: int = 40  # logarithmically spaced [chosen]
    n_test: int = 200  # unseen inputs that a record averages over [chosen]
    noise: float = 0.1  # σ, in the traces only: learning is at the steady state [SM*]

    @classmethod
    def quick(cls):
        """All 2·10⁵ patterns: with the compiled loop they take seconds."""
        return cls()

    @classmethod
    def paper(cls):
        """2·10⁵ patterns."""
        return cls()


@one_thread
def run(config: Config, rng: np.random.Generator, progress=silent, checkpoint=None) -> Result:
    """Random weights and inputs U(-1, 1), only lateral plasticity; seconds, so no checkpoints.

    Returns
    -------
    Result
        After ``patterns`` (n,) patterns the numbers of ``measure``: ``apical``, ``mismatch``,
        ``distance_ip``, ``distance_pi`` (n,). Under ``before_…`` and ``after_…`` what
        ``continuous_time`` gives for the circuit before and after learning.
    """
    from dcm import kernels

    weight_rng, data_rng, test_rng = rng.spawn(3)
    start = Circuit.random(config.sizes, weight_rng)
    unseen = test_rng.uniform(-1, 1, (config.n_test, config.sizes[0]))
    rates = LearningRates(ip=config.eta_ip, pi=config.eta_pi)
    marks = np.unique(np.geomspace(10, config.n_patterns, config.n_records).round().astype(int))
    circuit = start
    rows = [measure(circuit, unseen)]
    for block in progress(np.diff(marks, prepend=0), desc="patterns"):
        inputs = data_rng.uniform(-1, 1, (block, config.sizes[0]))
        circuit, _ = kernels.learn(circuit, inputs, None, rates, duration=config.duration)
        rows.append(measure(circuit, unseen))
    apical, mismatch, distance_ip, distance_pi = np.array(rows).T
    arrays = {
        "patterns": np.append(0, marks),
        "apical": apical,
        "mismatch": mismatch,
        "distance_ip": distance_ip,
        "distance_pi": distance_pi,
    }
    for moment, shown in {"before": start, "after": circuit}.items():
        # A copy of the generator each time: the same inputs and the same noise at both moments.
        traces = continuous_time(shown, config, deepcopy(rng))
        arrays |= {f"{moment}_{name}": trace for name, trace in traces.items()}
    return Result({"config": plain(config)}, arrays)


def measure(circuit, r_in) -> tuple[float, float, float, float]:
    """(‖v_A‖, ‖u_I - u_P above‖, distance of w_ip, distance of w_pi), no target, no noise.

    The norms are summed over hidden layers, and means over the rows of ``r_in`` (n_test, n_in).
    The distances, to the self-predicting weights, are relative (Frobenius).
    """
    state = equilibrium(circuit, r_in)
    apical = sum(np.linalg.norm(v, axis=-1) for v in state.v_apical)  # (n_test,)
    pairs = zip(state.u_i, state.u_p[1:], strict=True)
    mismatch = sum(np.linalg.norm(u_i - u_p, axis=-1) for u_i, u_p in pairs)  # (n_test,)
    goal = circuit.self_predicting()
    return (
        float(np.mean(apical)),
        float(np.mean(mismatch)),
        relative_distance(circuit.w_ip, goal.w_ip),
        relative_distance(circuit.w_pi, goal.w_pi),
    )


def continuous_time(circuit, config: Config, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The circuit through time with noise and frozen weights, one record per ms, (n_records,) each.

    ``t`` in ms, somata of the first ``output`` cell and its ``interneuron``, ``apical_norm`` ‖v_A‖.
    """
    from dcm import kernels

    recording = kernels.integrate(
        circuit,
        rng.uniform(-1, 1, (TRACED_PATTERNS, config.sizes[0])),
        rng=rng,
        noise=config.noise,
        duration=config.duration,
        record=("u_p[1]", "u_i[0]", "v_apical[0]"),
    )
    return {
        "t": recording.t,
        "output": recording.traces["u_p[1]"][:, 0],
        "interneuron": recording.traces["u_i[0]"][:, 0],
        "apical_norm": np.linalg.norm(recording.traces["v_apical[0]"], axis=1),
    }
