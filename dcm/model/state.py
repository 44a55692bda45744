"""The state of a circuit, and the dendritic potentials that follow from rates (Eqs. 3-5)."""

import re
from dataclasses import dataclass, fields

import numpy as np

from dcm.model import checks
from dcm.model.circuit import checked_circuit


@dataclass(frozen=True)
class State:
    """All potentials for one pattern or a batch (leading axes ``…``); dimensionless, rest 0.

    Attributes
    ----------
    r_in : (…, n_0)
        Input rates.
    u_p, v_basal : tuple of (…, n_{k+1}), k = 0…N-1
        Pyramidal somata and basal dendrites; k = 0 is layer 1, the last is the output.
    u_i, v_inter : tuple of (…, n_{h+2}), one per hidden layer h
        Interneuron somata and dendrites.
    v_apical : tuple of (…, n_{h+1})
        Apical dendrites of the hidden layers.
    u_target : (…, n_N) or None
        Target potential that nudges the output; None means no nudging.
    """

    r_in: np.ndarray
    u_p: tuple
    v_basal: tuple
    u_i: tuple
    v_apical: tuple
    v_inter: tuple
    u_target: np.ndarray | None = None


def basal_potential(circuit, k: int, r_below) -> np.ndarray:
    """Eq. 3: v_B of layer k + 1, (…, n_{k+1}), for the rates of the layer below."""
    n = checked_circuit(circuit).sizes
    checks.index("k", k, len(n) - 1)
    r_below = checks.rows("r_below", r_below, n[k])
    return r_below @ circuit.w_up[k].T + circuit.b_up[k]


def apical_potential(circuit, h: int, r_above, r_inter) -> np.ndarray:
    """Eq. 4: v_A of hidden layer h, (…, n_{h+1}), for rates above and of interneurons."""
    n = checked_circuit(circuit).sizes
    checks.index("h", h, len(n) - 2)
    r_above = checks.rows("r_above", r_above, n[h + 2])
    r_inter = checks.rows("r_inter", r_inter, n[h + 2])
    return r_above @ circuit.w_down[h].T + r_inter @ circuit.w_pi[h].T


def interneuron_potential(circuit, h: int, r_hidden) -> np.ndarray:
    """Eq. 5: v_I of hidden layer h, (…, n_{h+2}), for the rates of that layer's pyramidal cells."""
    n = checked_circuit(circuit).sizes
    checks.index("h", h, len(n) - 2)
    r_hidden = checks.rows("r_hidden", r_hidden, n[h + 1])
    return r_hidden @ circuit.w_ip[h].T + circuit.b_ip[h]


def state_of(circuit, r_in, u_p, u_i, u_target=None) -> State:
    """The state with somata ``u_p`` and ``u_i``, and the dendrites that belong to them."""
    phi = circuit.transfer
    hidden = range(len(u_i))
    r = [r_in, *map(phi, u_p)]  # r[k] is the rate of layer k
    r_i = [phi(u) for u in u_i]
    v_basal = tuple(basal_potential(circuit, k, r[k]) for k in range(len(u_p)))
    v_apical = tuple(apical_potential(circuit, h, r[h + 2], r_i[h]) for h in hidden)
    v_inter = tuple(interneuron_potential(circuit, h, r[h + 1]) for h in hidden)
    return State(r_in, tuple(u_p), v_basal, tuple(u_i), v_apical, v_inter, u_target)


def as_rows(patterns) -> np.ndarray:
    """(…, n) as (n_patterns, n)."""
    return patterns.reshape(-1, patterns.shape[-1])


def checked_patterns(circuit, r_in, u_target, names=("r_in", "u_target")):
    """Input rates and targets as arrays that fit the circuit; errors call them by ``names``."""
    return fitting_patterns(checked_circuit(circuit).sizes, r_in, u_target, names)


def fitting_patterns(n, r_in, u_target, names=("r_in", "u_target")):
    """As ``checked_patterns``, for any net of layers of sizes ``n``."""
    r_in = checks.patterns(names[0], r_in, n[0])
    if u_target is not None:
        u_target = checks.patterns(names[1], u_target, n[-1])
        if u_target.shape[:-1] not in ((), r_in.shape[:-1]):
            found = f"{names[1]} has shape {u_target.shape} but {names[0]} {r_in.shape}"
            raise ValueError(f"{found}; give one target per input")
    return r_in, u_target


def checked_state(circuit, state) -> State:
    """``state`` as arrays that fit the circuit, all of the same batch axes; or ``ValueError``."""
    n = checked_circuit(circuit).sizes
    checks.instance("state", state, State, "a State, as equilibrium(circuit, r_in) returns it")
    widths = {"u_p": n[1:], "v_basal": n[1:], "u_i": n[2:], "v_apical": n[1:-1], "v_inter": n[2:]}
    r_in = checks.rows("state.r_in", state.r_in, n[0])
    parts = {"r_in": r_in, "u_target": state.u_target}
    batch = r_in.shape[:-1]
    for name, sizes in widths.items():
        given = checks.sequence(f"state.{name}", getattr(state, name))
        if len(given) != len(sizes):
            found = f"state.{name} has {len(given)} arrays"
            raise ValueError(f"{found}; layers {n} need {len(sizes)}")
        shapes = [(*batch, size) for size in sizes]
        parts[name] = tuple(
            checks.shaped(f"state.{name}[{k}]", given[k], shape) for k, shape in enumerate(shapes)
        )
    if state.u_target is not None:
        parts["u_target"] = checks.rows("state.u_target", state.u_target, n[-1])
    return State(**parts)


def checked_names(record) -> tuple[str, ...]:
    """``record`` as a tuple of trace names; ``ValueError`` for a bare string."""
    if isinstance(record, str):
        remedy = f"give a sequence of names, as ({checks.shown(record)},)"
        raise ValueError(f"record is the string {checks.shown(record)}; {remedy}")
    names = checks.sequence("record", record)
    for i, name in enumerate(names):
        checks.instance(f"record[{i}]", name, str, 'the name of a trace, as "u_p[0]"')
    return names


def observe(name: str, circuit, state) -> np.ndarray:
    """A trace by its name, as ``"v_apical[0]"``, ``"w_ip[0]"`` or ``"r_in"``; or ``ValueError``."""
    checks.instance("name", name, str, 'the name of a trace, as "u_p[0]"')
    match = re.fullmatch(r"(\w+?)(?:\[(\d{1,9})\])?", name)
    field, index = match.groups() if match else (name, None)
    value = getattr(circuit if field.startswith(("w_", "b_")) else state, field, None)
    if isinstance(value, tuple) and index and int(index) < len(value):
        return value[int(index)]
    if isinstance(value, np.ndarray) and not index:
        return value
    raise ValueError(
        f"record has no trace {checks.shown(name)}; choose from r_in, u_target (when there is one), u_p[k], "
        f"v_basal[k], w_up[k] with k < {len(circuit.w_up)}, and u_i[h], v_apical[h], v_inter[h], "
        f"w_ip[h], w_pi[h], w_down[h] with h < {len(circuit.w_down)}"
    )
