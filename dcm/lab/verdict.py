"""What a claim's measurement comes to, and the two helpers that all of them use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Verdict:
    """``values`` (n_seeds,), whether the criterion holds, the other numbers in words, and, when it does not hold,
    whether the effect is there at all (``partly``: «differs» instead of «not reproduced»)."""

    values: np.ndarray
    holds: bool
    detail: str = ""
    partly: bool = False


def column(results, read) -> np.ndarray:
    """``read(saved)`` of every seed."""
    return np.array([float(read(saved)) for saved in results])


def paired(a, b):
    """Pairs of results of one seed, for comparisons within a seed."""
    of_seed = {r.about.get("seed", i): r for i, r in enumerate(b)}
    pairs = ((r, of_seed.get(r.about.get("seed", i))) for i, r in enumerate(a))
    return [(r, other) for r, other in pairs if other is not None]


def spread(values) -> str:
    """«median (low to high)» in three significant digits."""
    values = np.asarray(values, dtype=float)
    middle = f"{np.median(values):.3g}"
    return middle if len(values) == 1 else f"{middle} ({values.min():.3g} to {values.max():.3g})"
