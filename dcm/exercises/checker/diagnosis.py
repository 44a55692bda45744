"""From an answer to its assessment: not attempted, pass, or not yet, the likely mistake named."""

import inspect
from dataclasses import dataclass

import numpy as np

from dcm.exercises.checker.exercise import Exercise
from dcm.exercises.checker.running import Failed, evaluate

NOT_ATTEMPTED = "not attempted"
PASS = "pass"
NOT_YET = "not yet"


@dataclass(frozen=True)
class Assessment:
    """The outcome of one check: a status, and a message that says what to mend."""

    status: str
    message: str = ""
    returned: bool = False  # whether the answer gave values at all, so that its curve can be drawn


def judge(exercise: Exercise, answer) -> Assessment:
    """The assessment of ``answer``; whatever the answer is or does, this returns."""
    try:
        _require_callable_as_asked(exercise, answer)
        values = evaluate(answer, exercise.inputs)
    except Failed as failure:
        return Assessment(NOT_YET, str(failure))
    if all(value is None for value in values):
        return Assessment(NOT_ATTEMPTED)
    message = diagnose(exercise, values)
    return Assessment(NOT_YET if message else PASS, message, returned=True)


def _require_callable_as_asked(exercise, answer) -> None:
    """Raise ``Failed`` for a value instead of a function, or a function of other arguments."""
    wanted = inspect.signature(exercise.solution)
    if not callable(answer):
        if exercise.heading.kind == "code" and answer is not None:
            stub = f"{exercise.solution.__name__}{wanted}"
            given = type(answer).__name__
            raise Failed(f"Give the function itself, without brackets, not {given}: {stub}.")
        return
    try:
        signature = inspect.signature(answer)
    except (TypeError, ValueError):  # some built-ins have none
        return
    try:
        signature.bind(*wanted.parameters)
    except TypeError:
        call = f"It takes {signature}, but is called with {wanted}"
        raise Failed(f"{call}: keep the first line of the stub as it was.") from None


def diagnose(exercise: Exercise, values: list) -> str:
    """The likeliest mistake behind ``values``, one per case; empty when all equal the reference."""
    rtol = exercise.rtol

    def match(known):
        return all(equal(value, same, rtol) for value, same in zip(values, known, strict=True))

    if match(exercise.targets):
        return ""
    for message in exercise.wrong_values[0]:
        if match([wrong[message] for wrong in exercise.wrong_values]):
            return message
    kind = exercise.heading.kind
    if kind == "think":
        return "Answer with one of 'a', 'b', 'c'."
    cases = list(zip(exercise.inputs, values, exercise.targets, strict=True))
    for case, value, target in cases:
        problem = _unusable(value, np.asarray(target))
        if problem:
            start = f"For «{case}» it returns" if kind == "code" else "Your answer is"
            return f"{start} {problem}"
    value = np.concatenate([np.ravel(value) for value in values]).astype(float)
    target = np.concatenate([np.ravel(target) for target in exercise.targets])
    if equal(-value, target, rtol):
        return "The sign is flipped, the size is right."
    if kind == "explore":  # which way to go, without giving the answer away
        way = "large" if value > target else "small"
        return f"Too {way}, by more than the tolerance of {100 * rtol:g} %."
    factor = value @ target / (target @ target)  # least squares
    if factor and equal(value, factor * target, rtol):
        how_much = f"yours is {factor:.4g} times the target on every input."
        return f"Right but for a constant factor: {how_much}"
    return _first_difference(cases, rtol)


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
        array = numbers(value)
    except TypeError:
        return False
    with np.errstate(all="ignore"):
        same_shape = array.shape == np.shape(target)
        return same_shape and np.allclose(array, target, rtol=rtol, atol=1e-9, equal_nan=True)


def _unusable(value, target: np.ndarray) -> str:
    """Nothing, a wrong type, a wrong shape, or NaN; empty for numbers of the right shape."""
    if value is None:
        return "nothing (None): does every branch end in return?"
    asked_for = f"{_kind(target)} is asked for."
    try:
        array = numbers(value)
    except TypeError:
        name = type(value).__name__
        article = "an" if name[0].lower() in "aeiou" else "a"
        return f"{article} {name}; {asked_for}"
    if array.shape != target.shape:
        transposed = array.shape == target.shape[::-1]
        hint = " That is the transpose: rows are postsynaptic." if transposed else ""
        return f"{_kind(array)}; {asked_for}{hint}"
    if not np.isfinite(array).all():
        return "NaN or infinity: a division by zero, or a function outside its domain?"
    return ""


def _first_difference(cases, rtol) -> str:
    """Both values of the first case that differs, at the worst entry, and the cases that agree."""
    right = [case for case, value, target in cases if equal(value, target, rtol)]
    case, value, target = next(entry for entry in cases if entry[0] not in right)
    value = np.ravel(value)
    target = np.ravel(target)
    worst = np.argmax(np.abs(value - target))
    message = f"For «{case}» it gives {value[worst]:.4g}, and should give {target[worst]:.4g}"
    message += f" (entry {worst} of {value.size})." if value.size > 1 else "."
    if right:
        message += f" It is right for {', '.join(f'«{name}»' for name in right)}."
    return message


def _kind(array: np.ndarray) -> str:
    return f"an array of shape {array.shape}" if array.ndim else "a number"
