"""From an answer to a verdict: not attempted, pass, or not yet with the likely mistake named."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

import numpy as np

from dcm.exercises.checker.exercise import VALUE, Exercise
from dcm.exercises.checker.running import Failed, evaluate, misfit

NOT_ATTEMPTED, PASS, NOT_YET = "not attempted", "pass", "not yet"
_SIGNS = {NOT_ATTEMPTED: "○", PASS: "✓", NOT_YET: "✗"}


@dataclass(frozen=True)
class Verdict:
    """``status`` is one of the three; ``message`` says what to mend where it is ``"not yet"``.

    ``returned`` tells whether the answer gave values at all, so that its curve can be drawn.
    """

    status: str
    message: str = ""
    returned: bool = True

    def line(self, exercise: Exercise) -> str:
        """As the student reads it."""
        return f"{_SIGNS[self.status]} {exercise.id} {self.status}" + (
            f": {self.message}" if self.message else ""
        )


def judge(exercise: Exercise, answer) -> Verdict:
    """The verdict on ``answer``; whatever the answer is or does, this returns."""
    if answer is None:
        return Verdict(NOT_ATTEMPTED, returned=False)
    problem = _wrong_object(exercise, answer)
    if problem:
        return Verdict(NOT_YET, problem, returned=False)
    try:
        values = evaluate(answer, exercise.inputs)
    except Failed as failure:
        return Verdict(NOT_YET, str(failure), returned=False)
    if all(value is None for value in values):
        return Verdict(NOT_ATTEMPTED, returned=False)
    message = diagnose(exercise, values)
    return Verdict(NOT_YET, message) if message else Verdict(PASS)


def diagnose(exercise: Exercise, values: list) -> str | None:
    """The likeliest mistake behind ``values`` (one a case), in words; None when all agree with the reference."""
    rtol, targets = exercise.rtol, exercise.targets
    if _all_same(values, targets, rtol):
        return None
    for wrong, message in exercise.wrong:
        if _all_same(values, wrong, rtol):
            return message
    if exercise.choices:
        return f"Answer with one of {', '.join(map(repr, exercise.choices))}."
    cases = list(zip(exercise.inputs, values, targets, strict=True))
    for find in (_unfit, _flipped, _scaled if exercise.wants_function else _off, _differs):
        message = find(cases, rtol)
        if message:
            return message
    raise AssertionError(
        "values that differ from the targets always differ in some case"
    )  # pragma: no cover


def numbers(value) -> np.ndarray:
    """``value`` as an array of integers or floats; ``TypeError`` when it is none."""
    try:
        array = np.asarray(value)
    except (
        Exception
    ) as error:  # an object's own __array__ may raise anything; ragged lists raise ValueError
        raise TypeError from error
    if array.dtype.kind not in "iuf":
        raise TypeError
    return array


def same(value, target, rtol: float) -> bool:
    """Equal within ``rtol``; shapes must agree, NaN equals NaN, words are compared without case and blanks."""
    if isinstance(target, str):
        return isinstance(value, str) and value.strip().lower() == target
    try:
        a, b = numbers(value), numbers(target)
    except TypeError:
        return False
    with np.errstate(all="ignore"):
        return a.shape == b.shape and bool(np.allclose(a, b, rtol=rtol, atol=1e-9, equal_nan=True))


def _all_same(values, targets, rtol) -> bool:
    return all(same(value, target, rtol) for value, target in zip(values, targets, strict=True))


def _wrong_object(exercise, answer) -> str | None:
    stub = f"{exercise.solution.__name__}{inspect.signature(exercise.solution)}"
    if exercise.wants_function and not callable(answer):
        return f"Give the function itself, without brackets, not {type(answer).__name__}: {stub}."
    if callable(answer):
        return misfit(
            answer,
            next(iter(exercise.inputs.values())),
            stub.removeprefix(exercise.solution.__name__),
        )
    return None


def _unfit(cases, rtol) -> str | None:
    """Nothing returned, a wrong type, a wrong shape, NaN: the first of these in any case."""
    for case, value, target in cases:
        wanted, has = (
            _kind(numbers(target)),
            "Your answer is" if case == VALUE else f"For «{case}» it returns",
        )
        if value is None:
            return f"{has} nothing (None): does every branch end in return?"
        try:
            array = numbers(value)
        except TypeError:
            return f"{has} {_article(type(value).__name__)}; {wanted} is asked for."
        if array.shape != (shape := np.shape(target)):
            turned = (
                " That is the transpose: rows are postsynaptic."
                if array.shape == shape[::-1]
                else ""
            )
            return f"{has} {_kind(array)}; {wanted} is asked for.{turned}"
        if not np.isfinite(array).all():
            return f"{has} NaN or infinity: a division by zero, or a function outside its domain?"
    return None


def _flipped(cases, rtol) -> str | None:
    if all(same(-numbers(value), target, rtol) for _, value, target in cases):
        return "The sign is flipped, the size is right."
    return None


def _scaled(cases, rtol) -> str | None:
    value = np.concatenate([np.ravel(numbers(value)) for _, value, _ in cases]).astype(float)
    target = np.concatenate([np.ravel(target) for _, _, target in cases])
    factor = value @ target / (target @ target)
    if factor and np.allclose(value, factor * target, rtol=rtol, atol=1e-9):
        return f"Right but for a constant factor: yours is {factor:.4g} times the target on every input."
    return None


def _off(cases, rtol) -> str | None:
    """For values: which way to go, without giving the answer away."""
    _, value, target = cases[0]
    way = "large" if numbers(value) > target else "small"
    return f"Too {way}, by more than the tolerance of {100 * rtol:g} %."


def _differs(cases, rtol) -> str | None:
    """The first case that differs, with both values at the place where they differ most, and the cases that agree."""
    right = [case for case, value, target in cases if same(value, target, rtol)]
    case, value, target = next(c for c in cases if c[0] not in right)
    value, target = np.ravel(numbers(value)), np.ravel(target)
    worst = np.argmax(np.abs(value - target))
    text = f"For «{case}» it gives {value[worst]:.4g}, and should give {target[worst]:.4g}"
    text += f" (entry {worst} of {value.size})." if value.size > 1 else "."
    return text + (f" It is right for {', '.join(f'«{name}»' for name in right)}." if right else "")


def _kind(array: np.ndarray) -> str:
    return f"an array of shape {array.shape}" if array.ndim else "a number"


def _article(name: str) -> str:
    return ("an " if name[0].lower() in "aeiou" else "a ") + name
