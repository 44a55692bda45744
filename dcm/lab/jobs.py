"""Long work in processes of its own, several at a time: notebooks and paper-scale runs alike.

Whatever goes wrong in one job, the others go on: an error, a process that was killed, a full
memory. At Ctrl-C or SIGTERM every job is interrupted once, so that it can keep its checkpoint or
end its kernel; then the caller gets ``KeyboardInterrupt``.
"""

import multiprocessing
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path

EVERY = 0.5  # seconds between two messages of a job, and between two looks at all jobs [chosen]
PATIENCE = 60.0  # seconds that an interrupted job has to end, before it is killed [chosen]
INTERRUPTED = 130  # exit status after Ctrl-C, by the convention of shells


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
        except BrokenPipeError:  # the parent was killed: stop as after Ctrl-C
            raise KeyboardInterrupt from None
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
    process: multiprocessing.process.BaseProcess
    began: float
    share: float = 0.0
    share_before: float | None = None
    seconds: float = 0.0
    error: str | None = None

    def hear(self, connection: Connection) -> bool:
        """Take the next message; whether there will be more."""
        try:
            self.share, self.error = connection.recv()
        except (EOFError, OSError):  # the process has ended, perhaps in the middle of a message
            return False
        if self.share_before is None:
            self.share_before = self.share
        return True

    def end(self) -> None:
        """Take note of how the process ended."""
        self.process.join()
        self.seconds = time.monotonic() - self.began
        self.share = 1.0  # nothing is left to do, whether it went well or not
        status = self.process.exitcode
        if self.error is None and status:
            how = f"ended with status {status}"
            if status < 0:
                how = f"was ended by {signal.Signals(-status).name}"
            if status == -signal.SIGKILL:
                how = "was killed, perhaps for want of memory"
            self.error = f"its process {how}; run the same command again to go on"


def execute(jobs, n_parallel: int, report=lambda attempt: None, tick=lambda attempts: None) -> None:
    """Do ``jobs``, longest first, ``n_parallel`` processes at a time.

    ``report`` is called with each attempt when it has ended (its ``error`` is None or a line of
    text), ``tick`` with all attempts so far about twice a second. After Ctrl-C or SIGTERM raises
    ``KeyboardInterrupt`` when all processes have ended; what was reported before stays done.
    """
    waiting = sorted(jobs, key=lambda job: -job.seconds)
    attempts = []
    running = {}  # by the connection that it talks through
    with _handling(signal.default_int_handler, signal.SIGTERM):
        try:
            while waiting or running:
                while waiting and len(running) < n_parallel:
                    connection, attempt = _start(waiting.pop(0))
                    running[connection] = attempt
                    attempts.append(attempt)
                for connection in wait(list(running), timeout=EVERY):
                    attempt = running[connection]
                    if not attempt.hear(connection):
                        attempt.end()
                        del running[connection]
                        report(attempt)
                tick(attempts)
        finally:
            _stop(running.values())


def _start(job: Job) -> tuple[Connection, Attempt]:
    """Start a process for ``job``; its messages arrive at the connection."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(job, theirs))
    with _handling(signal.SIG_IGN, signal.SIGINT):  # inherited: see ``_interrupted_once``
        process.start()
    theirs.close()  # so that ours ends when the process does
    return ours, Attempt(job, process, began=time.monotonic())


def _stop(attempts) -> None:
    """Interrupt the processes of ``attempts`` and wait until all have ended, Ctrl-C or not."""
    with _handling(signal.SIG_IGN, signal.SIGINT, signal.SIGTERM):
        for attempt in attempts:
            attempt.process.terminate()
        for attempt in attempts:
            attempt.process.join(PATIENCE)
            attempt.process.kill()  # no effect on one that has ended
            attempt.process.join()


@contextmanager
def _handling(handler, *signals):
    """Handle ``signals`` by ``handler`` inside the block."""
    before = {number: signal.signal(number, handler) for number in signals}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


def _work(job: Job, parent: Connection) -> None:
    """In the process of the job: do its work and tell how it went."""
    _interrupted_once()
    job.log.parent.mkdir(parents=True, exist_ok=True)
    with open(job.log, "w", encoding="utf-8") as log:
        os.dup2(log.fileno(), 1)  # file descriptors, as children of this process print too
        os.dup2(log.fileno(), 2)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        job.work(Progress(parent))
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
    except Exception as error:  # whatever went wrong here, the other jobs go on
        words = " ".join(str(error).split())
        if not isinstance(error, JobError):
            traceback.print_exc()
            words = f"{type(error).__name__}: {words}; see {os.path.relpath(job.log)}"
        parent.send((1.0, words))


def _interrupted_once() -> None:
    """Raise ``KeyboardInterrupt`` at the first SIGTERM, and at nothing else.

    A terminal sends Ctrl-C to all processes. Were the parent's signal a second interruption, it
    could hit while the first is being answered: a checkpoint half written, a kernel half ended.
    """

    def interrupt(number, frame):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, interrupt)
