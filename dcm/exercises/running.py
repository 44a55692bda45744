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
    timer = signal.setitimer(signal.ITIMER_REAL, seconds, 0.05)  # repeats: a bare except may swallow the first
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
    values, case = [], ""
    try:
        with time_limit(LIMIT), np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # NaN is reported by the diagnosis, in words
            for case, arguments in inputs.items():  # noqa: B007 - read where a case fails
                values.append(answer(*copy.deepcopy(arguments)))
    except TimeUp:
        raise Failed(f"It had not returned after {LIMIT:g} s ({case}): look for a loop that never ends.") from None
    except KeyboardInterrupt:
        raise Failed(f"It was interrupted before it returned ({case}).") from None
    except BaseException as error:  # a student's function may raise anything, SystemExit included
        raise Failed(_describe(error, answer, case)) from None
    return values


def _describe(error: BaseException, answer, case: str) -> str:
    """One or two sentences: what was raised, where in the student's function, and the usual cause."""
    what = traceback.format_exception_only(error)[-1].splitlines()[0]
    own = getattr(getattr(answer, "__code__", None), "co_filename", None)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == own]
    where = f" in its line «{frames[-1].line}»" if frames and frames[-1].line else ""
    text = f"It raises {what}{where} ({case})."
    if isinstance(error, ValueError) and any(word in str(error) for word in ("shape", "dimension", "broadcast")):
        text += " Two shapes do not fit: a matrix transposed, or the wrong side of @."
    return text


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
