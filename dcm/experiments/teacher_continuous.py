"""Fig. 2 in continuous time: from a steady-state checkpoint on, every millisecond with noise, filters and transients.

The circuit first learns at the steady state (``teacher_regression``), then goes on through Eqs. 1-2 with the same
teacher and the same patterns; and what the transients after each change of pattern do to an update.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from dcm.dynamics import Recording
from dcm.equilibrium import equilibrium
from dcm.experiments import teacher_regression
from dcm.experiments.teacher_regression import measure, prepare, rates_of
from dcm.plasticity import LearningRates, Updates, plasticity
from dcm.results import resumable
from dcm.runs import one_thread, silent
from dcm.state import state_of

TEACHER = teacher_regression.Config()


@dataclass(frozen=True)
class Config:
    """Numbers of the run; all others are those of ``teacher``."""

    teacher: teacher_regression.Config = TEACHER
    start_at: int = 2_000_000  # patterns learned at the steady state before [chosen: learning is under way]
    n_patterns: int = 500_000  # patterns shown in continuous time
    noise: float = 0.3  # σ [SM*]
    chunk: int = 1000  # patterns between two looks at the clock: a checkpoint can fall there
    n_probe: int = 2000  # patterns for the update with and without transients

    @classmethod
    def quick(cls):
        """1000 patterns from a start at 10⁴: seconds, to see that it works."""
        return cls(replace(TEACHER, block=1000), start_at=10_000, n_patterns=1000, chunk=500, n_probe=50)


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
    state = resumable(chunk, first, chunks, checkpoint, progress, f"continuous, σ = {config.noise:g}")
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
    now = Recording(np.zeros(0), {}, at, circuit, _nothing(circuit, at))
    probes = {f"probe_{k}": v for k, v in transients(circuit, teacher, inputs[1:], config).items()}
    rows = np.array([(config.start_at, *measure(circuit, teacher, test))])
    return {"data": data, "noise": noise, "rows": rows, **probes, **_arrays(now)}


WINDOWS = (5.0, 5.0, 10.0, 30.0, 50.0)  # ms, one after the other; together one presentation
KINDS = (("up", 0), ("up", 1), ("ip", 0), ("pi", 0))


def transients(circuit, teacher, inputs, config: Config) -> dict[str, np.ndarray]:
    """What each stretch of a presentation would do to the frozen weights, beside the update at the steady state.

    Returns
    -------
    dict
        ``deviation`` (2, n_windows + 1, 4): ‖update - steady‖ / ‖steady‖ without and with noise, in each of
        ``WINDOWS`` and, last, over the whole presentation; columns as ``KINDS``.
        ``size`` likewise: ‖update‖ / ‖steady‖.
    """
    steady = plasticity(circuit, equilibrium(circuit, inputs, teacher(inputs)))
    steady = [getattr(steady, kind)[h] for kind, h in KINDS]
    deviation, size = [], []
    for noise in (0.0, config.noise):
        means = _mean_induction(circuit, teacher, inputs, noise)
        shares = np.array(WINDOWS) / sum(WINDOWS)
        parts = [[*m, sum(s * w for s, w in zip(shares, m, strict=True))] for m in means]
        deviation.append([[_norm(w - s) / _norm(s) for w in m] for m, s in zip(parts, steady, strict=True)])
        size.append([[_norm(w) / _norm(s) for w in m] for m, s in zip(parts, steady, strict=True)])
    return {"deviation": np.array(deviation).swapaxes(1, 2), "size": np.array(size).swapaxes(1, 2)}


def _mean_induction(circuit, teacher, inputs, noise):
    """Mean induction term of each kind (rows) in each window (columns), over all patterns.

    With a vanishing rate the weights stand still, and with a filter of 10⁹ ms Δ · 10⁹ ms is the integral of the
    induction terms.
    """
    from dcm import kernels

    rng, tau = np.random.default_rng(0), 1e9
    frozen = LearningRates(1e-30, 1e-30, 1e-30)
    state = equilibrium(circuit, inputs[0], teacher(inputs[0]))
    zero = _nothing(circuit, state)
    sums = [[0.0] * len(WINDOWS) for _ in KINDS]
    for r_in in inputs:
        for number, window in enumerate(WINDOWS):
            now = kernels.integrate(
                circuit, r_in[None], teacher(r_in[None]), rng=rng, rates=frozen, noise=noise, duration=window,
                tau_weights=tau, start=Recording(np.zeros(0), {}, state, circuit, zero),
            )  # fmt: skip
            state = now.state
            for row, (kind, h) in zip(sums, KINDS, strict=True):
                row[number] = row[number] + getattr(now.drift, kind)[h] * (tau / window / len(inputs))
    return sums


def rectified(noise: float):
    """Plasticity at the steady state plus what somatic noise of this σ adds to it on average [derived].

    A soma under noise has variance σ² / (2 g), g being its total conductance; where φ is convex its mean rate then lies
    ½ φ''(u) σ² / (2 g) above φ(u), the dendritic prediction does not, and the bracket of Eqs. 7-8 is that much larger.
    """

    def rule(circuit, state) -> Updates:
        g, updates = circuit.conductances, plasticity(circuit, state)
        loads = [g.basal + g.apical] * len(circuit.w_down) + [g.basal + g.somatic]
        r = [state.r_in, *map(circuit.transfer, state.u_p)]
        above = [_lift(circuit.transfer, u, noise, g.leak + load) for u, load in zip(state.u_p, loads, strict=True)]
        inter = [_lift(circuit.transfer, u, noise, g.leak + g.dendritic + g.somatic) for u in state.u_i]
        up = tuple(w + np.outer(b, pre) for w, b, pre in zip(updates.up, above, r[:-1], strict=True))
        ip = tuple(w + np.outer(b, pre) for w, b, pre in zip(updates.ip, inter, r[1:-1], strict=True))
        return replace(updates, up=up, ip=ip)

    return rule


def _lift(phi, u, noise, total):
    """½ φ''(u) σ² / (2 g), with φ'' by a central difference."""
    h = 1e-4
    return 0.5 * (phi.derivative(u + h) - phi.derivative(u - h)) / (2 * h) * noise**2 / (2 * total)


def _nothing(circuit, state) -> Updates:
    """Induction terms of zero."""
    shapes = plasticity(circuit, state)
    return Updates(**{f.name: tuple(map(np.zeros_like, getattr(shapes, f.name))) for f in fields(Updates)})


def _arrays(now: Recording) -> dict[str, np.ndarray]:
    """Weights, somata and filters as flat arrays, for a checkpoint."""
    drift = {f"drift_{f.name}_{i}": d for f in fields(Updates) for i, d in enumerate(getattr(now.drift, f.name))}
    somata = {f"u_p_{i}": u for i, u in enumerate(now.state.u_p)} | {f"u_i_{i}": u for i, u in enumerate(now.state.u_i)}
    return {**now.circuit.arrays(), **drift, **somata, "r_in": now.state.r_in, "u_target": now.state.u_target}


def _recording(circuit, arrays) -> Recording:
    """The inverse of ``_arrays``."""
    circuit, hidden = circuit.with_arrays(arrays), range(len(circuit.w_down))
    up = range(len(circuit.w_up))
    state = state_of(
        circuit, arrays["r_in"], [arrays[f"u_p_{i}"] for i in up], [arrays[f"u_i_{i}"] for i in hidden],
        arrays["u_target"],
    )  # fmt: skip
    counts = {f.name: up if f.name in ("up", "b_up") else hidden for f in fields(Updates)}
    drift = Updates(**{name: tuple(arrays[f"drift_{name}_{i}"] for i in counts[name]) for name in counts})
    return Recording(np.zeros(0), {}, state, circuit, drift)


def _norm(a) -> float:
    return float(np.linalg.norm(a))
