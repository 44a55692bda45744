"""Begin and end of ``dcm.integrate`` and its compiled twin: arguments checked, records kept."""

from collections import namedtuple
from collections.abc import Callable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass

import numpy as np

from dcm.model import checks
from dcm.model.circuit import LEARNING, Circuit, checked_circuit
from dcm.model.plasticity import LearningRates, Updates, checked_rates
from dcm.model.state import State, checked_names, observe, state_of
from dcm.settle.learning import checked_series

LONGEST = 10_000  # steps whose noise is drawn at once [chosen]


@dataclass(frozen=True)
class Recording:
    """The result of ``integrate``, which goes on from its ``circuit`` with itself as ``start``.

    Attributes
    ----------
    t : (n_records,)
        Times of the records in ms, from the start of this call.
    traces : dict of (n_records, …)
        One entry per name in ``record``.
    state, circuit : State and Circuit
        At the end; ``r_in`` and ``u_target`` are the low-passed ones.
    induction : Updates or None
        The low-passed induction terms Δ at the end; None without plasticity.
    """

    t: np.ndarray
    traces: dict[str, np.ndarray]
    state: State
    circuit: Circuit
    induction: Updates | None = None


# Steps without a record between them: their time in ms and in words, whether a record is due before
# them, input and target, and their noise ``kicks`` (n_steps, n_somata), or (n_steps, 0) without it.
Stretch = namedtuple("Stretch", "t where due r_in u_target kicks")


@dataclass
class Run:
    """A call of ``integrate``, whose arguments it takes and checks: begin, cuts and records.

    ``state`` and ``induction`` are those of the beginning, ``rates`` per step, ``share_…`` dt / τ.
    """

    circuit: Circuit
    inputs: np.ndarray
    u_targets: np.ndarray | None = None
    _: KW_ONLY
    rng: np.random.Generator | None = None
    rates: LearningRates | None = None
    dt: float = 0.1
    duration: float = 100.0
    noise: float = 0.0
    tau_input: float = 3.0
    tau_weights: float = 30.0
    record: Sequence[str] = ()
    record_every: float = 1.0
    start: State | Recording | None = None
    progress: Callable | None = None

    def __post_init__(self):
        self.inputs, self.u_targets = checked_series(self.circuit, self.inputs, self.u_targets)
        self._check_dt()
        self.share_input = self.dt / self.tau_input if self.tau_input else 1.0
        self.share_weights = self.dt / self.tau_weights if self.tau_weights else 1.0
        self.steps = self._whole("duration")
        self.every = self._whole("record_every")
        self._check_noise()
        self.progress = iter if self.progress is None else self.progress
        checks.functions(progress=self.progress)
        self.times = []
        self.traces = {name: [] for name in checked_names(self.record)}
        if not self.traces:
            self.every = self.steps
        elif self.steps % self.every:
            remedy = f"give a divisor of the duration, {self.duration:g} ms"
            raise ValueError(f"record_every is {self.record_every:g} ms; {remedy}")
        self.state, self.induction = _start(self.circuit, self.u_targets, self.start)
        if self.rates is not None:
            self.rates = checked_rates(self.rates).scaled(self.dt)
            self.induction = self.induction or no_induction(self.circuit)

    def _check_noise(self) -> None:
        self.noise = checks.non_negative("noise", self.noise)
        if self.rng is not None:
            checks.generator("rng", self.rng)
        elif self.noise:
            raise ValueError("noise is > 0 but rng is None; pass numpy.random.default_rng(seed)")

    def _check_dt(self) -> None:
        g = self.circuit.conductances
        self.dt = checks.positive("dt", self.dt)
        self.tau_input = checks.non_negative("tau_input", self.tau_input)
        self.tau_weights = checks.non_negative("tau_weights", self.tau_weights)
        pyramidal = g.leak + g.basal + max(g.apical, g.somatic)
        interneurons = g.leak + g.dendritic + g.somatic
        constants = (1 / max(pyramidal, interneurons), self.tau_input, self.tau_weights)
        limit = min(constant for constant in constants if constant)
        if self.dt > limit:
            found = f"dt is {self.dt:g} ms, above the fastest time constant of this circuit"
            raise ValueError(f"{found}; use dt <= {limit:.3g} ms")

    def _whole(self, name) -> int:
        """The steps in the time ``name``."""
        value = checks.positive(name, getattr(self, name))
        setattr(self, name, value)
        steps = round(min(value / self.dt, 1e18))  # 1e18: finite, but more than can ever be run
        if steps < 1 or abs(steps * self.dt - value) > 1e-9 * value:
            remedy = f"use a multiple of dt = {self.dt:g} ms"
            raise ValueError(f"{name} is {value:g} ms, not a whole number of steps; {remedy}")
        return steps

    def stretches(self) -> Iterator[Stretch]:
        """All steps, cut where a record is due and after ``LONGEST``, which draw their noise."""
        somata = sum(u.size for u in (*self.state.u_p, *self.state.u_i))
        kicks = np.zeros((min(self.every, LONGEST), somata if self.noise else 0))
        for p in self.progress(range(len(self.inputs))):
            u_target = None if self.u_targets is None else self.u_targets[p]
            for first in range(0, self.steps, self.every):
                for step in range(first, first + self.every, LONGEST):
                    noise = kicks[: first + self.every - step]
                    if self.noise:
                        self.rng.standard_normal(out=noise)
                        noise *= self.noise * np.sqrt(self.dt)
                    t = (p * self.steps + step) * self.dt
                    where = f"pattern {p}, {t:g} ms"
                    yield Stretch(t, where, step == first, self.inputs[p], u_target, noise)

    def take_record(self, stretch, circuit, state) -> None:
        """Keep copies of all traces if a record is due before a stretch."""
        if self.traces and stretch.due:
            self.times.append(stretch.t)
            for name, kept in self.traces.items():
                kept.append(np.array(observe(name, circuit, state)))

    def recording(self, circuit, state, induction) -> Recording:
        """All records, and the end of the run."""
        traces = {name: np.array(kept) for name, kept in self.traces.items()}
        return Recording(np.array(self.times), traces, state, circuit, induction)


def _start(circuit, u_targets, start) -> tuple[State, Updates | None]:
    """State and induction terms at the start of a call, all in double precision."""
    induction = None
    state = at_rest(circuit) if start is None else start
    if isinstance(start, Recording):
        state = start.state
        induction = _checked_induction(circuit, start.induction)
    checks.instance("start", state, State, "a State or a Recording of this circuit")
    n = circuit.sizes
    r_in = _double("start.r_in", state.r_in, n[:1])
    u_p = _doubles("start.u_p", state.u_p, [(m,) for m in n[1:]])
    u_i = _doubles("start.u_i", state.u_i, [(m,) for m in n[2:]])
    u_target = None
    if u_targets is not None:
        u_target = u_p[-1]
        if state.u_target is not None:
            u_target = _double("start.u_target", state.u_target, n[-1:])
    with np.errstate(over="ignore", invalid="ignore"):  # what runs away is reported
        return state_of(circuit, r_in, u_p, u_i, u_target), induction


def _checked_induction(circuit, induction) -> Updates | None:
    """Induction terms that fit the circuit, or ``ValueError``."""
    if induction is None:
        return None
    checks.instance("start.induction", induction, Updates, "a Recording of this circuit")
    terms = {}
    for weight, (term, _) in LEARNING.items():
        shapes = [w.shape for w in getattr(circuit, weight)]
        terms[term] = _doubles(f"start.induction.{term}", getattr(induction, term), shapes)
    return Updates(**terms)


def _doubles(name: str, values, shapes) -> tuple:
    """Double-precision arrays of ``shapes``, or ``ValueError``."""
    given = checks.arrays(name, values, shapes)
    return tuple(_double(f"{name}[{i}]", x, shapes[i]) for i, x in enumerate(given))


def _double(name: str, values, shape) -> np.ndarray:
    """A double-precision array of ``shape``, or ``ValueError``."""
    return checks.floats(name, values, shape).astype(float, copy=False)


def no_induction(circuit) -> Updates:
    """Induction terms Δ = 0, as before any plasticity."""
    zeros = {}
    for weight, (term, _) in LEARNING.items():
        zeros[term] = tuple(np.zeros(w.shape) for w in getattr(circuit, weight))
    return Updates(**zeros)


def at_rest(circuit) -> State:
    """All somata at rest (0), no input."""
    r_in, *u_p = [np.zeros(n) for n in checked_circuit(circuit).sizes]
    return state_of(circuit, r_in, u_p, u_p[1:])
