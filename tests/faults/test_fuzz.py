"""Every public function with odd arguments: it works, or says what is wrong with which argument.

The tables at the end list the functions with arguments that are right, and the kind of each.
Hypothesis draws one argument and an oddity of its kind. An oddity either means the same as a plain
argument, and then the results must be equal; or it must be refused; or it may be either. What
counts as wrong is in ``complaint``.
"""

import copy
import linecache
import warnings
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dcm
from dcm import Circuit, Conductances, LearningRates, Logistic, SoftRectifier
from dcm.experiments import measures
from dcm.lab import verdict
from dcm.model import backprop, checks, state
from dcm.model.circuit import WEIGHTS
from dcm.model.updates import checked_rates
from dcm.settle import dynamics, learning, recording
from dcm.settle.equilibrium import feedforward

PACKAGE = str(Path(dcm.__file__).parent)
OURS = (ValueError, TypeError, IndexError, RuntimeError)  # and what is derived from them
RATES = LearningRates(1e-4, (1e-4,), 1e-4, 1e-4, thresholds=True)
REFUSED = object()  # what an odd argument means: it must be refused,
EITHER = object()  # or may be; anything else is the plain argument that it is worth


class Subclass(np.ndarray):
    """An array of another class."""


class NoArray:
    """Claims to be an array and is none."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("no array")

    def __repr__(self):
        return "two\nlines"


# --- what may be handed in -------------------------------------------------------------------


def anything(rng):
    """What is neither a number nor an array nor part of a circuit."""
    things = [
        lambda: None,
        lambda: "text",
        lambda: "",
        lambda: b"bytes",
        dict,
        set,
        lambda: {0.1, 0.2},
        lambda: (x for x in (0.1, 0.2)),
        lambda: print,
        lambda: np.ndarray,
        object,
        NoArray,
        lambda: Ellipsis,
        lambda: np.datetime64("2018-01-01"),
        lambda: np.random,
        lambda: np.array(None),
        lambda: np.array("text"),
        lambda: 1j,
        lambda: NotImplemented,
        lambda: np.ma.masked,
        lambda: np.dtype("S1"),
        lambda: Circuit,
        lambda: slice(None),
        lambda: "nan",
        lambda: [None],
        lambda: [[0.1], [0.1, 0.2]],
        lambda: ["text", 0.1],
        lambda: [10**400],
        lambda: "x" * 10_000,
    ]
    return things[rng.integers(len(things))]()


def array(value, rng):
    """An odd array in place of a good one."""
    x = np.asarray(value)
    same = [
        lambda: (x.tolist(), x.astype(float)),
        lambda: (tuple(x.tolist()), x.astype(float)),
        lambda: (np.asfortranarray(x), x),
        lambda: (np.repeat(x, 2, axis=-1)[..., ::2], x),
        lambda: (np.ascontiguousarray(x[..., ::-1])[..., ::-1], x),
        lambda: (read_only(x), x),
        lambda: typed(x, np.float32),
        lambda: typed(x, np.float16),
        lambda: typed(x, np.longdouble),
        lambda: typed(x, ">f8"),
        lambda: typed(x, ">f4"),
        lambda: typed(np.rint(9 * x), np.int64),
        lambda: typed(np.rint(9 * x), np.int8),
        lambda: typed(np.rint(9 * np.abs(x)), np.uint8),
        lambda: typed(np.rint(9 * np.abs(x)), np.uint64),
        lambda: typed(x > 0, bool),
        lambda: (x.view(Subclass), x),
        lambda: (np.broadcast_to(x[..., :1], x.shape), np.repeat(x[..., :1], x.shape[-1], -1)),
        lambda: (0.0 * x, 0.0 * x),
        lambda: (1e-320 * np.sign(x), 1e-320 * np.sign(x)),
        lambda: (memoryview(np.ascontiguousarray(x)), x),
        lambda: (np.matrix(x), x) if x.ndim == 2 else (x, x),
    ]
    refused = [
        lambda: x + 0j,
        lambda: x + 1j,
        lambda: x.astype(object),
        lambda: x.astype(str),
        lambda: x.astype(bytes),
        lambda: x.astype("m8[s]"),
        lambda: x.astype([("a", float)]),
        lambda: np.ma.masked_array(x, mask=x > 0),
        lambda: np.ma.masked_array(x),
        lambda: [np.ma.masked_array(row, mask=True) for row in np.atleast_1d(x)],
        lambda: spoilt(x, np.nan, rng),
        lambda: spoilt(x, np.inf, rng),
        lambda: spoilt(x, -np.inf, rng),
        lambda: spoilt(x.astype(np.float32), np.nan, rng),
        lambda: spoilt(x.astype(np.longdouble), np.longdouble("1e4000"), rng),
        lambda: spoilt(x.astype(object), Fraction(1, 3), rng).tolist(),
        lambda: spoilt(x.astype(object), Decimal("0.1"), rng).tolist(),
        lambda: spoilt(x.astype(object), 10**400, rng).tolist(),
        lambda: spoilt(x.astype(object), None, rng).tolist(),
        lambda: spoilt(x.astype(object), "0.1", rng).tolist(),
        lambda: spoilt(x.astype(object), [0.1, 0.2], rng).tolist(),
        lambda: x[..., :-1],
        lambda: np.concatenate([x, x], axis=-1),
        lambda: x[..., :0],
        lambda: np.zeros(0),
        lambda: np.array(0.5),
        lambda: 0.5,
        lambda: 0,
        lambda: anything(rng),
    ]
    either = [
        lambda: x[None],
        lambda: x[None, None],
        lambda: np.stack([x, x, x])[:, None],
        lambda: x[:0],
        lambda: np.zeros((0, *x.shape)),
        lambda: 1e308 * np.sign(x),
        lambda: 1e200 * x,
        lambda: -1e160 * x,
        lambda: spoilt(x, 1e308, rng),
        lambda: spoilt(x.astype(np.float32), 3e38, rng),
        lambda: x.T,
    ]
    return drawn(rng, same, refused, either)


def number(value, rng):
    """An odd number in place of a good one."""
    same = [
        lambda: (np.float64(value), value),
        lambda: (np.float32(value), float(np.float32(value))),
        lambda: (np.float16(value), float(np.float16(value))),
        lambda: (np.longdouble(value), value),
        lambda: (Fraction(value), value),
        lambda: (np.int64(1), 1.0),
        lambda: (1, 1.0),
    ]
    refused = [
        lambda: np.nan,
        lambda: np.inf,
        lambda: -np.inf,
        lambda: 10**400,
        lambda: 10**5000,
        lambda: Fraction(10**400),
        lambda: np.longdouble("1e4000"),
        lambda: complex(value),
        lambda: Decimal(value),
        lambda: str(value),
        lambda: np.array([value]).astype(str),
        lambda: True,
        lambda: np.ma.masked_array(value, mask=True),
        lambda: anything(rng),
    ]
    either = [
        lambda: 0,
        lambda: -value,
        lambda: -1e-320,
        lambda: 1e-320,
        lambda: 1e-200,
        lambda: 1e99,
        lambda: 1e308,
        lambda: -1e308,
        lambda: np.array(value),
        lambda: [value],
        lambda: np.full((2, 2), value),
    ]
    return drawn(rng, same, refused, either)


def share(value, rng):
    """``number``, for what must be below 1, or well below."""
    odd, meaning = number(value, rng)
    return odd, EITHER if meaning == 1 else meaning


def optional_array(value, rng):
    """``array``, where None is right."""
    odd, meaning = array(value, rng)
    return odd, EITHER if odd is None else meaning


def unchecked_array(value, rng):
    """``array``, for functions that let NaN and infinity through, whatever the shape."""
    odd, meaning = array(value, rng)
    numeric = isinstance(odd, np.ndarray | float | int) and not np.ma.isMaskedArray(odd)
    if meaning is REFUSED and numeric and np.asarray(odd).dtype.kind == "f":
        meaning = EITHER
    return odd, meaning


def elementwise(value, rng):
    """``unchecked_array``, for functions of any shape."""
    odd, meaning = unchecked_array(value, rng)
    return odd, EITHER if isinstance(odd, int) else meaning


def rates_of_neurons(value, rng):
    """``elementwise``, for what must lie strictly between 0 and 1."""
    odd, meaning = elementwise(value, rng)
    if ordinary(meaning) and not ((meaning > 0) & (meaning < 1)).all():
        meaning = EITHER
    return odd, meaning


def whole(value, rng):
    """An odd whole number in place of a good one."""
    same = [
        lambda: (np.int64(value), value),
        lambda: (np.uint8(value), value),
    ]
    refused = [
        lambda: -1,
        lambda: 0.5,
        lambda: np.nan,
        lambda: np.inf,
        lambda: str(value),
        lambda: True,
        lambda: Fraction(1, 2),
        lambda: 10**30,
        lambda: 10**5000,
        lambda: anything(rng),
    ]
    either = [
        lambda: 0,
        lambda: 10**6,
        lambda: 10**9,
        lambda: value + 1,
        lambda: float(value),
        lambda: np.array(value),
        lambda: [value],
    ]
    return drawn(rng, same, refused, either)


def a_circuit(value, rng):
    """An odd circuit in place of a good one."""
    low = value.astype(np.float32)
    mixed = replace(value, w_ip=low.w_ip, b_up=low.b_up)
    same = [
        lambda: (low, low.astype(float)),
        lambda: (mixed, mixed.astype(float)),
        lambda: (replace(value, w_up=tuple(map(np.asfortranarray, value.w_up))), value),
        lambda: (replace(value, w_pi=tuple(map(read_only, value.w_pi))), value),
        lambda: (replace(value, w_down=[w.tolist() for w in value.w_down]), value),
    ]
    refused = [
        value.arrays,
        lambda: SimpleNamespace(**vars(value)),
        lambda: value.w_up,
        lambda: value.sizes,
        lambda: 0,
        lambda: anything(rng),
    ]
    either = [
        lambda: replace(value, w_up=tuple(1e307 * w for w in value.w_up)),
        lambda: replace(value, w_down=tuple(1e100 * w for w in value.w_down)),
        lambda: replace(value, w_pi=tuple(1e5 * w for w in value.w_pi)),
        lambda: replace(low, w_up=tuple(np.float32(1e37) * w for w in low.w_up)),
        lambda: Circuit.random((1, 1, 1), np.random.default_rng(0)),
        lambda: Circuit.random((5, 4, 3, 2), np.random.default_rng(0)),
        lambda: replace(value, transfer=SoftRectifier(gamma=1e90, beta=1e90)),
        lambda: replace(value, conductances=Conductances(1e99, 1e-99, 1e99, 1e-99, 1e99)),
    ]
    return drawn(rng, same, refused, either)


def source(value, rng):
    """A wrong source of random numbers."""
    things = [0, np.random.RandomState(0), np.random.PCG64(0), np.random, 1.5, "0", (), print]
    return things[rng.integers(len(things))], REFUSED


def arrays_of(value, rng):
    """A tuple of arrays with one that is odd, or an odd tuple."""
    refused = [
        lambda: value[:-1],
        lambda: (*value, value[-1]),
        lambda: (),
        lambda: dict(enumerate(value)),
        lambda: value[0],
        lambda: 0,
        lambda: (anything(rng), *value[1:]),
        lambda: anything(rng),
    ]
    if rng.random() < 0.4:
        odd = refused[rng.integers(len(refused))]()
        is_none = odd is None
        return odd, EITHER if is_none else REFUSED
    i = rng.integers(len(value))
    odd, meaning = array(value[i], rng)
    plain = (*value[:i], meaning, *value[i + 1 :]) if ordinary(meaning) else meaning
    return (*value[:i], odd, *value[i + 1 :]), plain


def up_weights(value, rng):
    """``arrays_of``; the number of inputs is free."""
    odd, meaning = arrays_of(value, rng)
    first = odd[0] if isinstance(odd, tuple) and odd else None
    free = getattr(first, "ndim", 0) == 2 and len(first) == len(value[0])
    return odd, EITHER if meaning is REFUSED and free and _finite(first) else meaning


def _finite(x) -> bool:
    plain = type(x) is np.ndarray and x.dtype.kind == "f"
    return plain and x.size > 0 and bool(np.isfinite(x).all())


def parts_of(value, rng):
    """A State, Updates or Recording with one odd field, or something else."""
    if rng.random() < 0.3:
        things = [vars(value), SimpleNamespace(**vars(value)), tuple(vars(value).values()), 0]
        return [*things, anything(rng)][rng.integers(5)], EITHER
    name = rng.choice([field.name for field in fields(value)])
    old = getattr(value, name)
    if isinstance(old, tuple):
        odd, _ = arrays_of(old, rng)
    elif isinstance(old, np.ndarray):
        odd, _ = array(old, rng)
    else:
        odd = anything(rng)
    return replace(value, **{name: odd}), EITHER


def entries_of(value, rng):
    """A dictionary of arrays with one odd entry, or something else."""
    key = str(rng.choice(list(value)))
    without = {name: w for name, w in value.items() if name != key}
    if rng.random() < 0.3:
        things = [{}, without, list(value), 0, {**value, "w_up_7": value[key]}, anything(rng)]
        return things[rng.integers(len(things))], REFUSED
    odd, meaning = array(value[key], rng)
    if key == "w_up_0" and meaning is REFUSED and _finite(odd) and odd.ndim == 2:
        meaning = EITHER  # the number of inputs is free
    plain = {**value, key: meaning} if ordinary(meaning) else meaning
    return {**value, key: odd}, plain


def other(*things, meaning=REFUSED):
    """One of ``things``, or anything."""

    def draw(value, rng):
        odd = [*things, anything(rng)][rng.integers(len(things) + 1)]
        return odd, meaning

    return draw


names = other("u_p[0]", 0, [0], ("u_p[9]",), ["nonsense"], ("",), [None], ("u_p[0]", 1j))
layers = other(0, 3, (3,), (3, 2), (3, 0, 2), (3, 2.5, 2), (3, -1, 2), (10**6,) * 3, (3, None, 2))
rates = other(0, 0.1, (0.1, 0.1), {"up": 0.1}, [RATES], LearningRates((1, 1, 1, 1, 1)))
rate_list = other(
    0, 0.1, [0.1], np.full(2, 0.1), [0.1, -1], [np.nan], np.array(0.1), [10**400], meaning=EITHER
)


def optional_rates(value, rng):
    """``rates``, where None is right."""
    odd, meaning = rates(value, rng)
    return odd, EITHER if odd is None else meaning


def function(value, rng):
    """What cannot be called."""
    things = [0, "x", (), np.zeros(3), {}, 1.5, b"", np.array(None), 10**400]
    return things[rng.integers(len(things))], REFUSED


def drawn(rng, same, refused, either):
    """One of all makers; (oddity, its meaning)."""
    every = [*same, *refused, *either]
    i = rng.integers(len(every))
    if i < len(same):
        return same[i]()
    return every[i](), REFUSED if i < len(same) + len(refused) else EITHER


def ordinary(meaning) -> bool:
    """Whether it is a plain argument."""
    return meaning is not REFUSED and meaning is not EITHER


def typed(x, dtype):
    odd = x.astype(dtype)
    return odd, odd.astype(float)


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


def spoilt(x, entry, rng):
    """A copy with one entry replaced."""
    x = np.array(x)
    flat = np.empty(x.size, x.dtype)
    flat[:] = x.ravel()
    if x.size:
        flat[rng.integers(x.size)] = entry
    return flat.reshape(x.shape)


# --- what is wrong with a call ---------------------------------------------------------------


def complaint(name, call, arguments, odd_one, odd, meaning) -> str | None:
    """What is wrong, in words, with how ``call`` takes ``odd`` for its argument ``odd_one``."""
    given_to = {**copy.deepcopy(arguments), odd_one: odd}
    before = snapshot(given_to)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result, error = call(**given_to), None
        except Exception as raised:
            result, error = None, raised
    words = f"{name}({odd_one}={checks.shown(odd)})"
    if caught:
        return f"{words} warns: {caught[0].message}"
    if snapshot(given_to) != before:
        return f"{words} changes an argument"
    if error is not None:
        fault = poor(error, odd_one)
        if fault is None and ordinary(meaning):
            fault = "is refused"
        return fault and f"{words} {fault}: {type(error).__name__}: {error}"
    if meaning is REFUSED:
        return f"{words} is accepted"
    fault = strange(result)
    if fault:
        return f"{words} returns {fault}"
    if meaning is EITHER:
        return None
    expected = call(**{**copy.deepcopy(arguments), odd_one: meaning})
    single = any(dtype in {"float32", "float16"} for dtype in dtypes_of(odd))
    return None if equal(result, expected, 1e-4 if single else 1e-9) else f"{words} differs"


def poor(error, argument) -> str | None:
    """What is wrong with an error: not raised by us, or its words."""
    last = error.__traceback__
    while last.tb_next:
        last = last.tb_next
    file = last.tb_frame.f_code.co_filename
    line = linecache.getline(file, last.tb_lineno).strip()
    message = str(error)
    named = [argument, *ALIASES.get(argument, ())]
    if not (isinstance(error, OURS) and file.startswith(PACKAGE) and line.startswith("raise")):
        return f"ends in an error of the machinery ({Path(file).name}:{last.tb_lineno})"
    if "\n" in message or len(message) > 500:
        return "gives a message of more than one line"
    runaway = isinstance(error, dcm.DivergenceError | dcm.ConvergenceError)  # name what is largest
    if not runaway and not any(word in message for word in named):
        return "gives a message without the argument's name"
    if "; " not in message and ": " not in message:
        return "gives a message without a remedy"
    return None


def leaves(value) -> list:
    """All that is in tuples, lists, dictionaries and dataclasses."""
    if is_dataclass(value) and not isinstance(value, type):
        value = vars(value)
    if isinstance(value, dict):
        value = [x for item in value.items() for x in item]
    if isinstance(value, tuple | list):
        return [leaf for x in value for leaf in leaves(x)]
    return [value]


def snapshot(arguments) -> list:
    """What must not change; generators may."""
    kept = []
    for x in leaves(arguments):
        if isinstance(x, np.ndarray) and not x.dtype.hasobject:
            kept.append((x.shape, x.dtype.str, x.flags.writeable, np.asarray(x).tobytes()))
        elif isinstance(x, int | float | str | None):
            kept.append(x if x == x else "nan")
    return kept


def strange(result) -> str | None:
    """What no function may return."""
    for x in leaves(result):
        if isinstance(x, np.ma.MaskedArray | np.matrix):
            return f"a {type(x).__name__}"
        if isinstance(x, np.ndarray) and x.dtype.kind not in "biufU":
            return f"an array of {x.dtype}"
    return None


def dtypes_of(value) -> set:
    return {str(getattr(x, "dtype", "")).replace(">f4", "float32") for x in leaves(value)}


def equal(a, b, tolerance) -> bool:
    """Whether two results hold the same numbers."""
    a = leaves(a)
    b = leaves(b)
    if len(a) != len(b):
        return False
    for x, y in zip(a, b, strict=True):
        if isinstance(x, np.ndarray | float | int):
            if np.shape(x) != np.shape(y):
                return False
            if not np.allclose(x, y, rtol=tolerance, atol=tolerance, equal_nan=True):
                return False
    return True


def try_all(table, tally, n) -> None:
    """``n`` odd calls of every function of a table {name: (call, {argument: (value, kind)})}."""
    for name, (call, entries) in table.items():
        try_one(name, call, entries, tally, n)


def try_one(name, call, entries, tally, n) -> None:
    """``n`` calls of one function, each with one odd argument."""
    arguments = {argument: value for argument, (value, _) in entries.items()}
    kinds = {argument: kind for argument, (_, kind) in entries.items() if kind}

    @settings(
        max_examples=n,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from(sorted(kinds)), st.integers(0, 2**32 - 1))
    def one(argument, seed):
        rng = np.random.default_rng(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a matrix is a warning in itself
            odd, meaning = kinds[argument](copy.deepcopy(arguments[argument]), rng)
        wrong = complaint(name, call, arguments, argument, odd, meaning)
        tally.case(wrong=wrong and f"{wrong} (seed {seed})")

    one()


# --- what is called --------------------------------------------------------------------------

ALIASES = {  # how messages call what is not named alone
    "scale_up": ("scale of w_up",),
    "scale_down": ("scale of w_down",),
    "scale_lateral": ("scale of w_ip",),
    "arrays": ("w_", "b_"),
    "circuit": ("Logistic neurons", "weights", "infinite", "this circuit", "last axis"),
    "self": ("weights", "infinite"),
    "r_in": ("this circuit needs",),
    "r": ("rate is",),
    "rates": ("learning rate",),
    "name": ("trace",),
    "w": ("this circuit needs",),
    "k": ("r_below",),
    "tau_input": ("dt is",),
    "tau_weights": ("dt is",),
    "leak": ("too large",),
    "output": ("too large",),
}
SIZES = (4, 3, 2)


def ingredients() -> SimpleNamespace:
    """A small circuit, patterns, its state and what it learns from it."""
    rng = np.random.default_rng(0)
    scales = dict.fromkeys(("scale_up", "scale_down", "scale_lateral"), 0.5)
    it = SimpleNamespace(circuit=Circuit.random(SIZES, rng, **scales))
    it.r_in = rng.uniform(0.1, 0.9, 4)
    it.u_target = rng.uniform(0.1, 0.9, 2)
    it.inputs = rng.uniform(0.1, 0.9, (3, 4))
    it.u_targets = rng.uniform(0.1, 0.9, (3, 2))
    it.state = dcm.equilibrium(it.circuit, it.r_in, it.u_target)
    it.updates = dcm.plasticity(it.circuit, it.state)
    return it


def model_table() -> dict:
    it = ingredients()
    c = it.circuit
    g = Conductances()
    phi = SoftRectifier()
    circuit = {"circuit": (c, a_circuit)}
    self = {"self": (c, None)}
    pattern = {"r_in": (it.r_in, array), "u_target": (it.u_target, array)}
    state_given = {"state": (it.state, parts_of)}
    somata = {"u_p": (it.state.u_p, arrays_of), "u_i": (it.state.u_i, arrays_of)}
    fixed = {
        "transfer": (Logistic(), other(np.tanh, Logistic, 0, len)),
        "conductances": (g, other({}, 0.1, Conductances, vars(g))),
    }
    weights = {name: (getattr(c, name), arrays_of) for name in WEIGHTS}
    weights["w_up"] = (c.w_up, up_weights)
    scales = dict.fromkeys(("scale_up", "scale_down", "scale_lateral"), (0.5, number))
    mixing = dict.fromkeys(("hidden", "output", "interneuron"), (0.3, share))
    mixing |= dict.fromkeys(("leak", "basal"), (0.3, number))
    potentials = {"u": (it.inputs - 0.5, elementwise)}
    rate = {"r": (it.inputs, rates_of_neurons)}
    by_layer = {"k": (1, whole), "r_below": (it.r_in[:3], unchecked_array)}
    above = dict.fromkeys(("r_above", "r_inter"), (it.u_target, unchecked_array))
    eta = dict.fromkeys(("up", "ip", "pi", "down"), (0.1, rate_list))
    named = {"name": ("u_p[0]", other("u_p[9]", 0, None, "w_up", "x" * 99, "__class__", "u_p[-1]"))}
    functions = {
        "Circuit": (Circuit, fixed | weights),
        "Circuit.random": (
            Circuit.random,
            {"sizes": (SIZES, layers), "rng": (np.random.default_rng(0), source)} | fixed | scales,
        ),
        "Circuit.from_arrays": (Circuit.from_arrays, fixed | {"arrays": (c.arrays(), entries_of)}),
        "Circuit.with_arrays": (Circuit.with_arrays, self | {"arrays": (c.arrays(), entries_of)}),
        "Circuit.with_feedback": (Circuit.with_feedback, self | {"w_down": (c.w_down, arrays_of)}),
        "Circuit.astype": (Circuit.astype, self | {"dtype": (float, other(
            int, complex, "f2", np.longdouble, "float16", object, bool, 0, 3.5, np.int8))}),
        "Circuit.updated": (
            Circuit.updated,
            self | {"updates": (it.updates, parts_of), "rates": (RATES, rates)},
        ),
        "Circuit.self_predicting": (Circuit.self_predicting, {"self": (c, good_circuit)}),
        "Circuit.arrays": (Circuit.arrays, {"self": (c, good_circuit)}),
        "Circuit.sizes": (Circuit.sizes.fget, {"self": (c, good_circuit)}),
        "Circuit.attenuations": (Circuit.attenuations.fget, {"self": (c, good_circuit)}),
        "Circuit ==": (Circuit.__eq__, self | {"other": (c, compared)}),
        "Conductances": (Conductances, dict.fromkeys(vars(g), (1.0, number))),
        "Conductances.from_mixing": (Conductances.from_mixing, mixing),
        "LearningRates": (LearningRates, eta | {"thresholds": (True, other(0, "yes", 2, [True]))}),
        "LearningRates.per_layer": (
            LearningRates.per_layer,
            {"self": (RATES, None), "kind": ("up", other("u", 0, ["up"])), "n_layers": (2, whole)},
        ),
        "LearningRates.scaled": (
            LearningRates.scaled,
            {"self": (RATES, None), "factor": (2.0, number)},
        ),
        "SoftRectifier": (SoftRectifier, dict.fromkeys(("gamma", "beta", "theta"), (0.5, number))),
        "backprop": (dcm.backprop, circuit | pattern),
        "feedback_alignment": (dcm.feedback_alignment, circuit | pattern),
        "descent": (
            backprop.descent,
            {"circuit": (c, None), "feedback": (c.w_down, None)} | pattern,
        ),
        "plasticity": (dcm.plasticity, {"circuit": (c, a_circuit)} | state_given),
        "basal_potential": (state.basal_potential, circuit | by_layer),
        "apical_potential": (state.apical_potential, circuit | {"h": (0, whole)} | above),
        "interneuron_potential": (
            state.interneuron_potential,
            circuit | {"h": (0, whole), "r_hidden": (it.r_in[:3], unchecked_array)},
        ),
        "state_of": (
            state.state_of,
            circuit | pattern | somata,
        ),
        "checked_patterns": (state.checked_patterns, circuit | pattern),
        "checked_state": (state.checked_state, circuit | state_given),
        "checked_names": (
            state.checked_names,
            {"record": (("u_p[0]",), other("u_p[0]", 0, [0], [None], ("u_p[0]", 1j), {"a": 1}))},
        ),
        "checked_rates": (checked_rates, {"rates": (RATES, other(0, 0.1, {"up": 0.1}, [RATES]))}),
        "observe": (state.observe, named | {"circuit": (c, None), "state": (it.state, None)}),
    }  # fmt: skip
    for transfer in (Logistic(), phi):
        kind = type(transfer).__name__
        functions[f"{kind}()"] = (transfer.__call__, potentials)
        functions[f"{kind}.derivative"] = (transfer.derivative, potentials)
        functions[f"{kind}.inverse"] = (transfer.inverse, rate)
    return functions


def settle_table() -> dict:
    it = ingredients()
    c = it.circuit
    circuit = {"circuit": (c, a_circuit)}
    pattern = {"r_in": (it.r_in, array), "u_target": (it.u_target, optional_array)}
    batch = {"r_in": (it.inputs, array), "u_target": (it.u_targets, optional_array)}
    series = {"inputs": (it.inputs, array), "u_targets": (it.u_targets, optional_array)}
    times = {
        "dt": (0.125, share),
        "duration": (1.0, number),
        "noise": (0.5, number),
        "tau_input": (4.0, number),
        "tau_weights": (32.0, number),
        "record_every": (0.5, number),
    }
    state_given = {"state": (it.state, parts_of)}
    run = dcm.integrate(c, it.inputs, it.u_targets, duration=1.0, rates=RATES)
    return {
        "equilibrium": (
            dcm.equilibrium,
            circuit | pattern | {"tol": (1e-9, number), "max_sweeps": (60, whole)},
        ),
        "equilibrium of a batch": (dcm.equilibrium, circuit | batch),
        "two_pass": (dcm.two_pass, circuit | pattern),
        "two_pass of a batch": (dcm.two_pass, circuit | batch),
        "feedforward": (feedforward, circuit | {"r_in": (it.r_in, unchecked_array)}),
        "learn": (
            dcm.learn,
            circuit
            | series
            | {
                "rates": (RATES, rates),
                "settle": (dcm.two_pass, function),
                "rule": (dcm.plasticity, function),
                "duration": (2.0, number),
                "record": (("u_p[0]", "w_ip[0]"), names),
                "record_every": (2, whole),
                "batch": (2, whole),
                "progress": (iter, function),
            },
        ),
        "integrate": (
            dcm.integrate,
            circuit
            | series
            | times
            | {
                "rng": (np.random.default_rng(0), source),
                "rates": (RATES, optional_rates),
                "record": (("u_p[0]", "w_ip[0]"), names),
                "start": (it.state, parts_of),
                "progress": (iter, function),
            },
        ),
        "integrate from a recording": (
            dcm.integrate,
            circuit | series | {"duration": (0.5, number), "start": (run, parts_of)},
        ),
        "euler_somata": (
            dynamics.euler_somata,
            circuit | state_given | {"dt": (0.1, share), "kicks": (np.ones(7), unchecked_array)},
        ),
        "somatic_currents": (dynamics.somatic_currents, circuit | state_given),
        "checked_series": (learning.checked_series, circuit | series),
        "at_rest": (recording.at_rest, circuit),
    }


def kernels_table() -> dict:
    from dcm import kernels

    it = ingredients()
    c = it.circuit
    settle = settle_table()
    order = {"order": (np.array([2, 0, 1]), rows), "batch": (2, whole)}
    series = {"inputs": (it.inputs, array), "u_targets": (it.u_targets, array)}
    circuit = {"circuit": (c, a_circuit)}
    _, learns = settle["learn"]
    learns = {name: entry for name, entry in learns.items() if name in LEARNS}
    net = {"w": (c.w_up, in_place), "b": (c.b_up, in_place)}

    def learn_backprop(w, b, **options):
        """Of copies, as the original changes them in place."""
        w = copied(w)
        b = copied(b)
        kernels.learn_backprop(w, b, **options)
        return w, b

    return {
        "kernels.learn": (kernels.learn, learns),
        "kernels.integrate": (kernels.integrate, settle["integrate"][1]),
        "kernels.integrate from a recording": (
            kernels.integrate,
            settle["integrate from a recording"][1],
        ),
        "kernels.learn_two_pass": (
            kernels.learn_two_pass,
            circuit | series | order | {"rates": (RATES, rates)},
        ),
        "kernels.learn_backprop": (
            learn_backprop,
            net | series | order | {"eta": (0.1, rate_list)},
        ),
    }


LEARNS = ("circuit", "inputs", "u_targets", "rates", "duration", "record", "record_every")


def copied(arrays):
    if not isinstance(arrays, tuple):
        return arrays
    return [x.copy() if isinstance(x, np.ndarray) else x for x in arrays]


def in_place(value, rng):
    """``arrays_of``, for arrays to be changed, so that nothing can stand for them."""
    odd, meaning = arrays_of(value, rng)
    return odd, EITHER if ordinary(meaning) else meaning


rows = other(0, [0.5], [[0, 1]], [7], [-9], ["a"], np.array([1e300]), [10**30], [None])


def measures_table() -> dict:
    it = ingredients()
    c = it.circuit
    return {
        "angle": (measures.angle, {"a": (c.w_up[0], array), "b": (c.w_up[0] + 0.1, array)}),
        "relative_distance": (
            measures.relative_distance,
            {"weights": (c.w_up, arrays_of), "goal": (c.w_up, arrays_of)},
        ),
        "spread": (verdict.spread, {"values": (it.r_in, unchecked_array)}),
    }


def good_circuit(value, rng):
    odd, meaning = a_circuit(value, rng)
    return (odd, meaning) if isinstance(odd, Circuit) else (value, value)


def compared(value, rng):
    odd, _ = a_circuit(value, rng)
    return odd, EITHER


@pytest.mark.kind("fuzzed calls: model")
def test_functions_of_the_model(tally, cases):
    try_all(model_table(), tally, cases(15, 2000))
    assert not tally.problems


@pytest.mark.kind("fuzzed calls: settle")
def test_functions_that_settle_and_learn(tally, cases):
    try_all(settle_table(), tally, cases(15, 2000))
    assert not tally.problems


@pytest.mark.kind("fuzzed calls: kernels")
def test_kernels(tally, cases):
    try_all(kernels_table(), tally, cases(15, 2000))
    assert not tally.problems


@pytest.mark.kind("fuzzed calls: measures")
def test_measures(tally, cases):
    try_all(measures_table(), tally, cases(15, 2000))
    assert not tally.problems
