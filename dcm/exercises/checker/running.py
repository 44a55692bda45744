"""Runs a student's function on copies of inputs, within a time limit; errors become sentences."""

import contextlib
import copy
import signal
import threading
import traceback
import warnings

import numpy as np

LIMIT = 5.0  # seconds for all inputs of one check [chosen]


class Failed(Exception):
    """The answer did not return on some input; the message is for the student."""


class TimeUp(BaseException):
    """Raised inside the student's function; ``except Exception`` lets it through."""


def can_limit() -> bool:
    """Whether an endless function can be stopped: alarms exist and this is the main thread."""
    return hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()


@contextlib.contextmanager
def time_limit(seconds: float):
    """Raise ``TimeUp`` in the block after ``seconds``, again until it ends; if ``can_limit``."""
    if not can_limit():
        yield
        return
    ended = False

    def ring(signum, frame):
        if not ended:
            raise TimeUp

    handler = signal.signal(signal.SIGALRM, ring)
    # Repeats every 50 ms: a bare except in the student's function may swallow the first.
    timer = signal.setitimer(signal.ITIMER_REAL, seconds, 0.05)
    try:
        yield
    finally:
        ended = True
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)


def evaluate(answer, inputs: dict[str, tuple]) -> list:
    """``answer(*arguments)`` for every case, or the value ``answer`` itself; raises ``Failed``."""
    if not callable(answer):
        return [answer] * len(inputs)
    values = []
    case = next(iter(inputs))
    try:
        with time_limit(LIMIT), np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
            for case in inputs:  # NaN is reported by the diagnosis, in words
                values.append(answer(*copy.deepcopy(inputs[case])))
    except TimeUp:
        late = f"It had not returned after {LIMIT:g} s ({case}): look for a loop that never ends."
        raise Failed(late) from None
    except KeyboardInterrupt:
        raise Failed(f"It was interrupted before it returned ({case}).") from None
    except BaseException as error:  # a student's function may raise anything, SystemExit included
        cause = _usual_cause(error, answer, inputs[case])
        raise Failed(f"{_describe(error, answer)} ({case}).{cause}") from None
    return values


def _describe(error: BaseException, answer) -> str:
    """The error raised, and where in the student's function."""
    what = traceback.format_exception_only(error)[-1].splitlines()[0]
    own = getattr(getattr(answer, "__code__", None), "co_filename", None)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == own]
    where = f" in its line «{frames[-1].line}»" if frames and frames[-1].line else ""
    return f"It raises {what}{where}"


def _usual_cause(error: BaseException, answer, arguments: tuple) -> str:
    """The usual cause of ``error``, or nothing."""
    if isinstance(error, ZeroDivisionError):
        return " Something is 0 in this case: does a sum in the denominator lack its brackets?"
    if not isinstance(error, ValueError):
        return ""
    # NumPy and math raise a bare ValueError for all that follows: its words are the only sign.
    text = str(error)
    if any(word in text for word in ("shape", "imension", "broadcast", "size")):
        names = getattr(getattr(answer, "__code__", None), "co_varnames", ())
        pairs = zip(names, arguments, strict=False)
        arrays = ", ".join(f"{name} {a.shape}" for name, a in pairs if isinstance(a, np.ndarray))
        question = "Is something transposed, or on the wrong side?"
        return f" Two shapes do not fit; it was called with {arrays}. {question}"
    return " Rounding can lead just outside a function's domain." if "domain" in text else ""
