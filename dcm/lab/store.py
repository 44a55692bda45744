"""One result form, in memory and on disk: named arrays with a header that says what they are of.

A file is an ``.npz`` whose JSON header has a SHA-256: a damaged or edited one is refused by name.
"""

import hashlib
import json
import os
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path

import numpy as np

FORMAT = 1  # of result files; a file of another format is refused
REMEDY = "delete it and compute it again"


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
    """Write a file atomically: a full disk or a killed process leaves the previous file intact."""
    arrays = {name: np.asarray(a) for name, a in arrays.items()}
    about = {"format": FORMAT, **plain(about)}
    header = json.dumps({**about, "sha256": digest(about, arrays)}, sort_keys=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with open(partial, "wb") as file:
            np.savez_compressed(file, header=np.array(header), **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def read(path: Path) -> Result:
    """A file written by ``write``; ``ResultError`` if truncated, edited or of another format."""
    try:
        with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = dict(file)
            about = json.loads(str(arrays.pop("header")))
    except FileNotFoundError:
        raise
    except Exception as error:  # damaged zip files fail in a dozen ways
        raise ResultError(f"{path} is damaged or no result file ({error}); {REMEDY}") from error
    found = about.get("format")
    if found != FORMAT:
        raise ResultError(f"{path} has format {found}, this version reads {FORMAT}; {REMEDY}")
    if about.pop("sha256", None) != digest(about, arrays):
        words = f"{path} was changed after it was written (its SHA-256 differs); compute it again"
        raise ResultError(words)
    return Result(about, arrays, path)


def digest(about: dict, arrays: dict) -> str:
    """SHA-256 over header and arrays, names, types and shapes included."""
    total = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for name in sorted(arrays):
        a = np.ascontiguousarray(arrays[name])
        total.update(f"{name} {a.dtype.str} {a.shape}".encode())
        total.update(a.tobytes())
    return total.hexdigest()


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
