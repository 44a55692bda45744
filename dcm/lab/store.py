"""One result form, in memory and on disk: named arrays with a header that says what they are of.

On disk it is a file of ``dcm.model.archive``: a damaged or edited one is refused by name.
"""

from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path

import numpy as np

from dcm.model import archive

REMEDY = "compute it again or restore it from git"


class ResultError(ValueError):
    """A result or checkpoint file that must not be used; the message names it and the remedy."""


@dataclass(frozen=True)
class Result:
    """One run's measurements: ``result["error"]`` is the array called ``error``."""

    about: dict  # the header: at least config; in files also run, seed, versions, machine, times
    arrays: dict[str, np.ndarray]
    path: Path | None = None  # its file; None for a run just made

    def __getitem__(self, name: str) -> np.ndarray:
        if name in self.arrays:
            return self.arrays[name]
        holder = self.path or "this result"
        raise ResultError(f"{holder} holds no {name!r}; another version wrote it: compute it again")

    def is_of(self, about: dict) -> bool:
        """Whether the header has all entries of ``about``: run, config and seed."""
        return plain(about).items() <= self.about.items()


def write(path: Path, about: dict, arrays: dict) -> None:
    """Write a file atomically; ``dcm.model.files.WriteError`` leaves the previous one intact."""
    archive.write(path, plain(about), arrays)


def read(path: Path) -> Result:
    """A file written by ``write``; ``ResultError`` if truncated, edited or of another format."""
    try:
        about, arrays = archive.read(path)
    except archive.DamagedFile as error:
        raise ResultError(f"{error}; {REMEDY}") from error
    return Result(about, arrays, path)


def plain(value):
    """A config as JSON gives it back: dataclasses as dictionaries (with kind), tuples as lists."""
    if is_dataclass(value):
        entries = {f.name: plain(getattr(value, f.name)) for f in fields(value)}
        return {"kind": type(value).__name__, **entries}
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value.item() if isinstance(value, np.generic) else value
