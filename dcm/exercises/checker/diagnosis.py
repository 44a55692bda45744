"""From an answer to its assessment: not attempted, pass, or not yet, the likely mistake named."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

import numpy as np

from dcm.exercises.checker.exercise import VALUE, Exercise
from dcm.exercises.checker.running import Failed, evaluate, wrong_signature

NOT_ATTEMPTED = "not attempted"
PASS = "pass"
NOT_YET = "not yet"
_SIGNS = {NOT_ATTEMPTED: "○", PASS: "✓", NOT_YET: "✗"}


@dataclass(frozen=True)
class Assessment:
    """``status`` is one of the three; ``message`` says what to mend where it is ``"not yet"``.

    ``returned`` tells whether the answer gave values at all, so that its curve can be drawn.
    """

    status: str
    message: str = ""
    returned: bool = True

    def line(self, exercise: Exercise) -> str:
        """As the student reads it."""
        line = f"{_SIGNS[self.status]} {exercise.id} {self.status}"
        return f"{line}: {self.message}" if self.message else line


def judge(exercise: Exercise, answer) -> Assessment:
    """The assessment of ``answer``; whatever the answer is or does, this returns."""
    if answer is None:
        return Assessment(NOT_ATTEMPTED, returned=False)
    problem = _wrong_object(exercise, answer)
    if problem:
        return Assessment(NOT_YET, problem, returned=False)
    try:
        values = evaluate(answer, exercise.inputs)
    except Failed as failure:
        return Assessment(NOT_YET, str(failure), returned=False)
    if all(value is None for value in values):
        return Assessment(NOT_ATTEMPTED, returned=False)
    message = diagnose(exercise, values)
    return Assessment(NOT_YET, message) if message else Assessment(PASS)


def diagnose(exercise: Exercise, values: list) -> str | None:
    """The likeliest mistake behind ``values``, one per case; None when all equal the reference."""
    rtol = exercise.rtol
    if _all_equal(values, exercise.targets, rtol):
        return None
    for message, wrong in exercise.wrong_values.items():
        if _all_equal(values, wrong, rtol):
            return message
    if exercise.choices:
        return f"Answer with one of {', '.join(map(repr, exercise.choices))}."
    cases = list(zip(exercise.inputs, values, exercise.targets, strict=True))
    message = _unusable(cases) or _flipped_sign(cases, rtol)
    if message:
        return message
    if exercise.wants_function:
        return _constant_factor(cases, rtol) or _first_difference(cases, rtol)
    return _too_large_or_small(cases, rtol)


def numbers(value) -> np.ndarray:
    """``value`` as an array of integers or floats; ``TypeError`` when it is none."""
    try:
        array = np.asarray(value)
    except Exception as error:  # ragged lists, and whatever an object's own __array__ raises
        raise TypeError from error
    if array.dtype.kind not in "iuf":
        raise TypeError
    return array


def equal(value, target, rtol: float) -> bool:
    """Equal within ``rtol``; shapes must agree, NaN equals NaN, case and blanks do not count."""
    if isinstance(target, str):
        return isinstance(value, str) and value.strip().lower() == target
    try:
        a = numbers(value)
        b = numbers(target)
    except TypeError:
        return False
    with np.errstate(all="ignore"):
        return a.shape == b.shape and bool(np.allclose(a, b, rtol=rtol, atol=1e-9, equal_nan=True))


def _all_equal(values, targets, rtol) -> bool:
    return all(equal(value, target, rtol) for value, target in zip(values, targets, strict=True))


def _wrong_object(exercise, answer) -> str | None:
    signature = inspect.signature(exercise.solution)
    if callable(answer):
        return wrong_signature(answer, next(iter(exercise.inputs.values())), signature)
    if exercise.wants_function:
        stub = f"{exercise.solution.__name__}{signature}"
        return f"Give the function itself, without brackets, not {type(answer).__name__}: {stub}."
    return None


# Each of the following looks at ``cases``, tuples (name of the case, value, target), and returns
# a sentence, or None where the mistake is another.


def _unusable(cases) -> str | None:
    """Nothing returned, a wrong type, a wrong shape, NaN: the first of these in any case."""
    for case, value, target in cases:
        has = "Your answer is" if case == VALUE else f"For «{case}» it returns"
        wanted = _kind(numbers(target))
        if value is None:
            return f"{has} nothing (None): does every branch end in return?"
        try:
            array = numbers(value)
        except TypeError:
            return f"{has} {_article(type(value).__name__)}; {wanted} is asked for."
        shape = np.shape(target)
        if array.shape != shape:
            message = f"{has} {_kind(array)}; {wanted} is asked for."
            if array.shape == shape[::-1]:
                message += " That is the transpose: rows are postsynaptic."
            return message
        if not np.isfinite(array).all():
            return f"{has} NaN or infinity: a division by zero, or a function outside its domain?"
    return None


def _flipped_sign(cases, rtol) -> str | None:
    if all(equal(-numbers(value), target, rtol) for _, value, target in cases):
        return "The sign is flipped, the size is right."
    return None


def _constant_factor(cases, rtol) -> str | None:
    """The least-squares factor between all values and all targets, where it explains them."""
    value = np.concatenate([np.ravel(numbers(value)) for _, value, _ in cases]).astype(float)
    target = np.concatenate([np.ravel(target) for _, _, target in cases])
    factor = value @ target / (target @ target)
    if factor and np.allclose(value, factor * target, rtol=rtol, atol=1e-9):
        how_much = f"yours is {factor:.4g} times the target on every input."
        return f"Right but for a constant factor: {how_much}"
    return None


def _too_large_or_small(cases, rtol) -> str:
    """For values: which way to go, without giving the answer away."""
    _, value, target = cases[0]
    way = "large" if numbers(value) > target else "small"
    return f"Too {way}, by more than the tolerance of {100 * rtol:g} %."


def _first_difference(cases, rtol) -> str:
    """Both values of the first case that differs, at the worst entry, and the cases that agree."""
    right = [case for case, value, target in cases if equal(value, target, rtol)]
    case, value, target = next(entry for entry in cases if entry[0] not in right)
    value = np.ravel(numbers(value))
    target = np.ravel(target)
    worst = np.argmax(np.abs(value - target))
    message = f"For «{case}» it gives {value[worst]:.4g}, and should give {target[worst]:.4g}"
    message += f" (entry {worst} of {value.size})." if value.size > 1 else "."
    if right:
        message += f" It is right for {', '.join(f'«{name}»' for name in right)}."
    return message


def _kind(array: np.ndarray) -> str:
    return f"an array of shape {array.shape}" if array.ndim else "a number"


def _article(name: str) -> str:
    return f"an {name}" if name[0].lower() in "aeiou" else f"a {name}"
