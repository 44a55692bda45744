"""All processes that a command started, and those that they started: marked, found and ended.

A mark in the environment is inherited by children of children, whatever session or parent they
have by then. This file is also a small program, which outlives a command that was killed.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

MARK = "DCM_FAMILY"
PATIENCE = 5.0  # seconds for a process whose command was killed to keep its checkpoint [chosen]
UNKILLABLE = 5.0  # seconds after which a process that cannot be killed is left alone [chosen]


def members(mark: str) -> list[psutil.Process]:
    """The processes with this mark, or one that begins with it and a dot."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):  # another user's, or one that has just ended
            carried = process.environ().get(MARK, "")
            if carried == mark or carried.startswith(f"{mark}."):
                found.append(process)
    return found


def end(mark: str, patience: float = 0.0) -> None:
    """End all processes with this mark: ask them, and kill those left after ``patience`` s."""
    began = time.monotonic()
    if patience:
        for process in members(mark):
            with suppress(psutil.Error):
                process.terminate()
    while time.monotonic() - began < patience and members(mark):
        time.sleep(0.1)
    while time.monotonic() - began < patience + UNKILLABLE:
        left = members(mark)
        if not left:
            return
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        time.sleep(0.02)


def end_all(mark: str, folder: str, places) -> None:
    """End the family, and remove what it left behind: temporary and half written files."""
    from dcm.model import files  # here, as the guard needs it in the end only

    end(mark)
    shutil.rmtree(folder, ignore_errors=True)
    for place in map(Path, places):
        for within in {partial.parent for partial in place.rglob("*.partial")}:
            files.tidy(within)


@contextmanager
def guarded(*places):
    """The mark of a new family; when the block is left, all its processes have ended.

    Should this process be killed, another one ends the family in its place. The temporary folder
    of all members is removed with the family, and what they left half written in ``places``.
    """
    folder = tempfile.mkdtemp(prefix="dcm-")
    mark = os.path.basename(folder)
    # -P: no module is looked for in dcm/lab/
    command = [sys.executable, "-P", __file__, mark, folder, *map(str, places)]
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": os.sep}
    guard = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, **silent)
    try:
        yield mark, folder
    finally:
        end_all(mark, folder, places)
        with suppress(OSError):  # it was killed
            guard.stdin.write(b"all is over")
            guard.stdin.close()
        guard.wait()


@contextmanager
def marked(mark: str, folder: str):
    """Processes started inside carry ``mark`` and keep temporary files in ``folder``."""
    ours = {MARK: mark, "TMPDIR": folder, "TEMP": folder, "TMP": folder}
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _guard(mark: str, folder: str, *places: str) -> None:
    """Wait until the command has ended; if it was killed, end what it left behind."""
    import signal

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if sys.stdin.buffer.read():
        return
    end(mark, PATIENCE)
    time.sleep(0.5)  # one that was just being born carries the mark by now
    sys.path.append(str(Path(__file__).resolve().parents[2]))
    end_all(mark, folder, places)


if __name__ == "__main__":
    _guard(*sys.argv[1:])
