"""The state of a circuit, and the instantaneous dendritic potentials that follow from it (Eqs. 3-5)."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from dcm.model import checks


@dataclass(frozen=True)
class State:
    """All potentials for one pattern, or for a batch of them (one leading axis ``…``). Dimensionless, rest 0.

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


def dendrites(circuit, r_in, u_p, u_i) -> tuple[tuple, tuple, tuple]:
    """(v_basal, v_apical, v_inter) of Eqs. 3, 4 and 5 for somata ``u_p`` and ``u_i``; batches welcome."""
    phi, hidden = circuit.transfer, range(len(u_i))
    r = [r_in, *map(phi, u_p)]
    r_i = [phi(u) for u in u_i]
    v_basal = tuple(
        r[k] @ w.T + b for k, (w, b) in enumerate(zip(circuit.w_up, circuit.b_up, strict=True))
    )
    v_apical = tuple(r[h + 2] @ circuit.w_down[h].T + r_i[h] @ circuit.w_pi[h].T for h in hidden)
    v_inter = tuple(r[h + 1] @ circuit.w_ip[h].T + circuit.b_ip[h] for h in hidden)
    return v_basal, v_apical, v_inter


def state_of(circuit, r_in, u_p, u_i, u_target=None) -> State:
    """The state with somata ``u_p`` and ``u_i`` and the dendritic potentials that belong to them."""
    v_basal, v_apical, v_inter = dendrites(circuit, r_in, u_p, u_i)
    return State(r_in, tuple(u_p), v_basal, tuple(u_i), v_apical, v_inter, u_target)


def checked_patterns(circuit, r_in, u_target, names=("r_in", "u_target")):
    """Input rates and target potentials as arrays that fit the circuit, or ``ValueError`` using ``names``."""
    n = circuit.sizes
    r_in = checks.patterns(names[0], r_in, n[0])
    if u_target is not None:
        u_target = checks.patterns(names[1], u_target, n[-1])
        if u_target.shape[:-1] not in ((), r_in.shape[:-1]):
            shapes = f"{names[1]} has shape {u_target.shape} but {names[0]} {r_in.shape}"
            raise ValueError(f"{shapes}; give one target per input")
    return r_in, u_target


def checked_names(record) -> tuple[str, ...]:
    """``record`` as a tuple of trace names; ``ValueError`` for a bare string."""
    if isinstance(record, str):
        raise ValueError(
            f"record is the string {record!r}; give a sequence of names, as ({record!r},)"
        )
    return tuple(record)


def observe(name: str, circuit, state) -> np.ndarray:
    """Value of a trace named as it is written in code, for example ``"v_apical[0]"``, ``"w_ip[0]"`` or ``"r_in"``.

    Raises ``ValueError`` listing what can be recorded when there is no such trace.
    """
    owner = circuit if name[:2] in ("w_", "b_") else state
    match = re.fullmatch(r"(\w+?)(?:\[(\d+)\])?", name)
    value = getattr(owner, match[1], None) if match else None
    if isinstance(value, tuple) and match[2] and int(match[2]) < len(value):
        return value[int(match[2])]
    if isinstance(value, np.ndarray) and not match[2]:
        return value
    raise ValueError(
        f"record has no trace {name!r}; choose from r_in, u_target (when there is one), u_p[k], v_basal[k], "
        f"w_up[k] with k < {len(circuit.w_up)}, and u_i[h], v_apical[h], v_inter[h], w_ip[h], w_pi[h], w_down[h] "
        f"with h < {len(circuit.w_down)}"
    )
