"""Ctrl-C, SIGTERM and SIGHUP (a terminal that closes): one line, and nothing left half done.

While a command only reads and imports, it ends at once (``leave``): an exception could come up in
the middle of an import and be lost or printed there. What must be tidied up first holds the signal
back (``held_back``), or looks for it between two steps (``jobs.execute``).
"""

import atexit
import os
import signal
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
SIGNALS = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]  # Windows has no HUP


def status(number: int) -> int:
    """The exit status after a signal, by the convention of shells: 130 Ctrl-C, 143 SIGTERM."""
    return 128 + number


def leave(number, frame=None) -> None:
    """Handle a signal: one line, and the process ends now."""
    ignore()
    _let_go(number)
    with suppress(BaseException):
        sys.stdout.flush()
    with suppress(BaseException):  # a temporary folder of compiled code
        atexit._run_exitfuncs()
    with suppress(OSError):
        os.write(2, b"interrupted\n")
    os._exit(status(number))


def ignore() -> None:
    """Answer no further signal: this process is about to end."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def handled(handler):
    """Handle the signals by ``handler`` inside; none that is ignored from outside (``nohup``)."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number, previous in before.items():
        if previous is not signal.SIG_IGN:
            signal.signal(number, handler)
    try:
        yield
    finally:
        for number, previous in before.items():
            if signal.getsignal(number) is handler:
                signal.signal(number, previous)


def noting(noted: list[int]):
    """A handler that only adds the signal to ``noted``."""

    def note(number, frame):
        noted.append(number)
        _let_go(number)

    return note


def _let_go(number: int) -> None:
    """Print no more to a terminal that has closed: that would be an error."""
    if number == getattr(signal, "SIGHUP", None):
        for descriptor in filter(os.isatty, (1, 2)):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, descriptor)
            os.close(nowhere)


@contextmanager
def held_back():
    """A signal inside the block comes to effect at its end."""
    noted = []
    with handled(noting(noted)):
        yield
    if noted:
        signal.raise_signal(noted[0])


@contextmanager
def blocked():
    """No signal is delivered inside; a process started inside is born with all of them blocked."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def only_once() -> None:
    """In a process born ``blocked``: ``KeyboardInterrupt`` at the first SIGTERM, and only then.

    A terminal sends Ctrl-C to all processes. Were the parent's signal a second interruption, it
    could hit while the first is being answered: a checkpoint half written.
    """

    def interrupt(number, frame):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise KeyboardInterrupt(number)

    for number in SIGNALS:  # one step each: a signal that waits is lost if it is ignored first
        answer = interrupt if number == signal.SIGTERM else signal.SIG_IGN
        signal.signal(number, answer)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def _is_the_command() -> bool:
    """Whether this process runs ``dcm`` or ``python -m dcm``; others only import the package."""
    by_module = sys.argv[0] == "-m" and "dcm" in sys.orig_argv  # as it is while ``-m`` imports
    return by_module or Path(sys.argv[0]).stem == "dcm"


if getattr(sys, "argv", None) and _is_the_command():  # before the slower imports
    atexit.register(ignore)  # all is done, and the interpreter's own answer would be a bad status
    for _number in SIGNALS:
        if signal.getsignal(_number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(_number, leave)
