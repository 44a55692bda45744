"""The calls of a student, ``begin`` to ``use``: they print, and no answer breaks one."""

import inspect
import textwrap
import warnings
from collections import Counter
from difflib import get_close_matches

import numpy as np

from dcm.exercises import chapter_1_the_circuit, chapter_1_through_time
from dcm.exercises import chapter_2_self_prediction as chapter_2
from dcm.exercises import chapter_3_learning as chapter_3
from dcm.exercises import chapter_4_backprop as chapter_4
from dcm.exercises.checker.diagnosis import NOT_ATTEMPTED, NOT_YET, PASS, judge, numbers
from dcm.exercises.checker.exercise import Exercise
from dcm.exercises.checker.running import Failed, can_limit, evaluate
from dcm.lab.drawing import COLOURS, STYLE

TOPICS = {
    1: chapter_1_the_circuit.EXERCISES + chapter_1_through_time.EXERCISES,
    2: chapter_2.EXERCISES,
    3: chapter_3.EXERCISES,
    4: chapter_4.EXERCISES,
}
CATALOGUE = {exercise.heading.id: exercise for topic in TOPICS.values() for exercise in topic}
SIGNS = {NOT_ATTEMPTED: "○", PASS: "✓", NOT_YET: "✗"}
NO_LIMIT = (
    "No time limit: this system or thread has no alarms. Interrupt the kernel if nothing comes."
)
FILLED = "instructor = True: empty stubs are filled with the reference, and its source is shown."


class Desk:
    """One student's place: how many hints were given, and whether an instructor sits at it."""

    def __init__(self):
        self.instructor = False
        self.hints_given = Counter()

    def begin(self, topic: int, instructor: bool = False) -> None:
        """List the exercises of notebook ``topic``; for an ``instructor``, fill empty stubs.

        Raises ``ValueError`` for an unknown topic and for no bool: papermill may pass a string.
        """
        if not isinstance(instructor, bool):
            raise ValueError(f"instructor is {instructor!r}; give True or False")
        if topic not in TOPICS:
            raise ValueError(f"topic is {topic!r}; choose from {', '.join(map(str, TOPICS))}")
        self.instructor = instructor
        headings = [exercise.heading for exercise in TOPICS[topic]]
        print(f"{len(headings)} exercises, {sum(heading.minutes for heading in headings)} minutes:")
        for heading in headings:
            print(f"  {heading.id} {heading.title} ({heading.label})")
        if instructor:
            print(FILLED)

    def check(self, id: str, answer) -> None:
        """Say whether ``answer``, a function or a value, is right, or what is likely wrong."""
        import matplotlib.pyplot as plt

        exercise = _find(id)
        if exercise is None:
            return
        if callable(answer) and not can_limit():
            print(f"({NO_LIMIT})")
        assessment = judge(exercise, answer)
        if assessment.status == NOT_ATTEMPTED and self.instructor:
            answer = exercise.reference
            self.solution(id)
            if not callable(answer):
                print(f"answer = {answer if isinstance(answer, str) else f'{answer:.4g}'}")
            assessment = judge(exercise, answer)
        line = f"{SIGNS[assessment.status]} {exercise.heading.id} {assessment.status}"
        _say(f"{line}: {assessment.message}" if assessment.message else line)
        figure = assessment.returned and exercise.curve and draw_comparison(exercise, answer)
        if figure:
            with warnings.catch_warnings(action="ignore"):  # without a display: nothing to show
                plt.show()
            plt.close(figure)

    def hint(self, id: str) -> None:
        """Print one more hint at each call."""
        exercise = _find(id)
        if exercise is None:
            return
        id = exercise.heading.id
        given = self.hints_given[id]
        if given == len(exercise.hints):
            _say(f'{id}: that was the last hint; solution("{id}") shows the reference.')
        else:
            self.hints_given[id] += 1
            _say(f"Hint {given + 1} of {len(exercise.hints)} for {id}: {exercise.hints[given]}")

    def solution(self, id: str) -> None:
        """Print the source of the reference: the very function that ``check`` compares with."""
        exercise = _find(id)
        if exercise is not None:
            print(inspect.getsource(exercise.solution).rstrip())

    def use(self, id: str, answer):
        """``answer`` if it passes, else the reference, with a notice: later cells then work."""
        exercise = _find(id)
        if exercise is None or judge(exercise, answer).status == PASS:
            return answer
        reason = "" if self.instructor else " is not solved"
        notice = "the cells below go on with the REFERENCE, not with your answer"
        print(f"─── {exercise.heading.id}{reason}: {notice} ───")
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


def draw_comparison(exercise, answer):
    """The student's curve beside the reference's; None if it cannot be computed."""
    import matplotlib.pyplot as plt

    curve = exercise.curve
    try:
        yours = numbers(evaluate(curve.y, {"the curve": (answer, curve.x)})[0])
    except (Failed, TypeError):
        return None
    if yours.shape != curve.x.shape or not np.isfinite(yours).any():
        return None
    target = curve.y(exercise.solution, curve.x)
    with plt.style.context(STYLE):
        figure, ax = plt.subplots(figsize=(5, 3))
        ax.plot(curve.x, target, color=COLOURS["target"], lw=4, alpha=0.35, label="target")
        ax.plot(curve.x, yours, color=COLOURS["apical"], ls="--", label="yours")
        ax.set(xlabel=curve.xlabel, ylabel=curve.ylabel)
        ax.legend()
    return figure
