"""Checks of what a user passes in: every message names the field, the value and the remedy."""

import math
from numbers import Integral, Real

import numpy as np


class NotFinite(ValueError):
    """An array holds NaN or infinity; ``name`` is the array's."""

    def __init__(self, name: str):
        super().__init__(f"{name} holds NaN or infinity; remove or replace these entries")
        self.name = name


def non_negative(name: str, value: float) -> float:
    """Return ``value`` as a float, or raise ``ValueError`` unless it is finite and >= 0."""
    if not isinstance(value, Real) or not math.isfinite(value) or value < 0:
        raise ValueError(f"{name} is {value!r}; give a finite number >= 0")
    return float(value)


def positive(name: str, value: float) -> float:
    """Return ``value`` as a float, or raise ``ValueError`` unless it is finite and > 0."""
    if non_negative(name, value) == 0:
        raise ValueError(f"{name} is {value!r}; give a finite number > 0")
    return float(value)


def count(name: str, value: int) -> int:
    """Return ``value`` as an int, or raise ``ValueError`` unless it is a whole number >= 1."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ValueError(f"{name} is {value!r}; give a whole number >= 1")
    return int(value)


def layer_sizes(sizes) -> tuple[int, ...]:
    """Return sizes (n_0, …, n_N) as a tuple of ints; the model needs at least one hidden layer."""
    sizes = tuple(sizes)
    if len(sizes) < 3:
        raise ValueError(f"sizes is {sizes}; give at least three layers: input, one hidden, output")
    return tuple(count(f"sizes[{k}]", n) for k, n in enumerate(sizes))


def floats(name: str, value, shape: tuple[int, ...]) -> np.ndarray:
    """Return ``value`` as a finite floating-point array of exactly ``shape``."""
    array = _floating(value)
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}; this circuit needs {shape}")
    return _finite(name, array)


def patterns(name: str, value, width: int) -> np.ndarray:
    """Return ``value`` as a finite array of shape (..., width): one pattern, or a batch of them."""
    array = _floating(value)
    if array.ndim == 0 or array.shape[-1] != width:
        wanted = f"its last axis must be {width}, one entry per neuron"
        raise ValueError(f"{name} has shape {array.shape}; {wanted}")
    return _finite(name, array)


def _floating(value) -> np.ndarray:
    array = np.asarray(value)
    return array if array.dtype in (np.float32, np.float64) else array.astype(float)


def _finite(name: str, array: np.ndarray) -> np.ndarray:
    if not np.isfinite(array).all():
        raise NotFinite(name)
    return array
