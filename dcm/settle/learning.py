"""The plain training loop: settle to a state, apply the rule (Eqs. 7-10), move the weights."""

from dataclasses import dataclass

import numpy as np

from dcm.model import checks
from dcm.model.circuit import LEARNING, checked_circuit
from dcm.model.plasticity import checked_rates, plasticity
from dcm.model.state import checked_names, fitting_patterns, observe
from dcm.settle.equilibrium import ConvergenceError, equilibrium

# A weight this large means divergence [chosen]: potentials and rates still fit float64 comfortably.
RUNAWAY = 1e8


class DivergenceError(RuntimeError):
    """Learning ran away: a weight is no longer a sensible number."""


@dataclass(frozen=True)
class Trace:
    """What ``learn`` recorded: per name in ``record`` a trace (n_records, …).

    ``pattern`` (n_records,) are the presentations before which the records were taken; both are
    empty without ``record``.
    """

    pattern: np.ndarray
    traces: dict[str, np.ndarray]


def learn(
    circuit,
    inputs,
    u_targets,
    rates,
    *,
    settle=equilibrium,
    rule=plasticity,
    duration=100.0,
    record=(),
    record_every=1,
    batch=1,
    progress=None,
):
    """Show patterns one after the other; after each the weights move by η · duration · induction.

    Parameters
    ----------
    circuit : Circuit
        Start; not modified.
    inputs, u_targets : (n_patterns, n_0) and (n_patterns, n_N) or None
        Input rates, one row per pattern, and target potentials; None: no teaching.
    rates : LearningRates
        Per ms.
    settle : callable (circuit, r_in, u_target) -> State
        How a pattern becomes a state: ``equilibrium``, ``two_pass`` or your own.
    rule : callable (circuit, state) -> Updates
        What a state does to the weights: ``plasticity`` or your own.
    duration : float
        Milliseconds a pattern is shown; larger = larger steps. Paper: 100.
    record : sequence of str
        Traces to keep, such as ``("v_apical[0]", "w_ip[0]")``, taken before the weights move.
    record_every, batch : int
        Mini-batches between records; patterns per batch, whose updates are averaged (MNIST: 10).
    progress : callable, optional
        Wraps the loop's iterable, as ``tqdm.tqdm`` does.

    Returns
    -------
    (Circuit, Trace)

    Raises
    ------
    ValueError
        If inputs, targets, rates or trace names do not fit the circuit.
    DivergenceError
        At the pattern where learning runs away, naming the rate to lower.
    """
    inputs, u_targets = checked_series(circuit, inputs, u_targets)
    step = checked_rates(rates).scaled(checks.positive("duration", duration))
    record = checked_names(record)
    batch = checks.count("batch", batch)
    record_every = checks.count("record_every", record_every)
    progress = iter if progress is None else progress
    checks.functions(settle=settle, rule=rule, progress=progress)
    seen = []
    traces = {name: [] for name in record}
    starts = range(0, len(inputs), batch)
    for number, i in enumerate(progress(starts)):
        rows = slice(i, i + batch) if batch > 1 else i
        target = None if u_targets is None else u_targets[rows]
        where = f"pattern {i}"
        with np.errstate(over="ignore", invalid="ignore"):  # what runs away is reported
            state = settled(settle, circuit, inputs[rows], target, step, where)
            if record and number % record_every == 0:
                seen.append(i)
                for name, kept in traces.items():
                    kept.append(observe(name, circuit, state))
            circuit = stepped(circuit, induced(rule, circuit, state, where), step, where)
    return circuit, trace_of(seen, traces)


def settled(settle, circuit, r_in, u_target, step, where: str):
    """``settle(circuit, r_in, u_target)``, or ``DivergenceError`` saying ``where`` it failed.

    It names the rate of the largest weights of those that learn with the rates ``step``.
    """
    try:
        return settle(circuit, r_in, u_target)
    except ConvergenceError as error:
        largest = {}
        for name, (_, kind) in LEARNING.items():
            if np.any(getattr(step, kind)):
                arrays = getattr(circuit, name)
                largest[name] = max(np.abs(w).max(initial=0.0) for w in arrays)
        words = f"{where}: {error}"
        if largest:
            name = max(largest, key=largest.get)
            _, kind = LEARNING[name]
            words += f"; or lower the learning rate {kind}, of {name}, the largest that learns"
        raise DivergenceError(words) from error


def induced(rule, circuit, state, where: str):
    """``rule(circuit, state)``, or ``DivergenceError`` saying ``where`` it is beyond all bounds."""
    try:
        return rule(circuit, state)
    except checks.NotFinite as error:
        raise DivergenceError(f"{where}: {error}; or lower the learning rates") from error


def trace_of(seen, traces) -> Trace:
    """The records ``traces``, a list per name, taken before the patterns ``seen``."""
    kept = {name: np.array(values) for name, values in traces.items()}
    return Trace(np.array(seen, dtype=int), kept)


def stepped(circuit, updates, step, where: str):
    """``circuit.updated(updates, step)``, or ``DivergenceError`` saying ``where`` that ran away."""
    try:
        circuit = circuit.updated(updates, step)
    except checks.NotFinite as error:
        refuse_runaway(circuit, where, error.name)
        raise
    refuse_runaway(circuit, where)
    return circuit


def refuse_runaway(circuit, where: str, array: str | None = None) -> None:
    """Raise ``DivergenceError`` for ``array``, as "w_up[0]", or the first beyond ``RUNAWAY``."""
    for weights, (_, rate) in LEARNING.items():
        for i, w in enumerate(getattr(circuit, weights)):
            name = f"{weights}[{i}]"
            if name == array or not np.abs(w).max(initial=0.0) < RUNAWAY:
                found = f"{where}: {name} has run away (beyond {RUNAWAY:g})"
                raise DivergenceError(f"{found}; lower the learning rate {rate}")


def room_for_weights(circuit) -> float:
    """How far every weight may still move before one can be beyond ``RUNAWAY``; NaN for NaN."""
    arrays = [w for name in LEARNING for w in getattr(circuit, name)]
    return RUNAWAY - float(np.max([np.abs(w).max(initial=0.0) for w in arrays]))


def checked_series(circuit, inputs, u_targets):
    """Patterns as 2-D arrays that fit the circuit, or ``ValueError``."""
    return fitting_series(checked_circuit(circuit).sizes, inputs, u_targets)


def fitting_series(sizes, inputs, u_targets):
    """As ``checked_series``, for any net of layers of these sizes."""
    inputs, u_targets = fitting_patterns(sizes, inputs, u_targets, ("inputs", "u_targets"))
    if inputs.ndim != 2:
        wanted = f"(n_patterns, {sizes[0]}), one row per pattern"
        raise ValueError(f"inputs has shape {inputs.shape}; give {wanted}")
    if u_targets is not None and u_targets.ndim != 2:
        wanted = f"(n_patterns, {sizes[-1]})"
        raise ValueError(f"u_targets has shape {u_targets.shape}; give {wanted}")
    return inputs, u_targets
