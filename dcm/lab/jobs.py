"""Long work in processes of its own, several at a time: notebooks and paper-scale runs alike.

Whatever goes wrong in one job, the others go on: an error, a process that was killed or hangs, a
full memory or disk. At Ctrl-C, SIGTERM or SIGHUP every job is interrupted once, so that it can keep
its checkpoint; then the caller gets ``KeyboardInterrupt``. No process outlives the command, whoever
started it and however the command itself ends (``family``).
"""

import multiprocessing
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from pathlib import Path

from dcm.lab import family, interrupt, paths
from dcm.lab.store import ResultError
from dcm.model.files import WriteError

EVERY = 0.5  # seconds between two messages of a job, and between two looks at all jobs [chosen]
PATIENCE = 20.0  # seconds that an interrupted job has to end, before it is killed [chosen]
LONGEST = 1000  # characters of an error: a pipe takes a message of up to 4096 bytes whole or not
AGAIN = "run the same command again to go on"


class JobError(Exception):
    """A failure whose message says all in one line."""


@dataclass
class Progress:
    """How a job tells what share of its work is done: wrapped around its loop, or by ``tell``."""

    parent: Connection
    told_at: float = float("-inf")

    def tell(self, share: float) -> None:
        """Pass on ``share``, from 0 to 1. The first is where the job begins: 0 unless resumed."""
        if time.monotonic() - self.told_at < EVERY:
            return
        try:
            self.parent.send((share, None))
        except OSError:  # the command was killed: stop as after Ctrl-C
            signal.raise_signal(signal.SIGTERM)
        self.told_at = time.monotonic()

    def __call__(self, iterable, desc="", total=None, initial=0):
        """Yield the items of ``iterable``, of which ``initial`` were done earlier."""
        total = total or len(iterable)
        self.tell(initial / total)
        for done, item in enumerate(iterable, initial + 1):
            yield item
            self.tell(done / total)


@dataclass(frozen=True)
class Job:
    """One piece of work for a process of its own."""

    name: str
    seconds: float  # a rough guess on one core, to weigh it against other jobs; no limit
    work: Callable[[Progress], None]  # picklable; an interruption raises ``KeyboardInterrupt``
    log: Path  # where its prints go


@dataclass
class Attempt:
    """A job that is under way or has ended: share done, share done before, time taken, error."""

    job: Job
    mark: str  # of its process and of all that this one starts
    process: multiprocessing.process.BaseProcess
    connection: Connection | None  # None when it has nothing more to say
    began: float
    share: float = 0.0
    share_before: float | None = None
    seconds: float = 0.0
    error: str | None = None

    def look(self) -> bool:
        """Take what it says; whether its process has ended."""
        ended = self.process.exitcode is not None  # first: what it said before is heard below
        try:
            while self.connection and self.connection.poll():
                self.share, self.error = self.connection.recv()
                if self.share_before is None:
                    self.share_before = self.share
        except (EOFError, OSError):
            self.connection.close()
            self.connection = None
        return ended

    def end(self) -> None:
        """End what is left of it, and take note of how its process ended."""
        family.end(self.mark)
        self.process.join()
        if self.connection:
            self.connection.close()
        self.seconds = time.monotonic() - self.began
        self.share = 1.0  # nothing is left to do, whether it went well or not
        code = self.process.exitcode
        if self.error is None and code:
            how = f"ended with status {code} (see {os.path.relpath(self.job.log)})"
            if code == interrupt.status(signal.SIGTERM):
                how = "was interrupted from outside"
            if code < 0:
                how = f"was ended by signal {-code}, {signal.strsignal(-code)}"
            if code == -signal.SIGKILL:
                how = "was killed, perhaps for want of memory"
            self.error = f"its process {how}; {AGAIN}"


def execute(jobs, n_parallel: int, report=lambda attempt: None, tick=lambda attempts: None) -> None:
    """Do ``jobs``, longest first, ``n_parallel`` processes at a time.

    ``report`` is called with each attempt when it has ended (its ``error`` is None or a line of
    text), ``tick`` with all attempts so far about twice a second. After a signal of ``interrupt``
    raises ``KeyboardInterrupt(number)`` when all processes have ended; what was reported before
    stays done.
    """
    waiting = sorted(jobs, key=lambda job: -job.seconds)
    attempts = []
    running = []
    noted = []  # signals: answered between two steps of the loop, never in the middle of one
    handled = interrupt.handled(interrupt.noting(noted))
    with handled, family.guarded(*paths.written()) as (mark, folder):
        try:
            while waiting or running:
                while waiting and len(running) < n_parallel and not noted:
                    attempt = _start(waiting.pop(0), f"{mark}.{len(attempts)}", folder)
                    attempts.append(attempt)
                    if attempt.error:
                        report(attempt)
                    else:
                        running.append(attempt)
                _wait(running)
                for attempt in list(running):
                    if attempt.look():
                        attempt.end()
                        running.remove(attempt)
                        report(attempt)
                tick(attempts)
                if noted:
                    break
        finally:
            _stop(running)
    if noted:
        raise KeyboardInterrupt(noted[0])


def _wait(attempts) -> None:
    """Until one of ``attempts`` says something or ends, or for ``EVERY`` s.

    A process that a job started may hold both open after its death: so nothing waits for longer.
    """
    alive = [attempt.process.sentinel for attempt in attempts]
    wait([*alive, *(a.connection for a in attempts if a.connection)], timeout=EVERY)


def _start(job: Job, mark: str, folder: str) -> Attempt:
    """Start a process for ``job``: from its first moment it prints to its log, deaf to Ctrl-C."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(job, theirs))
    attempt = Attempt(job, mark, process, ours, began=time.monotonic())
    with _printing_to(job.log):
        if os.name == "posix":  # multiprocessing's own helper: not a member, as it serves all jobs
            resource_tracker.ensure_running()
        try:
            with family.marked(mark, folder), interrupt.blocked():
                process.start()
        except OSError as problem:  # no more processes or memory, or it was killed at once
            attempt.error = f"its process could not be started ({problem}); {AGAIN}"
    theirs.close()
    return attempt


def _stop(attempts) -> None:
    """Interrupt the processes of ``attempts`` and wait until all have ended."""
    until = time.monotonic() + PATIENCE
    for attempt in attempts:
        attempt.process.terminate()
    for attempt in attempts:
        attempt.process.join(max(0.0, until - time.monotonic()))
        attempt.process.kill()  # no effect on one that has ended
        attempt.process.join()


@contextmanager
def _printing_to(log: Path):
    """What processes started inside print goes to ``log``."""
    copies = {}
    for descriptor in (1, 2):
        with suppress(OSError):  # the command was started with it closed
            copies[descriptor] = os.dup(descriptor)
    try:
        _print_to(log)
        yield
    finally:
        for descriptor in (1, 2):
            os.close(descriptor)
        for descriptor, copy in copies.items():
            os.dup2(copy, descriptor)
            os.close(copy)


def _print_to(log: Path) -> None:
    """Let this process and its children print to ``log``; to nothing where none can be written."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(log, flags, 0o666)
    except OSError:
        file = os.open(os.devnull, os.O_WRONLY)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)


def _work(job: Job, parent: Connection) -> None:
    """In the process of the job: do its work, tell how it went, and end with no more waiting."""
    status = 0
    try:
        if os.name == "nt":
            _print_to(job.log)
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
        interrupt.only_once()
        job.work(Progress(parent))
    except KeyboardInterrupt:  # what was to be kept is kept
        status = interrupt.status(signal.SIGTERM)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except Exception as error:  # whatever went wrong here, the other jobs go on
        with suppress(OSError):  # the command was killed
            parent.send((1.0, _in_words(error, job)))
    with suppress(OSError):  # a full disk
        sys.stdout.flush()
    os._exit(status)


def _in_words(error: Exception, job: Job) -> str:
    """One line; an error that does not say all by itself is in the log with its traceback."""
    words = " ".join(str(error).split())
    if isinstance(error, JobError | ResultError | WriteError):
        pass
    elif isinstance(error, OSError):  # a full disk, say
        words = f"{words}; mend that, then {AGAIN}"
    else:
        with suppress(OSError):
            traceback.print_exc()
        words = f"{type(error).__name__}: {words}; see {os.path.relpath(job.log)}"
    if len(words) > LONGEST:
        words = f"{words[: LONGEST // 2]} … {words[-LONGEST // 2 :]}"
    return words
