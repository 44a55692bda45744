"""Runs a student's function on copies of the inputs, under a time limit; whatever goes wrong becomes a sentence."""

from __future__ import annotations

import contextlib
import copy
import inspect
import signal
import threading
import traceback
import warnings

import numpy as np

LIMIT = 5.0  # seconds for all inputs of one check [chosen]


class Failed(Exception):
    """The answer did not return on some input; the message is for the student."""


class TimeUp(BaseException):
    """Raised inside the student's function; not an ``Exception``, so that ``except Exception`` lets it through."""


def can_limit() -> bool:
    """Whether never-ending functions can be stopped here: the system has alarms and this is the main thread."""
    return hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()


@contextlib.contextmanager
def time_limit(seconds: float):
    """Raise ``TimeUp`` in the block after ``seconds``, and again until it has ended; no limit without ``can_limit``."""
    if not can_limit():
        yield
        return
    ended = False

    def ring(signum, frame):
        if not ended:
            raise TimeUp

    handler = signal.signal(signal.SIGALRM, ring)
    timer = signal.setitimer(
        signal.ITIMER_REAL, seconds, 0.05
    )  # repeats: a bare except may swallow the first
    try:
        yield
    finally:
        ended = True
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)


def evaluate(answer, inputs: dict[str, tuple]) -> list:
    """``answer(*arguments)`` for every case, or ``answer`` itself where it is a value; raises ``Failed``."""
    if not callable(answer):
        return [answer] * len(inputs)
    values, case, arguments = [], "", ()
    try:
        with time_limit(LIMIT), np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # NaN is reported by the diagnosis, in words
            for case, arguments in inputs.items():  # noqa: B007 - read where a case fails
                values.append(answer(*copy.deepcopy(arguments)))
    except TimeUp:
        raise Failed(
            f"It had not returned after {LIMIT:g} s ({case}): look for a loop that never ends."
        ) from None
    except KeyboardInterrupt:
        raise Failed(f"It was interrupted before it returned ({case}).") from None
    except BaseException as error:  # a student's function may raise anything, SystemExit included
        raise Failed(_describe(error, answer, case, arguments)) from None
    return values


def _describe(error: BaseException, answer, case: str, arguments: tuple) -> str:
    """What was raised, where in the student's function, and the usual cause."""
    what = traceback.format_exception_only(error)[-1].splitlines()[0]
    own = getattr(getattr(answer, "__code__", None), "co_filename", None)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == own]
    where = f" in its line «{frames[-1].line}»" if frames and frames[-1].line else ""
    return f"It raises {what}{where} ({case}).{_usual_cause(error, answer, arguments)}"


def _usual_cause(error: BaseException, answer, arguments: tuple) -> str:
    text = str(error) if isinstance(error, ArithmeticError | ValueError) else ""
    if any(word in text for word in ("shape", "imension", "broadcast", "size")):
        names = getattr(getattr(answer, "__code__", None), "co_varnames", ())
        pairs = zip(names, arguments, strict=False)
        shapes = ", ".join(
            f"{name} {np.shape(a)}" for name, a in pairs if isinstance(a, np.ndarray)
        )
        return f" Two shapes do not fit; it was called with {shapes}. Is something transposed, or on the wrong side?"
    if "zero" in text:
        return " Something is 0 in this case: does a sum in the denominator lack its brackets?"
    return " Rounding can lead just outside a function's domain." if "domain" in text else ""


def misfit(answer, example: tuple, names: str) -> str | None:
    """A sentence when ``answer`` cannot be called with the arguments ``example``, else None."""
    try:
        signature = inspect.signature(answer)
    except (TypeError, ValueError):  # some built-ins have none
        return None
    try:
        signature.bind(*example)
    except TypeError:
        return f"It takes {signature}, but is called with {names}: keep the first line of the stub as it was."
    return None
