"""What the mini-batch loops are given, admitted alike by the compiled loops and the plain twins."""

from collections import namedtuple
from itertools import combinations

import numpy as np

from dcm.model import checks
from dcm.model.circuit import LEARNING, checked_circuit
from dcm.model.plasticity import checked_rates
from dcm.model.transfer import Logistic
from dcm.settle.learning import fitting_series

# All patterns in the precision of the weights, the rows to show, and how many at a time.
Shown = namedtuple("Shown", "inputs u_targets order batch")


def circuit_and_patterns(circuit, inputs, u_targets, rates, order, batch) -> Shown:
    """The arguments of ``learn_two_pass``, or an error that names the one that does not fit."""
    sizes = checked_circuit(circuit).sizes
    if type(circuit.transfer) is not Logistic:
        found = f"circuit.transfer is {checks.shown(circuit.transfer)}"
        raise TypeError(f"{found}, but learn_two_pass is written for Logistic(); use dcm.learn")
    checked_rates(rates)
    for name, (_, kind) in LEARNING.items():
        rates.per_layer(kind, len(getattr(circuit, name)))
    dtype = np.result_type(*circuit.arrays().values())
    return _shown(sizes, dtype, inputs, u_targets, order, batch)


def net_and_patterns(w, b, inputs, u_targets, eta, order, batch) -> tuple[Shown, list[float]]:
    """The arguments of ``learn_backprop`` and a rate per layer, or an error that names the misfit.

    Arrays that change must not overlap each other, or what is to stay as it is.
    """
    w = checks.sequence("w", w)
    b = checks.sequence("b", b)
    if not w or len(w) != len(b):
        found = f"w has {len(w)} arrays and b {len(b)}"
        raise ValueError(f"{found}; give one matrix and one vector per layer")
    arrays = {f"{name}[{k}]": x for name, xs in (("w", w), ("b", b)) for k, x in enumerate(xs)}
    for name, array in arrays.items():
        _check_changeable(name, array, w[0])
    sizes = (np.shape(w[0])[-1], *map(len, w))
    for k, n in enumerate(sizes[1:]):
        checks.floats(f"w[{k}]", w[k], (n, sizes[k]))
        checks.floats(f"b[{k}]", b[k], (n,))
    etas = np.atleast_1d(checks.array("eta", eta)).tolist()
    if np.ndim(etas) != 1 or len(etas) not in (1, len(w)):
        raise ValueError(f"eta has shape {np.shape(eta)}; give 1 or {len(w)}, one per layer")
    etas = [checks.non_negative("eta", x) for x in etas]
    if u_targets is None:
        raise ValueError("u_targets is None; give the target potential of each pattern")
    shown = _shown(sizes, w[0].dtype, inputs, u_targets, order, batch)
    arrays["inputs"] = np.asarray(inputs)
    arrays["u_targets"] = np.asarray(u_targets)
    for (one, x), (two, y) in combinations(arrays.items(), 2):
        if {one, two} != {"inputs", "u_targets"} and np.shares_memory(x, y):
            raise ValueError(f"{one} and {two} share memory; give a copy of one")
    return shown, etas * (len(w) // len(etas))


def _check_changeable(name: str, array, like) -> None:
    """``ValueError`` unless an array can be changed in place, in the precision of ``like``."""
    if not checks.is_float_array(array):
        kind = type(array).__name__
        found = f"a {kind} of {array.dtype.name}" if isinstance(array, np.ndarray) else f"a {kind}"
        raise ValueError(f"{name} is {found}; give an array of float32 or float64")
    if array.dtype != like.dtype:
        found = f"{name} is {array.dtype.name}, w[0] is {like.dtype.name}"
        raise ValueError(f"{found}; give all in one precision")
    if array.ndim != (2 if name[0] == "w" else 1) or not array.size:
        wanted = "(n_post, n_pre)" if name[0] == "w" else "(n_post,)"
        raise ValueError(f"{name} has shape {array.shape}; give {wanted}")
    if not array.flags.writeable:
        raise ValueError(f"{name} is read-only, but is changed in place; give a copy")


def _shown(sizes, dtype, inputs, u_targets, order, batch) -> Shown:
    inputs, u_targets = fitting_series(sizes, inputs, u_targets)
    order = _rows(order, len(inputs))
    batch = min(checks.count("batch", batch), max(len(order), 1))
    inputs = _as(dtype, "inputs", inputs)
    if u_targets is not None:
        u_targets = _as(dtype, "u_targets", u_targets)
    return Shown(inputs, u_targets, order, batch)


def _as(dtype, name: str, patterns) -> np.ndarray:
    """``patterns`` as compiled code takes them: C-ordered and writeable; at best as they are."""
    with np.errstate(over="ignore"):  # what has become infinite is refused
        fitting = np.require(patterns, dtype, ["C", "A", "W"])
    if patterns.dtype != dtype and not checks.finite(fitting):
        raise checks.NotFinite(name, f"{name} does not fit {dtype.name}; give smaller numbers")
    return fitting


def _rows(order, n: int) -> np.ndarray:
    """``order`` as row numbers, or ``ValueError``, or ``IndexError`` if one is not in 0…n-1."""
    wanted = f"whole numbers from 0 to {n - 1}, one per pattern shown"
    if not n:
        wanted = "an empty list, as there are no inputs"
    if isinstance(order, np.ma.MaskedArray):
        raise ValueError(f"order is a masked array; give {wanted}")
    try:
        rows = np.asarray(order)
    except Exception:  # ragged, or an object that is an array only in name
        rows = np.zeros((0, 0))
    if rows.ndim != 1 or (rows.dtype.kind not in "iu" and rows.size):
        raise ValueError(f"order is {checks.shown(order)}; give {wanted}")
    outside = rows[(rows < 0) | (rows >= n)]
    if outside.size:
        raise IndexError(f"order holds {outside[0]}; give {wanted}")
    return np.require(rows, np.intp, ["C", "A", "W"])
