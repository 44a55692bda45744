"""Checks of what a user passes in: every message names the field, the value and the remedy.

One place decides what counts as a number and as an array. Arrays are anything that NumPy reads as
booleans, integers or real floats, in any memory order: float32 and float64 stay what they are, all
else is taken as float64. Refused is what would lose something in silence: complex numbers, text,
dates, objects (so fractions and decimals), ragged lists, masks, NaN and infinity.
"""

import math
import os
from collections.abc import Iterable, Mapping, Set
from dataclasses import is_dataclass
from itertools import pairwise
from numbers import Integral, Real
from pathlib import Path

import numpy as np

LARGEST = 1e100  # of a single number, as a conductance: products of three fit float64 [chosen]
MOST = 10**9  # of anything counted, also of a circuit's weights, then 8 GB [chosen]
DOUBLE = np.dtype(np.float64)
SINGLE = np.dtype(np.float32)
KINDS = {"c": "complex numbers", "U": "text", "S": "bytes", "M": "dates", "m": "durations"}


class NotFinite(ValueError):
    """An array holds NaN or infinity; ``name`` is the array's."""

    def __init__(self, name: str, message: str = ""):
        words = f"{name} holds NaN or infinity; remove or replace these entries"
        super().__init__(message or words)
        self.name = name

    def __reduce__(self):  # it may come from another process
        return NotFinite, (self.name, str(self))


def shown(value) -> str:
    """``repr(value)`` in one line of at most 80 characters, for messages."""
    try:
        words = " ".join(repr(value).split())
    except Exception:  # an int of 5000 digits has no repr, and a user's class may have any
        words = f"a {type(value).__name__} that cannot be printed"
    return words if len(words) <= 80 else f"{words[:77]}..."


def number(name: str, value, wanted: str = "a finite number") -> float:
    """Return ``value`` as a float, or raise ``ValueError`` unless it is real and finite."""
    if not isinstance(value, Real) or isinstance(value, bool):
        raise ValueError(f"{name} is {shown(value)}; give {wanted}")
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not abs(result) <= LARGEST:
        raise ValueError(f"{name} is {shown(value)}; give {wanted}, at most {LARGEST:g} in size")
    return result


def non_negative(name: str, value) -> float:
    """Return ``value`` as a float, or raise ``ValueError`` unless it is finite and >= 0."""
    result = number(name, value, "a finite number >= 0")
    if result < 0:
        raise ValueError(f"{name} is {shown(value)}; give a finite number >= 0")
    return result


def positive(name: str, value) -> float:
    """Return ``value`` as a float, or raise ``ValueError`` unless it is finite and > 0."""
    result = number(name, value, "a finite number > 0")
    if not result >= 1 / LARGEST:
        smallest = f"a finite number > 0, at least {1 / LARGEST:g}"
        raise ValueError(f"{name} is {shown(value)}; give {smallest}")
    return result


def count(name: str, value, most: int = MOST, least: int = 1) -> int:
    """Return ``value`` as an int, or raise ``ValueError`` unless it is whole and >= ``least``."""
    if isinstance(value, bool) or not isinstance(value, Integral) or not least <= value <= most:
        wanted = f"a whole number >= {least}, at most {most:g}"
        raise ValueError(f"{name} is {shown(value)}; give {wanted}")
    return int(value)


def index(name: str, value, n: int) -> int:
    """Return ``value`` as an int, or raise ``ValueError`` unless it is one of 0…n-1."""
    if isinstance(value, bool) or not isinstance(value, Integral) or not 0 <= value < n:
        raise ValueError(f"{name} is {shown(value)}; give a whole number from 0 to {n - 1}")
    return int(value)


def sequence(name: str, value) -> tuple:
    """Return an iterable of things in order as a tuple, or raise ``ValueError``."""
    if type(value) is tuple:
        return value  # the usual case, quickly
    unordered = isinstance(value, str | bytes | Mapping | Set)
    if unordered or not isinstance(value, Iterable) or getattr(value, "ndim", 1) == 0:
        raise ValueError(f"{name} is {shown(value)}; give a tuple or list")
    return tuple(value)


def instance(name: str, value, of: type, example: str):
    """Return ``value``, or raise ``ValueError`` with an ``example`` unless it is one ``of``."""
    if not isinstance(value, of):
        raise ValueError(f"{name} is {shown(value)}; give {example}")
    return value


def generator(name: str, value) -> np.random.Generator:
    """Return ``value``, or raise ``ValueError`` unless it is a ``numpy.random.Generator``."""
    if not isinstance(value, np.random.Generator):
        raise ValueError(f"{name} is {shown(value)}; pass numpy.random.default_rng(seed)")
    return value


def path(name: str, value) -> Path:
    """Return ``value`` as a path, or raise ``ValueError``: ``open(5)`` would take what is open."""
    given = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    if not isinstance(given, str) or not given or "\0" in given:
        raise ValueError(f"{name} is {shown(value)}; give a file's name, as text or a Path")
    return Path(given)


def layer_sizes(sizes) -> tuple[int, ...]:
    """Return sizes (n_0, …, n_N) as a tuple of ints; the model needs at least one hidden layer."""
    given = sequence("sizes", sizes)
    if len(given) < 3:
        found = f"sizes is {shown(sizes)}"
        raise ValueError(f"{found}; give at least three layers: input, one hidden, output")
    sizes = tuple(count(f"sizes[{k}]", n) for k, n in enumerate(given))
    weights = sizes[0] * sizes[1] + 4 * sum(a * b for a, b in pairwise(sizes[1:]))
    if weights > MOST:
        raise ValueError(f"sizes is {shown(sizes)}, {weights:g} weights; give smaller layers")
    return sizes


def array(name: str, value) -> np.ndarray:
    """Return ``value`` as an array of float32 or float64, which may hold NaN; or ``ValueError``."""
    if is_float_array(value):
        return value  # the usual case, quickly
    if _masked(value):
        raise ValueError(f"{name} is a masked array; fill or leave out what is masked")
    try:
        result = np.asarray(value)
    except Exception as error:  # ragged lists, or an object that is an array only in name
        reason = shown(f"{type(error).__name__}: {error}")
        words = f"{name} cannot be read as an array ({reason}); give rows of equal length"
        raise ValueError(words) from None
    if result.dtype.kind not in "biuf":
        kind = KINDS.get(result.dtype.kind, f"{result.dtype.name} in place of numbers")
        found = f"{name} is {shown(value)}" if result.ndim == 0 else f"{name} holds {kind}"
        raise ValueError(f"{found}; give real numbers, as numpy.array([0.1, 0.2])")
    if result.dtype in (SINGLE, DOUBLE):
        return result
    with np.errstate(over="ignore"):  # a long double beyond float64 becomes infinite
        return result.astype(float)


def finite_array(name: str, value) -> np.ndarray:
    """As ``array``, but ``NotFinite`` for NaN and infinity."""
    result = array(name, value)
    if not finite(result):
        raise NotFinite(name)
    return result


def floats(name: str, value, shape: tuple[int, ...]) -> np.ndarray:
    """Return ``value`` as a finite floating-point array of exactly ``shape``."""
    if not finite(result := shaped(name, value, shape)):
        raise NotFinite(name)
    return result


def shaped(name: str, value, shape: tuple[int, ...]) -> np.ndarray:
    """As ``floats``, for arrays that may hold NaN."""
    result = array(name, value)
    if result.shape != shape:
        raise ValueError(f"{name} has shape {result.shape}; this circuit needs {shape}")
    return result


def arrays(name: str, value, shapes: list) -> tuple[np.ndarray, ...]:
    """Return an iterable of arrays, which may hold NaN, of these shapes as a tuple."""
    given = sequence(name, value)
    if len(given) != len(shapes):
        raise ValueError(f"{name} has {len(given)} arrays; this circuit needs {len(shapes)}")
    return tuple(shaped(f"{name}[{k}]", x, shapes[k]) for k, x in enumerate(given))


def patterns(name: str, value, width: int) -> np.ndarray:
    """Return ``value`` as a finite array of shape (..., width): one pattern, or a batch of them."""
    return finite_array(name, rows(name, value, width))


def rows(name: str, value, width: int) -> np.ndarray:
    """As ``patterns``, for arrays that may hold NaN: what is on its way through the model."""
    result = array(name, value)
    if result.ndim == 0 or result.shape[-1] != width:
        wanted = f"its last axis must be {width}, one entry per neuron"
        raise ValueError(f"{name} has shape {result.shape}; {wanted}")
    return result


def is_float_array(value) -> bool:
    """Whether ``value`` needs no conversion: a plain array of float32 or float64."""
    return type(value) is np.ndarray and (value.dtype is DOUBLE or value.dtype is SINGLE)


def overflow_reported() -> np.errstate:
    """A context without NumPy's warnings of overflow and NaN, for what is looked at afterwards."""
    return np.errstate(over="ignore", invalid="ignore")


def all_finite(arrays) -> bool:
    """Whether no entry of any array is NaN or infinite, fast; inside ``overflow_reported()``."""
    # a sum of squares is finite unless an entry is not, or is huge
    total = 0.0
    for values in arrays:
        flat = values.ravel("K")
        total += flat.dot(flat)
    return math.isfinite(total) or all(map(finite, arrays))


def finite(values: np.ndarray) -> bool:
    """Whether no entry is NaN or infinite."""
    return np.count_nonzero(np.isfinite(values)) == values.size


def same(a, b) -> bool:
    """Whether two dataclasses of arrays are of one type and hold equal numbers."""
    if type(a) is not type(b):
        return False
    if is_dataclass(a):
        return same(tuple(vars(a).values()), tuple(vars(b).values()))
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b


def _masked(value) -> bool:
    """Whether a mask would be lost: in a masked array, or in one among a list's entries."""
    if isinstance(value, list | tuple):
        return any(map(_masked, value))
    return isinstance(value, np.ma.MaskedArray)


def functions(**given) -> None:
    """Raise ``ValueError`` unless every argument can be called."""
    for name, value in given.items():
        if not callable(value):
            raise ValueError(f"{name} is {shown(value)}; give a function")
