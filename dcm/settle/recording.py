"""Begin and end of every loop through time: arguments are checked, records are kept.

The plain loop is ``dcm.integrate``, its compiled twin ``dcm.kernels.integrate``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from dcm.model import checks
from dcm.model.circuit import LEARNING
from dcm.model.plasticity import LearningRates, Updates, checked_rates
from dcm.model.state import State, checked_names, observe, state_of
from dcm.settle.learning import checked_series


@dataclass(frozen=True)
class Recording:
    """The result of ``integrate``.

    Pass its ``circuit``, and itself as ``start``, to go on exactly where it ended.

    Attributes
    ----------
    t : (n_records,)
        Times of the records in ms, from the start of this call.
    traces : dict of (n_records, …)
        One entry per name in ``record``.
    state : State
        At the end; ``r_in`` and ``u_target`` are the low-passed ones.
    circuit : Circuit
        After learning.
    induction : Updates or None
        The low-passed induction terms Δ at the end; None without plasticity.
    """

    t: np.ndarray
    traces: dict[str, np.ndarray]
    state: State
    circuit: object
    induction: Updates | None = None


@dataclass(frozen=True)
class Stretch:
    """Steps without a record between them: constant input and target, a row of ``kicks`` per step.

    ``kicks`` (n_steps, n_somata), or (n_steps, 0) without noise, is good until the next stretch.
    """

    t: float
    where: str
    r_in: np.ndarray
    u_target: np.ndarray | None
    kicks: np.ndarray


@dataclass(frozen=True)
class Run:
    """A call of ``integrate``, checked: where it begins, its constants per step, and its records.

    ``share_input`` and ``share_weights`` are dt / τ of the filters (1: no filter); ``rates`` are
    per step.
    """

    inputs: np.ndarray
    u_targets: np.ndarray | None
    rng: np.random.Generator | None
    rates: LearningRates | None
    dt: float
    steps: int  # per pattern
    every: int  # steps from record to record
    noise: float
    share_input: float
    share_weights: float
    progress: Callable | None
    state: State
    induction: Updates | None
    times: list = field(default_factory=list)
    traces: dict = field(default_factory=dict)

    def stretches(self) -> Iterator[Stretch]:
        """All steps, cut where a record is due; each pattern draws its noise at its beginning."""
        somata = sum(u.size for u in (*self.state.u_p, *self.state.u_i))
        kicks = np.zeros((self.steps, somata if self.noise else 0))
        patterns = range(len(self.inputs))
        for p in self.progress(patterns) if self.progress else patterns:
            if self.noise:
                self.rng.standard_normal(out=kicks)
                kicks *= self.noise * np.sqrt(self.dt)
            for first in range(0, self.steps, self.every):
                yield Stretch(
                    t=(p * self.steps + first) * self.dt,
                    where=f"pattern {p}, {(p * self.steps + first) * self.dt:g} ms",
                    r_in=self.inputs[p],
                    u_target=None if self.u_targets is None else self.u_targets[p],
                    kicks=kicks[first : first + self.every],
                )

    def record(self, stretch, circuit, state) -> None:
        """Keep copies of all traces at the beginning of a stretch."""
        if self.traces:
            self.times.append(stretch.t)
            for name, kept in self.traces.items():
                kept.append(np.array(observe(name, circuit, state)))

    def recording(self, circuit, state, induction) -> Recording:
        """All records, and the end of the run."""
        traces = {name: np.array(kept) for name, kept in self.traces.items()}
        return Recording(np.array(self.times), traces, state, circuit, induction)


def begin(
    circuit,
    inputs,
    u_targets=None,
    *,
    rng=None,
    rates=None,
    dt=0.1,
    duration=100.0,
    noise=0.0,
    tau_input=3.0,
    tau_weights=30.0,
    record=(),
    record_every=1.0,
    start=None,
    progress=None,
) -> Run:
    """Check the arguments, which are those of ``integrate``."""
    inputs, u_targets = checked_series(circuit, inputs, u_targets)
    share_input, share_weights = _shares(circuit, dt, tau_input, tau_weights)
    steps = _whole("duration", duration, dt)
    every = _whole("record_every", record_every, dt)
    if checks.non_negative("noise", noise) and rng is None:
        raise ValueError("noise is > 0 but rng is None; pass numpy.random.default_rng(seed)")
    record = checked_names(record)
    if record and steps % every:
        raise ValueError(
            f"record_every is {record_every:g} ms; give a divisor of the duration, {duration:g} ms"
        )
    state, induction = _start(circuit, u_targets, start)
    if rates is not None:
        rates = checked_rates(rates).scaled(dt)
        induction = no_induction(circuit) if induction is None else induction
    return Run(
        inputs=inputs,
        u_targets=u_targets,
        rng=rng,
        rates=rates,
        dt=dt,
        steps=steps,
        every=every if record else steps,
        noise=noise,
        share_input=share_input,
        share_weights=share_weights,
        progress=progress,
        state=state,
        induction=induction,
        traces={name: [] for name in record},
    )


def _start(circuit, u_targets, start) -> tuple[State, Updates | None]:
    """State and induction terms at the start of a call."""
    induction = start.induction if isinstance(start, Recording) else None
    state = start.state if isinstance(start, Recording) else start
    if state is None:
        state = at_rest(circuit)
    given = [np.shape(u) for u in (state.r_in, *state.u_p, *state.u_i)]
    wanted = [(n,) for n in (*circuit.sizes, *circuit.sizes[2:])]
    if given != wanted:
        raise ValueError(
            f"start has potentials of shapes {given}; one state of this circuit has {wanted}"
        )
    u_target = None
    if u_targets is not None:
        u_target = state.u_p[-1] if state.u_target is None else state.u_target
    return state_of(circuit, state.r_in, state.u_p, state.u_i, u_target), induction


def _shares(circuit, dt, tau_input, tau_weights) -> tuple[float, float]:
    """dt / τ of the two filters, 1 where τ is 0; ``ValueError`` if ``dt`` is too long."""
    g = circuit.conductances
    checks.positive("dt", dt)
    checks.non_negative("tau_input", tau_input)
    checks.non_negative("tau_weights", tau_weights)
    pyramidal = g.leak + g.basal + max(g.apical, g.somatic)
    interneurons = g.leak + g.dendritic + g.somatic
    constants = (1 / max(pyramidal, interneurons), tau_input, tau_weights)
    limit = min(constant for constant in constants if constant)
    if dt > limit:
        raise ValueError(
            f"dt is {dt:g} ms, above the fastest time constant of this circuit; "
            f"use dt <= {limit:.3g} ms"
        )
    share_input = dt / tau_input if tau_input else 1.0
    share_weights = dt / tau_weights if tau_weights else 1.0
    return share_input, share_weights


def _whole(name, value, dt) -> int:
    steps = round(checks.positive(name, value) / dt)
    if steps < 1 or abs(steps * dt - value) > 1e-9 * value:
        raise ValueError(
            f"{name} is {value:g} ms, not a whole number of steps; use a multiple of dt = {dt:g} ms"
        )
    return steps


def no_induction(circuit) -> Updates:
    """Induction terms Δ = 0, as before any plasticity."""
    zeros = {}
    for weight, (term, _) in LEARNING.items():
        zeros[term] = tuple(np.zeros(w.shape) for w in getattr(circuit, weight))
    return Updates(**zeros)


def at_rest(circuit) -> State:
    """All somata at rest (0), no input."""
    n = circuit.sizes
    u_p = [np.zeros(m) for m in n[1:]]
    u_i = [np.zeros(m) for m in n[2:]]
    return state_of(circuit, np.zeros(n[0]), u_p, u_i)
