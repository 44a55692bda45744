"""Results to be computed again: a list of them, so that this can be interrupted like all the rest.

``results/outdated.json`` holds for each run of an unfinished ``--force`` the SHA-256 of the file it
had before. While a file still has this sum it is old; a new one replaces it in one move.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from dcm.lab import paths
from dcm.lab.run import Run, in_words
from dcm.lab.store import ResultError
from dcm.model import files


def among(runs: list[Run]) -> list[Run]:
    """Those of ``runs`` that are old: still as they were when an unfinished ``--force`` began."""
    listed = _read()
    there = [run for run in runs if str(run) in listed and run.path.is_file()]
    return [run for run in there if listed[str(run)] == _sum(run.path)]


def begin(runs: list[Run]) -> list[Run]:
    """List ``runs``, as far as an unfinished ``--force`` does not; returns those that are old."""
    listed = _read()
    new = [run for run in runs if str(run) not in listed]
    for run in new:  # before they are listed: what is listed goes on from its checkpoint
        run.checkpoint.path.unlink(missing_ok=True)
    _write({**listed, **{str(run): _sum(run.path) for run in new}})
    return among(runs)


def finish(runs: list[Run]) -> None:
    """Strike ``runs`` off the list: the ``--force`` that listed them is done."""
    done = set(map(str, runs))
    _write({name: known for name, known in _read().items() if name not in done})


def remark(say: Callable[[str], None], runs: Callable[[], list[Run]]) -> None:
    """Say so where old results are used."""
    old = among(runs()) if _path().exists() else []
    if old:
        remedy = (
            f"--profile paper --force goes on with it, deleting {_path()} keeps them as they are"
        )
        say(f"note: an interrupted --force left {len(old)} old results ({in_words(old)}); {remedy}")


def _path() -> Path:
    return paths.results() / "outdated.json"


def _read() -> dict[str, str]:
    """The sums of the old files by run."""
    try:
        listed = json.loads(_path().read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (ValueError, OSError):  # or it is a folder, or not ours to read
        listed = None
    if not isinstance(listed, dict):
        remedy = "delete it, and use --force to compute again"
        raise ResultError(f"{_path()} is damaged; {remedy}")
    return listed


def _write(listed: dict[str, str]) -> None:
    if not listed:
        _path().unlink(missing_ok=True)
        return
    files.write(_path(), json.dumps(listed, indent=1) + "\n")


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "none"
