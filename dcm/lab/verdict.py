"""Claims of the paper, and how a measurement of one turns out; with helpers that all judges use."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dcm.lab.run import Variant
from dcm.model import checks


@dataclass(frozen=True)
class Verdict:
    """The outcome of one claim."""

    values: np.ndarray  # (n_seeds,): the leading number of each seed
    holds: bool  # whether the criterion is met, all its parts included
    detail: str = ""  # the other numbers, in words
    partly: bool = False  # where not: True says «differs», False «not reproduced»


@dataclass(frozen=True)
class Claim:
    """One row of the table: the paper's statement, the number that stands for it, its judge."""

    id: str
    claim: str
    paper: str  # the paper's value
    quantity: str  # the leading number in words, with its unit
    criterion: str  # when the claim counts as reproduced, in words
    judge: Callable[..., Verdict]  # of a list of results for each of ``needs``, then of ``also``
    needs: tuple[Variant, ...]
    also: tuple[Variant, ...] = ()  # whose runs may be missing


def column(results, number) -> np.ndarray:
    """``number(result)`` of every seed, (n_seeds,)."""
    return np.array([float(number(result)) for result in results])


def last(results, name: str) -> np.ndarray:
    """The last entry of the array ``name`` of every seed, (n_seeds,)."""
    return column(results, lambda result: result[name][-1])


def paired(a, b) -> list[tuple]:
    """Pairs of results of one seed, for comparisons within a seed."""
    of_seed = {result.about.get("seed", i): result for i, result in enumerate(b)}
    pairs = [(result, of_seed.get(result.about.get("seed", i))) for i, result in enumerate(a)]
    return [pair for pair in pairs if pair[1] is not None]


def spread(values) -> str:
    """«median (low to high)» in three significant digits."""
    values = checks.array("values", values).astype(float)
    if values.ndim != 1 or not values.size:
        raise ValueError(f"values has shape {values.shape}; give one number per seed, at least one")
    with checks.overflow_reported():
        middle = f"{np.median(values):.3g}"
    return middle if len(values) == 1 else f"{middle} ({values.min():.3g} to {values.max():.3g})"
