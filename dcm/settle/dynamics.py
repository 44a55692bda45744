"""The circuit through time: Eqs. 1-5 and 7-10 by the Euler-Maruyama method, with low-pass filters.

Each step adds σ √dt · N(0, 1) to every soma: white noise in Eqs. 1 and 2.

``integrate`` is a loop over the public functions below; a variant of the model is your own loop.
Extra state is a variable of it: taken as an argument and returned, a run can go on where it ended.
For example, pyramidal cells that tire: a current -a, where a follows the potential within 50 ms:

>>> import numpy as np
>>> from dcm import Circuit, integrate
>>> from dcm.model.state import state_of
>>> from dcm.settle.dynamics import euler_somata
>>> from dcm.settle.recording import at_rest
>>> def tiring(circuit, state, a, r_in, strength, steps, dt=0.1):
...     for _ in range(steps):
...         u_p, u_i = euler_somata(circuit, state, dt)
...         u_p = [u - dt * strength * x for u, x in zip(u_p, a)]
...         a = [x + dt / 50 * (u - x) for x, u in zip(a, state.u_p)]
...         state = state_of(circuit, r_in, u_p, u_i)
...     return state, a
>>> circuit = Circuit.random((4, 3, 2), np.random.default_rng(0))
>>> r_in = np.array([0.2, -0.4, 0.6, 0.8])
>>> state = at_rest(circuit)
>>> a = [np.zeros_like(u) for u in state.u_p]
>>> state, a = tiring(circuit, state, a, r_in, 0.5, steps=400)
>>> state, a = tiring(circuit, state, a, r_in, 0.5, steps=400)  # goes on, tired
"""

from dataclasses import fields

import numpy as np

from dcm.model import checks
from dcm.model.plasticity import Updates, _induction
from dcm.model.state import _state_of, checked_state
from dcm.settle.learning import RUNAWAY, DivergenceError, stepped
from dcm.settle.recording import Recording, Run


def integrate(
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
) -> Recording:
    """Show each pattern for ``duration`` ms in continuous time; plastic when ``rates`` are given.

    Parameters
    ----------
    circuit : Circuit
    inputs, u_targets : (n_patterns, n_0) and (n_patterns, n_N) or None
        Input rates and target potentials, held constant during a pattern and low-passed.
    rng : numpy.random.Generator
        Needed when ``noise`` > 0.
    rates : LearningRates, optional
        Per ms; None: no plasticity.
    dt, duration : float
        Euler step and time per pattern, ms [SM*: not in the main text; believed supplement's].
    noise : float
        σ of the somatic white noise; larger = noisier somata.
    tau_input, tau_weights : float
        Low-pass times of input and target, and of induction terms, ms [SM*]; 0 = no filter.
    record : sequence of str
        Traces to keep every ``record_every`` ms, such as ``("u_p[1]", "v_apical[0]", "w_ip[0]")``.
    start : State or Recording, optional
        By default somata at rest (0) and an empty input filter. The filter of a new target starts
        from the output's own potential, so that nudging sets in smoothly.
    progress : callable, optional
        Wraps the loop over patterns, as ``tqdm.tqdm`` does.

    Raises
    ------
    ValueError
        If an argument does not fit, or ``dt`` exceeds the fastest time constant.
    DivergenceError
        At the pattern where learning runs away, naming the rate to lower.
    """
    run = Run(
        circuit,
        inputs,
        u_targets,
        rng=rng,
        rates=rates,
        dt=dt,
        duration=duration,
        noise=noise,
        tau_input=tau_input,
        tau_weights=tau_weights,
        record=record,
        record_every=record_every,
        start=start,
        progress=progress,
    )
    state = run.state
    induction = run.induction
    for stretch in run.stretches():
        run.take_record(stretch, circuit, state)
        with np.errstate(over="ignore", invalid="ignore"):  # what runs away is reported below
            for kicks in stretch.kicks:
                u_p, u_i = _euler_somata(circuit, state, run.dt, kicks)
                if run.rates is not None:
                    # Eqs. 7-10: weights follow Δ as it was at the beginning of the step
                    before = induction
                    induction = low_passed(before, _induction(circuit, state), run.share_weights)
                    now = induction if run.share_weights == 1.0 else before
                    circuit = stepped(circuit, now, run.rates, stretch.where)
                r_in, u_target = low_passed_input(state, stretch, run.share_input)
                state = _state_of(circuit, r_in, u_p, u_i, u_target)
        refuse_runaway_somata(state, stretch.where)
    return run.recording(circuit, state, induction)


def euler_somata(circuit, state, dt, kicks=()) -> tuple[list, list]:
    """(u_p, u_i) one Euler-Maruyama step later; ``kicks`` (n_somata,): σ √dt · N(0, 1), if any."""
    state = checked_state(circuit, state)
    dt = checks.positive("dt", dt)
    kicks = checks.array("kicks", kicks)
    if kicks.size:
        kicks = checks.floats("kicks", kicks, (sum(u.size for u in (*state.u_p, *state.u_i)),))
    with checks.overflow_reported():
        return _euler_somata(circuit, state, dt, kicks)


def _euler_somata(circuit, state, dt, kicks) -> tuple[list, list]:
    du_p, du_i = _somatic_currents(circuit, state)
    somata = zip((*state.u_p, *state.u_i), (*du_p, *du_i), strict=True)
    u = [old + dt * du for old, du in somata]
    if len(kicks):
        parts = np.split(kicks, np.cumsum([x.size for x in u])[:-1])
        u = [new + part for new, part in zip(u, parts, strict=True)]
    return u[: len(du_p)], u[len(du_p) :]


def somatic_currents(circuit, state) -> tuple[list, list]:
    """du/dt of all pyramidal cells (Eq. 1) and interneurons (Eq. 2) per ms, without noise."""
    with checks.overflow_reported():
        return _somatic_currents(circuit, checked_state(circuit, state))


def _somatic_currents(circuit, state) -> tuple[list, list]:
    g = circuit.conductances
    # Eq. 1: pyramidal cells
    du_p = [-g.leak * u + g.basal * (v - u) for u, v in zip(state.u_p, state.v_basal, strict=True)]
    for h, v in enumerate(state.v_apical):
        du_p[h] = du_p[h] + g.apical * (v - state.u_p[h])
    if state.u_target is not None:
        du_p[-1] = du_p[-1] + g.somatic * (state.u_target - state.u_p[-1])
    # Eq. 2: interneurons
    du_i = [
        -g.leak * u + g.dendritic * (v - u) + g.somatic * (above - u)
        for u, v, above in zip(state.u_i, state.v_inter, state.u_p[1:], strict=True)
    ]
    return du_p, du_i


def low_passed(old: Updates, new: Updates, share: float) -> Updates:
    """dΔ/dt = (-Δ + induction) / τ_w for one step; share = dt / τ_w, or 1 without the filter."""
    terms = {}
    for term in fields(Updates):
        pairs = zip(getattr(old, term.name), getattr(new, term.name), strict=True)
        terms[term.name] = tuple(d + share * (i - d) for d, i in pairs)
    return Updates(**terms)


def low_passed_input(state, stretch, share: float) -> tuple:
    """(r_in, u_target) after one step of their filter; share = dt / τ_input, or 1 without it."""
    r_in = state.r_in + share * (stretch.r_in - state.r_in)
    if stretch.u_target is None:
        return r_in, None
    return r_in, state.u_target + share * (stretch.u_target - state.u_target)


def refuse_runaway_somata(state, where: str) -> None:
    """Raise ``DivergenceError`` if a potential is beyond ``RUNAWAY``."""
    if not all(np.abs(u).max() < RUNAWAY for u in (*state.u_p, *state.u_i)):
        remedy = "use smaller weights or lower learning rates"
        raise DivergenceError(f"{where}: a soma has run away; {remedy}")
