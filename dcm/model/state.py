"""The state of a circuit, and the dendritic potentials that follow from rates (Eqs. 3-5)."""

import itertools
import re
from dataclasses import dataclass

import numpy as np

from dcm.model import checks
from dcm.model.circuit import checked_circuit


@dataclass(frozen=True, eq=False)
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

    def __eq__(self, other):
        return checks.same(self, other)


def basal_potential(circuit, k: int, r_below) -> np.ndarray:
    """Eq. 3: v_B of layer k + 1, (…, n_{k+1}), for the rates of the layer below."""
    n = checked_circuit(circuit).sizes
    checks.index("k", k, len(n) - 1)
    with checks.overflow_reported():
        return _basal(circuit, k, checks.rows("r_below", r_below, n[k]))


def apical_potential(circuit, h: int, r_above, r_inter) -> np.ndarray:
    """Eq. 4: v_A of hidden layer h, (…, n_{h+1}), for rates above and of interneurons."""
    n = checked_circuit(circuit).sizes
    checks.index("h", h, len(n) - 2)
    r_above = checks.rows("r_above", r_above, n[h + 2])
    r_inter = checks.rows("r_inter", r_inter, n[h + 2])
    with checks.overflow_reported():
        return _apical(circuit, h, r_above, r_inter)


def interneuron_potential(circuit, h: int, r_hidden) -> np.ndarray:
    """Eq. 5: v_I of hidden layer h, (…, n_{h+2}), for the rates of that layer's pyramidal cells."""
    n = checked_circuit(circuit).sizes
    checks.index("h", h, len(n) - 2)
    with checks.overflow_reported():
        return _interneuron(circuit, h, checks.rows("r_hidden", r_hidden, n[h + 1]))


def state_of(circuit, r_in, u_p, u_i, u_target=None) -> State:
    """The state with somata ``u_p`` and ``u_i``, and the dendrites that belong to them.

    ``ValueError`` if an array does not fit the circuit or holds NaN.
    """
    r_in, u_target = checked_patterns(circuit, r_in, u_target)
    n = circuit.sizes
    u_p = _layers("u_p", u_p, r_in.shape[:-1], n[1:])
    u_i = _layers("u_i", u_i, r_in.shape[:-1], n[2:])
    for name, layers in {"u_p": u_p, "u_i": u_i}.items():
        for k, u in enumerate(layers):
            checks.floats(f"{name}[{k}]", u, u.shape)
    with checks.overflow_reported():
        return _state_of(circuit, r_in, u_p, u_i, u_target)


# The same without checks, for the loops of this package, whose arguments were checked once.


def _basal(circuit, k, r_below):
    return r_below @ circuit.w_up[k].T + circuit.b_up[k]  # Eq. 3


def _apical(circuit, h, r_above, r_inter):
    return r_above @ circuit.w_down[h].T + r_inter @ circuit.w_pi[h].T  # Eq. 4


def _interneuron(circuit, h, r_hidden):
    return r_hidden @ circuit.w_ip[h].T + circuit.b_ip[h]  # Eq. 5


def _state_of(circuit, r_in, u_p, u_i, u_target=None):
    phi = circuit.transfer
    hidden = range(len(u_i))
    r = [r_in, *map(phi, u_p)]  # r[k] is the rate of layer k
    r_i = [phi(u) for u in u_i]
    v_basal = tuple(_basal(circuit, k, r[k]) for k in range(len(u_p)))
    v_apical = tuple(_apical(circuit, h, r[h + 2], r_i[h]) for h in hidden)
    v_inter = tuple(_interneuron(circuit, h, r[h + 1]) for h in hidden)
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
    if _fits(n, state):
        return state
    r_in = checks.rows("state.r_in", state.r_in, n[0])
    parts = {"r_in": r_in, "u_target": None}
    for name, sizes in _widths(n).items():
        parts[name] = _layers(f"state.{name}", getattr(state, name), r_in.shape[:-1], sizes)
    if state.u_target is not None:
        parts["u_target"] = checks.rows("state.u_target", state.u_target, n[-1])
        fitting_patterns(n, r_in, state.u_target, ("state.r_in", "state.u_target"))
    return State(**parts)


def _widths(n) -> dict:
    """Numbers of neurons of each field of a state but the patterns."""
    return {"u_p": n[1:], "v_basal": n[1:], "u_i": n[2:], "v_apical": n[1:-1], "v_inter": n[2:]}


def _fits(n, state) -> bool:
    """Whether a state is as ``equilibrium`` makes it: the usual case, seen at a glance."""
    fields = (state.u_p, state.v_basal, state.u_i, state.v_inter, state.v_apical)
    if {*map(type, fields)} != {tuple}:
        return False
    target = () if state.u_target is None else (state.u_target,)
    arrays = [state.r_in, *itertools.chain(*fields), *target]
    if not all(map(checks.is_float_array, arrays)):
        return False
    batch = state.r_in.shape[:-1]
    shapes = [(*batch, size) for size in n]
    above = shapes[2:]
    top = shapes[-1:] if target else []
    wanted = [*shapes, *shapes[1:], *above, *above, *shapes[1:-1], *top]
    lengths = [len(layers) for layers in fields]
    depth = len(n) - 1
    fitting = lengths == [depth, depth, depth - 1, depth - 1, depth - 1]
    return fitting and [array.shape for array in arrays] == wanted


def _layers(name: str, given, batch, sizes) -> tuple:
    """Arrays (*batch, n), one per layer of these sizes; or ``ValueError``."""
    return checks.arrays(name, given, [(*batch, size) for size in sizes])


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
        f"record has no trace {checks.shown(name)}; choose from r_in, u_target (when there is "
        f"one), u_p[k], v_basal[k], w_up[k] with k < {len(circuit.w_up)}, and u_i[h], "
        "v_apical[h], v_inter[h], "
        f"w_ip[h], w_pi[h], w_down[h] with h < {len(circuit.w_down)}"
    )
