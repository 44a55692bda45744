"""Measures that several experiments share: angles and distances between arrays of weights."""

import numpy as np

from dcm.model import checks


def angle(a: np.ndarray, b: np.ndarray) -> float:
    """Angle between two arrays of one shape in degrees (Frobenius); NaN if one is zero.

    ``ValueError`` if the shapes differ, or an array holds NaN.
    """
    a = _moderate(checks.finite_array("a", a))
    b = _moderate(checks.finite_array("b", b))
    if a.shape != b.shape:
        raise ValueError(f"a has shape {a.shape} but b {b.shape}; give two of one shape")
    if not (np.any(a) and np.any(b)):
        return float("nan")
    cosine = np.sum(a * b) / (np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def relative_distance(weights, goal) -> float:
    """‖w - w*‖ / ‖w*‖ over all layers together (Frobenius), for lists of arrays.

    NaN if the goal is zero; ``ValueError`` if shapes differ, or an array holds NaN.
    """
    weights = _layers("weights", weights)
    goal = _layers("goal", goal)
    shapes = [[w.shape for w in arrays] for arrays in (weights, goal)]
    if shapes[0] != shapes[1]:
        found = f"weights has shapes {shapes[0]} but goal {shapes[1]}"
        raise ValueError(f"{found}; give arrays of the same shapes")
    with checks.overflow_reported():
        gap = sum(np.sum((w - g) ** 2) for w, g in zip(weights, goal, strict=True))
        size = sum(np.sum(g**2) for g in goal)
    if not np.isfinite(gap + size):
        raise ValueError("weights or goal are too large to be squared; divide both by their size")
    return float(np.sqrt(gap / size)) if size else float("nan")


def _layers(name: str, arrays) -> list[np.ndarray]:
    given = checks.sequence(name, arrays)
    return [checks.finite_array(f"{name}[{k}]", w) for k, w in enumerate(given)]


def _moderate(a: np.ndarray) -> np.ndarray:
    """The array, or if its squares do not fit its precision, the same in units of its largest."""
    largest = np.max(np.abs(a), initial=0.0)
    tiny = 1e6 * np.sqrt(np.finfo(a.dtype).tiny)
    return a if tiny < largest < 1 / tiny or not largest else a / largest
