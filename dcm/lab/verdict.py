"""Claims of the paper, and how a measurement of one turns out; with helpers that all judges use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dcm.lab.run import Variant


@dataclass(frozen=True)
class Verdict:
    """The outcome of one claim.

    Attributes
    ----------
    values : (n_seeds,)
        The leading number of each seed.
    holds : bool
        Whether the criterion is met, all its parts included.
    detail : str
        The other numbers, in words.
    partly : bool
        Where the criterion is not met: whether the effect is there at all («differs»), or not
        («not reproduced»).
    """

    values: np.ndarray
    holds: bool
    detail: str = ""
    partly: bool = False


@dataclass(frozen=True)
class Claim:
    """One row of the table: the paper's statement, the number that stands for it, how it is judged.

    Attributes
    ----------
    id, claim, paper : str
        The row's name, the claim in words, and the paper's value.
    quantity : str
        The leading number in words, with its unit.
    criterion : str
        When the claim counts as reproduced, in words.
    judge : callable (*lists of Result) -> Verdict
        One list for each of ``needs`` and then of ``also``.
    needs, also : tuple of Variant
        The runs that it is computed from; those of ``also`` may be missing.
    """

    id: str
    claim: str
    paper: str
    quantity: str
    criterion: str
    judge: Callable[..., Verdict]
    needs: tuple[Variant, ...]
    also: tuple[Variant, ...] = ()


def column(results, number) -> np.ndarray:
    """``number(result)`` of every seed, (n_seeds,)."""
    return np.array([float(number(result)) for result in results])


def last(results, name: str) -> np.ndarray:
    """The last entry of the array ``name`` of every seed, (n_seeds,)."""
    return column(results, lambda result: result[name][-1])


def paired(a, b) -> list[tuple]:
    """Pairs of results of one seed, for comparisons within a seed."""
    of_seed = {result.about.get("seed", i): result for i, result in enumerate(b)}
    pairs = []
    for i, result in enumerate(a):
        seed = result.about.get("seed", i)
        if seed in of_seed:
            pairs.append((result, of_seed[seed]))
    return pairs


def spread(values) -> str:
    """«median (low to high)» in three significant digits."""
    values = np.asarray(values, dtype=float)
    middle = f"{np.median(values):.3g}"
    return middle if len(values) == 1 else f"{middle} ({values.min():.3g} to {values.max():.3g})"
