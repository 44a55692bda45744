"""Measures that several experiments share: angles and distances between arrays of weights."""

import numpy as np


def angle(a: np.ndarray, b: np.ndarray) -> float:
    """Angle between two arrays of one shape in degrees (Frobenius); NaN if one is zero."""
    if not (np.any(a) and np.any(b)):
        return float("nan")
    cosine = np.sum(a * b) / (np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def relative_distance(weights, goal) -> float:
    """‖w - w*‖ / ‖w*‖ over all layers together (Frobenius), for lists of arrays."""
    gap = sum(np.sum((w - g) ** 2) for w, g in zip(weights, goal, strict=True))
    return float(np.sqrt(gap / sum(np.sum(g**2) for g in goal)))
