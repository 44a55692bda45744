"""What a student calls: ``begin``, ``check``, ``hint``, ``solution``, ``use``; they print, and no answer breaks one."""

from __future__ import annotations

import inspect
import textwrap
import warnings
from collections import Counter
from difflib import get_close_matches

from dcm.exercises import (
    angles,
    backprop,
    learning,
    pitfalls,
    self_prediction,
    the_circuit,
    through_time,
)
from dcm.exercises.checker.diagnosis import NOT_ATTEMPTED, PASS, judge
from dcm.exercises.checker.exercise import Exercise
from dcm.exercises.checker.panel import beside
from dcm.exercises.checker.running import can_limit

TOPICS = {
    1: the_circuit.EXERCISES + through_time.EXERCISES,
    2: self_prediction.EXERCISES,
    3: learning.EXERCISES + pitfalls.EXERCISES,
    4: backprop.EXERCISES + angles.EXERCISES,
}
CATALOGUE = {exercise.id: exercise for exercises in TOPICS.values() for exercise in exercises}


class Desk:
    """One student's place: how many hints were given, and whether an instructor sits at it."""

    def __init__(self):
        self.instructor = False
        self.hints_given = Counter()

    def begin(self, topic: int, instructor: bool = False) -> None:
        """List the exercises of notebook ``topic``; for an ``instructor``, empty stubs become the reference."""
        if not isinstance(instructor, bool):
            raise ValueError(f"instructor is {instructor!r}; give True or False")
        if topic not in TOPICS:
            raise ValueError(f"topic is {topic!r}; choose from {', '.join(map(str, TOPICS))}")
        self.instructor, exercises = instructor, TOPICS[topic]
        print(f"{len(exercises)} exercises, {sum(e.minutes for e in exercises)} minutes:")
        for exercise in exercises:
            print(f"  {exercise.id} {exercise.title} ({exercise.label})")
        if instructor:
            print(
                "instructor = True: empty stubs are filled with the reference, and its source is shown."
            )

    def check(self, id: str, answer) -> None:
        """Say whether ``answer`` (a function, or a value where one is asked for) is right, or what is likely wrong."""
        exercise = _find(id)
        if exercise is None:
            return
        if callable(answer) and not can_limit():
            print(
                "(No time limit: this system or thread has no alarms. Interrupt the kernel if nothing comes.)"
            )
        verdict = judge(exercise, answer)
        if verdict.status == NOT_ATTEMPTED and self.instructor:
            answer = exercise.reference
            self.solution(id)
            if not exercise.wants_function:
                print(f"answer = {answer if exercise.choices else f'{answer:.4g}'}")
            verdict = judge(exercise, answer)
        _say(verdict.line(exercise))
        if verdict.returned:
            _draw(exercise, answer)

    def hint(self, id: str) -> None:
        """Print one more hint at each call."""
        exercise = _find(id)
        if exercise is None:
            return
        given, hints = self.hints_given[exercise.id], exercise.hints
        if given == len(hints):
            _say(
                f'{exercise.id}: that was the last hint; solution("{exercise.id}") shows the reference.'
            )
            return
        self.hints_given[exercise.id] += 1
        _say(f"Hint {given + 1} of {len(hints)} for {exercise.id}: {hints[given]}")

    def solution(self, id: str) -> None:
        """Print the source of the reference: the very function that ``check`` compares with."""
        exercise = _find(id)
        if exercise is not None:
            print(textwrap.dedent(inspect.getsource(exercise.solution)).rstrip())

    def use(self, id: str, answer):
        """``answer`` if it passes, else the reference, with a notice: what follows in the notebook then works."""
        exercise = _find(id)
        if exercise is None or judge(exercise, answer).status == PASS:
            return answer
        reason = "" if self.instructor else " is not solved"
        print(
            f"─── {exercise.id}{reason}: the cells below go on with the REFERENCE, not with your answer ───"
        )
        return exercise.reference


def _find(id) -> Exercise | None:
    """The exercise, or None after a line that names the nearest."""
    exercise = CATALOGUE.get(str(id).strip())
    if exercise is None:
        near = get_close_matches(str(id), CATALOGUE, 3, cutoff=0.0)
        print(f"No exercise is called {id!r}; the nearest are {', '.join(near)}.")
    return exercise


def _say(text: str) -> None:
    print(textwrap.fill(text, 100, subsequent_indent="  ", break_on_hyphens=False))


def _draw(exercise, answer) -> None:
    """The student's curve beside the reference's, where there is one and it can be computed."""
    import matplotlib.pyplot as plt

    figure = beside(exercise, answer)
    if figure is not None:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # in a terminal without display there is nothing to show
            plt.show()
        plt.close(figure)
