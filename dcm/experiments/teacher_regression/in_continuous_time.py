"""Fig. 2 in continuous time: from a steady-state checkpoint on, every millisecond with noise, filters and transients.

The circuit first learns at the steady state (``teacher_regression``), then goes on through Eqs. 1-2 with the same
teacher and the same patterns. What transients and noise do to an update: ``transients``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from dcm.experiments.teacher_regression import experiment as teacher_regression
from dcm.experiments.teacher_regression.experiment import measure, prepare, rates_of
from dcm.experiments.teacher_regression.transients import nothing, transients
from dcm.lab.checkpoint import resumable
from dcm.lab.progress import one_thread, silent
from dcm.model.plasticity import Updates
from dcm.model.state import state_of
from dcm.settle.dynamics import Recording
from dcm.settle.equilibrium import equilibrium

TEACHER = teacher_regression.Config()


@dataclass(frozen=True)
class Config:
    """Numbers of the run; all others are those of ``teacher``."""

    teacher: teacher_regression.Config = TEACHER
    start_at: int = (
        2_000_000  # patterns learned at the steady state before [chosen: learning is under way]
    )
    n_patterns: int = 500_000  # patterns shown in continuous time
    noise: float = 0.3  # σ [SM*]
    chunk: int = 1000  # patterns between two looks at the clock: a checkpoint can fall there
    n_probe: int = 2000  # patterns for the update with and without transients

    @classmethod
    def quick(cls):
        """1000 patterns from a start at 10⁴: seconds, to see that it works."""
        return cls(
            replace(TEACHER, block=1000), start_at=10_000, n_patterns=1000, chunk=500, n_probe=50
        )


@one_thread
def compute(config: Config, rng: np.random.Generator, progress=silent, checkpoint=None) -> dict:
    """Curves (as ``teacher_regression.Curves``) in continuous time from the checkpoint on, and the ``probe``."""
    start, teacher, test, seed = prepare(config.teacher, rng)
    data = np.random.default_rng(seed)
    circuit = _learned(config, start, teacher, data)
    first = _begin(config, circuit, teacher, test, data, rng.spawn(1)[0])

    def chunk(i, state):
        from dcm import kernels

        inputs = state["data"].uniform(-1, 1, (config.chunk, config.teacher.sizes[0]))
        now = kernels.integrate(
            circuit.with_arrays(state), inputs, teacher(inputs), rng=state["noise"], rates=rates_of(config.teacher),
            noise=config.noise, duration=config.teacher.duration, start=_recording(circuit, state),
        )  # fmt: skip
        seen, rows = (i + 1) * config.chunk, state["rows"]
        if seen % config.teacher.block == 0:
            rows = np.vstack([rows, (config.start_at + seen, *measure(now.circuit, teacher, test))])
        return {**state, "rows": rows, **_arrays(now)}

    chunks = config.n_patterns // config.chunk
    state = resumable(
        chunk, first, chunks, checkpoint, progress, f"continuous, σ = {config.noise:g}"
    )
    curves = vars(teacher_regression.Curves(*state["rows"].T))
    return {**curves, **{name: value for name, value in state.items() if name.startswith("probe")}}


def _learned(config, circuit, teacher, data):
    """The circuit after ``start_at`` patterns at the steady state; ``data`` is left where the next pattern is drawn."""
    from dcm import kernels

    for _ in range(config.start_at // config.teacher.block):
        inputs = data.uniform(-1, 1, (config.teacher.block, config.teacher.sizes[0]))
        circuit, _ = kernels.learn(circuit, inputs, teacher(inputs), rates_of(config.teacher))
    return circuit


def _begin(config, circuit, teacher, test, data, noise):
    """The state before the first chunk: weights, somata at the steady state of a first pattern, filters."""
    probe_rng, noise = noise.spawn(2)
    inputs = probe_rng.uniform(-1, 1, (1 + config.n_probe, config.teacher.sizes[0]))
    at = equilibrium(circuit, inputs[0], teacher(inputs[0]))
    now = Recording(np.zeros(0), {}, at, circuit, nothing(circuit, at))
    probes = {
        f"probe_{k}": v for k, v in transients(circuit, teacher, inputs[1:], config.noise).items()
    }
    rows = np.array([(config.start_at, *measure(circuit, teacher, test))])
    return {"data": data, "noise": noise, "rows": rows, **probes, **_arrays(now)}


def _arrays(now: Recording) -> dict[str, np.ndarray]:
    """Weights, somata and filters as flat arrays, for a checkpoint."""
    drift = {
        f"drift_{f.name}_{i}": d
        for f in fields(Updates)
        for i, d in enumerate(getattr(now.drift, f.name))
    }
    somata = {f"u_p_{i}": u for i, u in enumerate(now.state.u_p)} | {
        f"u_i_{i}": u for i, u in enumerate(now.state.u_i)
    }
    return {
        **now.circuit.arrays(),
        **drift,
        **somata,
        "r_in": now.state.r_in,
        "u_target": now.state.u_target,
    }


def _recording(circuit, arrays) -> Recording:
    """The inverse of ``_arrays``."""
    circuit, hidden = circuit.with_arrays(arrays), range(len(circuit.w_down))
    up = range(len(circuit.w_up))
    state = state_of(
        circuit, arrays["r_in"], [arrays[f"u_p_{i}"] for i in up], [arrays[f"u_i_{i}"] for i in hidden],
        arrays["u_target"],
    )  # fmt: skip
    counts = {f.name: up if f.name in ("up", "b_up") else hidden for f in fields(Updates)}
    drift = Updates(
        **{name: tuple(arrays[f"drift_{name}_{i}"] for i in counts[name]) for name in counts}
    )
    return Recording(np.zeros(0), {}, state, circuit, drift)
