"""An exercise: a reference solution, plausible mistakes, and inputs that tell them apart."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from dcm.exercises.checker.running import evaluate
from dcm.model.conductances import Conductances


@dataclass(frozen=True)
class Heading:
    """The heading of an exercise, as in the notebook."""

    id: str
    title: str
    kind: str  # "code" asks for a function, "explore" for a number, "think" for a, b or c
    minutes: int  # for a student who has read the paper
    difficulty: str  # ●○○ to ●●●

    @property
    def label(self) -> str:
        """The line below the title: ``"code, 5 min, ●○○"``."""
        return f"{self.kind}, {self.minutes} min, {self.difficulty}"


@dataclass(frozen=True)
class Curve:
    """A curve of a function: ``y(function, x)`` over ``x``, both (n_points,)."""

    x: np.ndarray
    y: Callable
    xlabel: str
    ylabel: str


class Exercise:
    """A reference ``solution``, and ``hints`` from a nudge to nearly the answer.

    ``mistakes`` is a dictionary {message: wrong answer}, or a function of the solution's arguments
    that returns it: at least two, each recognised when the answer equals it on every input.
    ``cases(rng)`` gives the arguments by the name of their case; none for a solution without
    arguments, which computes a value. ``rtol`` is the relative tolerance: a larger one forgives
    more rounding, or reading off a figure. ``curve`` is drawn at each check.
    """

    def __init__(self, heading, solution, *hints, mistakes, cases=None, rtol=1e-6, curve=None):
        self.heading = heading
        self.solution = solution
        self.hints = hints
        self.mistakes = mistakes
        self.cases = cases
        self.rtol = rtol
        self.curve = curve

    @cached_property
    def inputs(self) -> dict[str, tuple]:
        """Arguments by the name of their case, the same at every check."""
        return self.cases(np.random.default_rng(0)) if self.cases else {"your answer": ()}

    @cached_property
    def targets(self) -> list:
        """The reference's answers, one entry per case."""
        return evaluate(self.solution, self.inputs)

    @cached_property
    def wrong_values(self) -> list[dict]:
        """Answers of the known mistakes by their messages, one dictionary per case."""
        return evaluate(self.mistakes, self.inputs)

    @property
    def reference(self):
        """The solution, or the value that it computes: later cells can go on with it."""
        return self.solution if self.heading.kind == "code" else self.targets[0]


def random_conductances(rng: np.random.Generator, **fixed: float) -> Conductances:
    """Nothing equal, nothing round, ranges [chosen]; ``fixed`` conductances replace those drawn."""
    return replace(Conductances(rng.uniform(0.1, 0.5), *rng.uniform(0.2, 2, 4).tolist()), **fixed)
