"""What an exercise is: a reference solution, plausible mistakes with their messages, and inputs that tell them apart.

A mistake is recognised when an answer equals a known wrong function on every input: each message has code behind it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from dcm.exercises.checker.running import evaluate
from dcm.model.conductances import Conductances

KINDS = ("code", "explore", "think")
VALUE = "your answer"  # the only case of an exercise that asks for a value


@dataclass(frozen=True, eq=False)
class Mistake:
    """A plausible wrong answer (a function, or a value where a value is asked for) and what to tell who gives it."""

    answer: object
    message: str


@dataclass(frozen=True, eq=False)
class Curve:
    """What to draw of a function: ``y(function)`` over ``x``, both (n_points,)."""

    x: np.ndarray
    y: Callable
    xlabel: str
    ylabel: str


@dataclass(frozen=True, eq=False)
class Exercise:
    """One exercise.

    Parameters
    ----------
    id : str
        ``"2.1"``: first exercise of the second notebook.
    title, kind : str
        ``kind`` is one of ``KINDS``.
    minutes, difficulty : int
        For a student who has read the paper; difficulty from 1 to 3.
    solution : callable
        The reference. Without ``cases`` it takes no arguments and computes the value that is asked for.
    mistakes : tuple of Mistake
        At least two; each differs from the solution and from the others on some case.
    hints : tuple of str
        From a nudge to nearly the answer.
    cases : callable (numpy.random.Generator) -> dict of str to tuple, optional
        Arguments by a name of the case: random inputs and limits. None: the answer is a value, not a function.
    rtol : float
        Relative tolerance; larger = more rounding, or more reading off a figure, is forgiven.
    choices : tuple of str
        Where the answer is one of these.
    curve : Curve, optional
        Drawn at each check, the student's beside the reference's.
    """

    id: str
    title: str
    kind: str
    minutes: int
    difficulty: int
    solution: Callable
    mistakes: tuple[Mistake, ...]
    hints: tuple[str, ...]
    cases: Callable | None = None
    rtol: float = 1e-6
    choices: tuple[str, ...] = ()
    curve: Curve | None = field(default=None, repr=False)

    @property
    def wants_function(self) -> bool:
        """Whether the answer is a function (else a value)."""
        return self.cases is not None

    @property
    def label(self) -> str:
        """As it stands below its heading: ``"code, 5 min, ●○○"``."""
        return (
            f"{self.kind}, {self.minutes} min, "
            + "●" * self.difficulty
            + "○" * (3 - self.difficulty)
        )

    @functools.cached_property
    def inputs(self) -> dict[str, tuple]:
        """Arguments by the name of their case, the same at every check."""
        return self.cases(np.random.default_rng(0)) if self.cases else {VALUE: ()}

    @functools.cached_property
    def targets(self) -> list:
        """What the reference returns, one entry a case."""
        return evaluate(self.solution, self.inputs)

    @functools.cached_property
    def wrong(self) -> list[tuple[list, str]]:
        """What each known mistake returns on the cases, and its message."""
        return [
            (evaluate(mistake.answer, self.inputs), mistake.message) for mistake in self.mistakes
        ]

    @property
    def reference(self):
        """What later cells can go on with: the solution, or the value that it computes."""
        return self.solution if self.wants_function else self.targets[0]


def random_conductances(rng: np.random.Generator, **fixed: float) -> Conductances:
    """Nothing equal, nothing round: uniform on [.2, 2], the leak on [.1, .5], but for those that are given [chosen]."""
    names = ("leak", "basal", "apical", "dendritic", "somatic")
    drawn = {
        name: rng.uniform(0.1, 0.5) if name == "leak" else rng.uniform(0.2, 2.0) for name in names
    }
    return Conductances(**drawn | fixed)
