"""The circuit through time: Eqs. 1-5 and 7-10 by the Euler-Maruyama method, with low-passed inputs and plasticity.

Convention for the noise: each step adds σ √dt · N(0, 1) to every soma (white noise in Eqs. 1-2).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from dcm.model import checks
from dcm.model.plasticity import LearningRates, Updates, checked_rates, plasticity
from dcm.model.state import State, checked_names, observe, state_of
from dcm.settle.learning import RUNAWAY, DivergenceError, checked_series, moved


@dataclass(frozen=True)
class Recording:
    """What ``integrate`` returns; pass its ``circuit``, and itself as ``start``, to go on exactly where it ended.

    Attributes
    ----------
    t : (n_records,)
        Times of the records in ms, from the start of this call.
    traces : dict of (n_records, …)
        One entry a name in ``record``.
    state : State
        At the end; ``r_in`` and ``u_target`` are the low-passed ones.
    circuit : Circuit
        After learning.
    drift : Updates or None
        The low-passed induction terms Δ at the end; None without plasticity.
    """

    t: np.ndarray
    traces: dict[str, np.ndarray]
    state: State
    circuit: object
    drift: Updates | None = None


@dataclass(frozen=True)
class Stepper:
    """Constants of one call, per step: dt / τ for both filters (1 switches a filter off) and rates · dt."""

    dt: float
    keep_input: float
    keep_weights: float
    rates: LearningRates | None


def integrate(circuit, inputs, u_targets=None, *, rng=None, rates=None, dt=0.1, duration=100.0, noise=0.0,
              tau_input=3.0, tau_weights=30.0, record=(), record_every=1.0, start=None, progress=None,
              advance=None):  # fmt: skip
    """Show each pattern for ``duration`` ms in continuous time; plastic when ``rates`` are given.

    Parameters
    ----------
    circuit : Circuit
    inputs, u_targets : (n_patterns, n_0) and (n_patterns, n_N) or None
        Input rates and target potentials, held constant during a pattern and low-passed with ``tau_input``.
    rng : numpy.random.Generator
        Needed when ``noise`` > 0.
    rates : LearningRates, optional
        Per ms; None: no plasticity.
    dt, duration : float
        Euler step and time a pattern is shown, ms. Paper's supplement [SM*]: .1 and 100.
    noise : float
        σ of the somatic white noise; larger = noisier somata.
    tau_input, tau_weights : float
        Low-pass time constants of input and target, and of the induction terms, ms [SM*: 3 and 30]; 0 = no filter.
    record : sequence of str
        Traces to keep every ``record_every`` ms, for example ``("u_p[1]", "v_apical[0]", "w_ip[0]")``.
    start : State or Recording, optional
        Where to begin; by default all somata at rest (0) and the input filter empty. The filter of a newly
        appearing target starts from the output's own potential, so that nudging sets in smoothly.
    progress : callable, optional
        Wraps the loop over patterns, as ``tqdm.tqdm`` does.
    advance : callable, optional
        The stepping function; ``euler_steps`` unless a compiled twin is passed, as ``dcm.kernels.integrate`` does.

    Returns
    -------
    Recording

    Raises
    ------
    ValueError
        If an argument does not fit, or ``dt`` exceeds the fastest time constant.
    DivergenceError
        At the pattern where learning runs away, naming the rate to lower.
    """
    inputs, u_targets = checked_series(circuit, inputs, u_targets)
    stepper = _stepper(circuit, rates, dt, noise, tau_input, tau_weights)
    steps, every = _whole("duration", duration, dt), _whole("record_every", record_every, dt)
    if checks.non_negative("noise", noise) and rng is None:
        raise ValueError("noise is > 0 but rng is None; pass numpy.random.default_rng(seed)")
    advance, record = advance or euler_steps, checked_names(record)
    if record and steps % every:
        raise ValueError(
            f"record_every is {record_every:g} ms; give a divisor of the duration, {duration:g} ms"
        )
    state, drift = _begin(circuit, u_targets, start, rates)
    times, traces = [], {name: [] for name in record}
    numbers = range(len(inputs))
    kicks = np.zeros((steps, sum(u.size for u in (*state.u_p, *state.u_i)) if noise else 0))
    for p in progress(numbers) if progress else numbers:
        target = None if u_targets is None else u_targets[p]
        if noise:
            np.multiply(rng.standard_normal(out=kicks), noise * np.sqrt(dt), out=kicks)
        for first in range(0, steps, every) if record else (0,):
            last = first + every if record else steps
            if record:
                times.append((p * steps + first) * dt)
                for name, kept in traces.items():
                    kept.append(
                        np.array(observe(name, circuit, state))
                    )  # ``advance`` may reuse its memory
            where, part = f"pattern {p}, {p * duration + first * dt:g} ms", kicks[first:last]
            with np.errstate(
                over="ignore", invalid="ignore"
            ):  # a soma that runs away is reported just below
                circuit, state, drift = advance(
                    circuit, state, drift, inputs[p], target, part, stepper, where
                )
            if not all(np.abs(u).max() < RUNAWAY for u in (*state.u_p, *state.u_i)):
                raise DivergenceError(
                    f"{where}: a soma has run away; use smaller weights or lower learning rates"
                )
    return Recording(
        np.array(times), {k: np.array(v) for k, v in traces.items()}, state, circuit, drift
    )


def euler_steps(circuit, state, drift, r_in, u_target, kicks, stepper, where):
    """One Euler-Maruyama step per row of ``kicks`` (n_steps, n_somata or 0); returns (circuit, state, drift)."""
    for kick in kicks:
        du_p, du_i = somatic_currents(circuit, state)
        u_p = [u + stepper.dt * du for u, du in zip(state.u_p, du_p, strict=True)]
        u_i = [u + stepper.dt * du for u, du in zip(state.u_i, du_i, strict=True)]
        if kick.size:
            parts = np.split(kick, np.cumsum([u.size for u in (*u_p, *u_i)])[:-1])
            u_p = [u + part for u, part in zip(u_p, parts, strict=False)]
            u_i = [u + part for u, part in zip(u_i, parts[len(u_p) :], strict=True)]
        if stepper.rates is not None:
            fresh = _relax(drift, plasticity(circuit, state), stepper.keep_weights)
            circuit = moved(
                circuit, fresh if stepper.keep_weights == 1.0 else drift, stepper.rates, where
            )
            drift = fresh
        filtered = state.r_in + stepper.keep_input * (r_in - state.r_in)
        nudge = (
            None
            if u_target is None
            else state.u_target + stepper.keep_input * (u_target - state.u_target)
        )
        state = state_of(circuit, filtered, u_p, u_i, nudge)
    return circuit, state, drift


def somatic_currents(circuit, state) -> tuple[list, list]:
    """du/dt of all pyramidal cells (Eq. 1) and interneurons (Eq. 2), without noise, in units of potential per ms."""
    g, top = circuit.conductances, len(state.u_p) - 1
    du_p = [-g.leak * u + g.basal * (v - u) for u, v in zip(state.u_p, state.v_basal, strict=True)]
    for h, v in enumerate(state.v_apical):
        du_p[h] = du_p[h] + g.apical * (v - state.u_p[h])
    if state.u_target is not None:
        du_p[top] = du_p[top] + g.somatic * (state.u_target - state.u_p[top])
    du_i = [
        -g.leak * u + g.dendritic * (v - u) + g.somatic * (above - u)
        for u, v, above in zip(state.u_i, state.v_inter, state.u_p[1:], strict=True)
    ]
    return du_p, du_i


def _relax(drift, induction, keep):
    """dΔ/dt = (-Δ + induction) / τ_w for one step; keep = dt / τ_w, or 1 without a filter."""
    pairs = {
        f.name: zip(getattr(drift, f.name), getattr(induction, f.name), strict=True)
        for f in fields(Updates)
    }
    return Updates(
        **{name: tuple(d + keep * (i - d) for d, i in pair) for name, pair in pairs.items()}
    )


def _begin(circuit, u_targets, start, rates):
    """State and filters at the start of a call."""
    state, drift = (start.state, start.drift) if isinstance(start, Recording) else (start, None)
    if state is None:
        n = circuit.sizes
        state = state_of(
            circuit, np.zeros(n[0]), [np.zeros(m) for m in n[1:]], [np.zeros(m) for m in n[2:]]
        )
    given = [np.shape(u) for u in (state.r_in, *state.u_p, *state.u_i)]
    if given != (wanted := [(m,) for m in (*circuit.sizes, *circuit.sizes[2:])]):
        raise ValueError(
            f"start has potentials of shapes {given}; one state of this circuit has {wanted}"
        )
    nudge = (
        None if u_targets is None else state.u_p[-1] if state.u_target is None else state.u_target
    )
    state = state_of(circuit, state.r_in, state.u_p, state.u_i, nudge)
    if rates is not None and drift is None:
        shapes = plasticity(circuit, state)
        drift = Updates(
            **{f.name: tuple(map(np.zeros_like, getattr(shapes, f.name))) for f in fields(Updates)}
        )
    return state, drift


def _stepper(circuit, rates, dt, noise, tau_input, tau_weights) -> Stepper:
    g, dt = circuit.conductances, checks.positive("dt", dt)
    load = g.leak + max(g.basal + max(g.apical, g.somatic), g.dendritic + g.somatic)
    taus = {"tau_input": checks.non_negative("tau_input", tau_input)}
    taus["tau_weights"] = checks.non_negative("tau_weights", tau_weights)
    limit = min([1 / load, *(tau for tau in taus.values() if tau)])
    if dt > limit:
        raise ValueError(
            f"dt is {dt:g} ms, above the fastest time constant of this circuit; use dt <= {limit:.3g} ms"
        )
    keep = {name: dt / tau if tau else 1.0 for name, tau in taus.items()}
    return Stepper(
        dt,
        keep["tau_input"],
        keep["tau_weights"],
        None if rates is None else checked_rates(rates).scaled(dt),
    )


def _whole(name, value, dt) -> int:
    steps = round(checks.positive(name, value) / dt)
    if steps < 1 or abs(steps * dt - value) > 1e-9 * value:
        raise ValueError(
            f"{name} is {value:g} ms, not a whole number of steps; use a multiple of dt = {dt:g} ms"
        )
    return steps
