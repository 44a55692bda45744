"""An exercise: a reference solution, plausible mistakes, and inputs that tell them apart.

A mistake is recognised when an answer equals a known wrong one on every input: each message has
code behind it.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from dcm.exercises.checker.running import evaluate
from dcm.model.conductances import Conductances

VALUE = "your answer"  # the only case of an exercise that asks for a value


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
    title : str
        Its heading in the notebook.
    minutes, difficulty : int
        For a student who has read the paper; difficulty from 1 to 3.
    solution : callable
        The reference. Without ``cases`` it takes no arguments and computes the asked-for value.
    mistakes : callable or dict of str to value
        Wrong answers, at least two, by the message to who gives them: a function of the solution's
        arguments that returns this dictionary, or the dictionary where a value is asked for. Each
        differs from the solution and from the others on some case.
    hints : tuple of str
        From a nudge to nearly the answer.
    cases : callable (numpy.random.Generator) -> dict of str to tuple, optional
        Arguments by the name of their case: random inputs and limits. None: a value is asked for.
    rtol : float
        Relative tolerance; larger = more rounding, or reading off a figure, is forgiven.
    choices : tuple of str
        Where the answer is one of these.
    curve : Curve, optional
        Drawn at each check, the student's beside the reference's.
    """

    id: str
    title: str
    minutes: int
    difficulty: int
    solution: Callable
    mistakes: Callable | dict
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
    def kind(self) -> str:
        """``"code"`` for a function, ``"think"`` for one of several choices, else ``"explore"``."""
        if self.wants_function:
            return "code"
        return "think" if self.choices else "explore"

    @property
    def label(self) -> str:
        """As it stands below its heading: ``"code, 5 min, ●○○"``."""
        dots = "●" * self.difficulty + "○" * (3 - self.difficulty)
        return f"{self.kind}, {self.minutes} min, {dots}"

    @functools.cached_property
    def inputs(self) -> dict[str, tuple]:
        """Arguments by the name of their case, the same at every check."""
        return self.cases(np.random.default_rng(0)) if self.wants_function else {VALUE: ()}

    @functools.cached_property
    def targets(self) -> list:
        """What the reference returns, one entry per case."""
        return evaluate(self.solution, self.inputs)

    @functools.cached_property
    def wrong_values(self) -> dict[str, list]:
        """What each known mistake returns, one entry per case, by its message."""
        by_message = defaultdict(list)
        for wrong in evaluate(self.mistakes, self.inputs):
            for message, value in wrong.items():
                by_message[message].append(value)
        return dict(by_message)

    @property
    def reference(self):
        """What later cells can go on with: the solution, or the value that it computes."""
        return self.solution if self.wants_function else self.targets[0]


def random_conductances(rng: np.random.Generator, **fixed: float) -> Conductances:
    """Nothing equal, nothing round: the leak uniform on [.1, .5], others on [.2, 2] [chosen].

    Conductances that are given as ``fixed`` replace those drawn.
    """
    drawn = {"leak": rng.uniform(0.1, 0.5)}
    for name in ("basal", "apical", "dendritic", "somatic"):
        drawn[name] = rng.uniform(0.2, 2.0)
    return Conductances(**drawn | fixed)
