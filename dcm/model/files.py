"""Files that are replaced whole or not at all, whatever happens while they are written.

A file is written beside the old one, as ``<name>.<process>-<number>.partial``, and moved over it
when all of it is on the disk. Its writer holds it locked: so what a killed process left can be told
from what a living one still writes, on any machine that shares the folder.
"""

import errno
import os
import re
import stat
import time
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where an open file can be neither moved nor removed
    fcntl = None
    import msvcrt

NUMBER = count()  # of the partial files of this process
PARTIAL = re.compile(r".+\.\d+-\d+\.partial")
PATIENCE = 60.0  # seconds to wait for another process's lock [chosen]
HOUR = 3600.0  # seconds, after which a partial file counts as left behind where locks cannot tell
SPACE = "free some disk space"
RIGHTS = "change the permissions of the file and of its folder"
REMEDIES = {
    "ENOSPC": SPACE,
    "EDQUOT": SPACE,
    "EFBIG": "raise the limit on the size of files (ulimit -f)",
    "EACCES": RIGHTS,
    "EPERM": RIGHTS,
    "EROFS": "work on a disk that can be written",
    "EISDIR": "choose another name or move that away",
    "EEXIST": "move away what has the name of its folder",
    "ENOTDIR": "move away what has the name of its folder",
    "ENAMETOOLONG": "choose a shorter name",
}


class WriteError(OSError):
    """A file that could not be written: the message names it, the cause and the remedy."""


@contextmanager
def replaced(path: str | Path):
    """Yield an open binary file that becomes ``path`` at the end of the block.

    If anything fails, ``path`` stays as it was and nothing is left beside it. Folders are made as
    needed. A symbolic link stays one, and permissions and owner stay those of the old file.

    Raises
    ------
    WriteError
        An ``OSError`` within the block or of the move: disk full, quota, no permission, …
    """
    path = Path(os.path.realpath(path))
    with _named(path):
        _check(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        tidy(path.parent)
        file = _opened_beside(path)
        try:
            with file:
                yield file
                file.flush()
                _take_rights(file.name, path)
                os.fsync(file.fileno())
                if fcntl:
                    os.replace(file.name, path)  # while it is locked
            if not fcntl:
                os.replace(file.name, path)
        finally:
            with suppress(OSError):  # moved already, if all went well
                os.unlink(file.name)


def write(path: str | Path, content: str | bytes) -> None:
    """Replace the file by ``content``, text as UTF-8; ``WriteError`` leaves the old file."""
    with replaced(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def check(path: str | Path) -> None:
    """``WriteError`` if ``replaced`` could not write there, as far as can be told beforehand."""
    path = Path(os.path.realpath(path))
    with _named(path):
        _check(path)


def tidy(folder: Path) -> None:
    """Remove what killed processes left half written in ``folder``, and nothing else."""
    for partial in Path(folder).glob("*.partial"):
        if not PARTIAL.fullmatch(partial.name):
            continue
        with suppress(OSError):  # another process is writing or removing it, or it is not ours
            if fcntl is None:
                age = time.time() - partial.stat().st_mtime
                if age > HOUR:
                    partial.unlink()
                continue
            with open(partial, "r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                partial.unlink()


@contextmanager
def locked(path: Path):
    """Hold the lock file ``path``: of all processes one at a time is in the block.

    The system gives a dead process's lock to the next. After ``PATIENCE`` comes a ``WriteError``.
    """
    with _named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    with open(path, "ab") as file:
        until = time.monotonic() + PATIENCE
        while not _try_to_lock(file):
            if time.monotonic() > until:
                raise WriteError(f"{path} is locked by another process; end it or wait for it")
            time.sleep(0.02)
        yield


def _try_to_lock(file) -> bool:
    """Whether the file is ours now; where the disk knows no locks, it always is."""
    try:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    except OSError as error:
        return error.errno not in (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
    return True


def _opened_beside(path: Path):
    """A new file beside ``path``, open, locked and with the permissions of new files."""
    while True:
        try:
            file = open(f"{path}.{os.getpid()}-{next(NUMBER)}.partial", "xb")  # noqa: SIM115
        except FileExistsError:  # of a process with this number on another machine
            continue
        if fcntl:
            with suppress(OSError):  # a disk that knows no locks: nobody else gets one either
                fcntl.flock(file, fcntl.LOCK_EX)
        if os.path.exists(file.name):  # ``tidy`` of another process may have come between
            return file
        file.close()


def _check(path: Path) -> None:
    """Refuse a folder, a device, a write-protected file and a folder that takes no file."""
    if path.exists():
        if not path.is_file():
            raise IsADirectoryError(errno.EISDIR, "it is a folder or a device")
        if not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, "it is write-protected")
    folder = path.parent
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, f"{folder} is no folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, f"its folder {folder} is write-protected")


def _take_rights(partial: str, path: Path) -> None:
    """Permissions and owner of the file that is about to be replaced, as far as allowed."""
    with suppress(FileNotFoundError):
        old = path.stat()
        with suppress(OSError, AttributeError):  # no such thing on Windows
            os.chown(partial, old.st_uid, old.st_gid)
        os.chmod(partial, stat.S_IMODE(old.st_mode))


@contextmanager
def _named(path: Path):
    """Turn an ``OSError`` within the block into a ``WriteError`` with the file and the remedy."""
    try:
        yield
    except WriteError:
        raise
    except OSError as error:
        cause = error.strerror or error
        remedy = REMEDIES.get(errno.errorcode.get(error.errno), "see to its folder")
        words = f"{path} could not be written ({cause}); {remedy}, then run the same again"
        raise WriteError(words) from error
