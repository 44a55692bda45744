"""Results and checkpoints on disk: one ``.npz`` a run, no pickle, written atomically, read only if whole and untouched.

A file holds plain arrays and a JSON header (run, config, seed, versions, commit, machine, times) with a SHA-256 over
both, so that a truncated, edited or outdated file is refused by its name and never silently used.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
import zipfile
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path

import numpy as np

FORMAT = 1  # of result files; a file of another format is refused
EVERY = 20.0  # seconds between checkpoints [chosen]


class ResultError(ValueError):
    """A result or checkpoint file that must not be used; the message names it and the remedy."""


@dataclass(frozen=True)
class Saved:
    """A file's header ``about`` and its ``arrays`` by name."""

    path: Path
    about: dict
    arrays: dict[str, np.ndarray]

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.arrays:
            raise ResultError(
                f"{self.path} holds no {name!r}; another version wrote it: compute it again"
            )
        return self.arrays[name]


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


def read(path: Path) -> Saved:
    """A file written by ``write``; ``ResultError`` if it is truncated, edited or of another format."""
    try:
        with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
            about = json.loads(str(file["header"]))
            arrays = {name: file[name] for name in file.files if name != "header"}
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zipfile.error) as error:
        raise ResultError(
            f"{path} is damaged or no result file ({error}); delete it and compute it again"
        ) from error
    if about.get("format") != FORMAT:
        found = about.get("format")
        raise ResultError(
            f"{path} has format {found}, this version reads {FORMAT}; delete it and compute it again"
        )
    claimed = about.pop("sha256", None)
    if claimed != digest(about, arrays):
        raise ResultError(
            f"{path} was changed after it was written (its SHA-256 differs); compute it again"
        )
    return Saved(path, about, arrays)


def digest(about: dict, arrays: dict) -> str:
    """SHA-256 over header and arrays, names, types and shapes included."""
    total = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for name in sorted(arrays):
        a = np.ascontiguousarray(arrays[name])
        total.update(f"{name} {a.dtype.str} {a.shape}".encode())
        total.update(a.tobytes())
    return total.hexdigest()


def plain(value):
    """A config as JSON would give it back: dataclasses to dictionaries (with their kind), tuples to lists."""
    if is_dataclass(value):
        named = {f.name: plain(getattr(value, f.name)) for f in fields(value)}
        return {"kind": type(value).__name__, **named}
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value.item() if isinstance(value, np.generic) else value


@dataclass
class Checkpoint:
    """Where a long run keeps its state every ``EVERY`` seconds, so that it can go on after an interruption.

    ``about`` identifies the run (name, config, seed); a checkpoint of another run is refused.
    """

    path: Path
    about: dict
    saved_at: float = field(default_factory=time.monotonic)

    def load(self) -> dict[str, np.ndarray] | None:
        """The arrays of the last ``save``, or None; ``ResultError`` if they belong to another run."""
        try:
            saved = read(self.path)
        except FileNotFoundError:
            return None
        if {name: saved.about.get(name) for name in self.about} != plain(self.about):
            raise ResultError(
                f"{self.path} is a checkpoint of another config or seed; delete it or use --force"
            )
        return saved.arrays

    def save(self, arrays: dict, *, force: bool = False) -> None:
        """Keep ``arrays``, if the last time is at least ``EVERY`` seconds ago."""
        if force or time.monotonic() - self.saved_at > EVERY:
            write(self.path, self.about, arrays)
            self.saved_at = time.monotonic()

    def remove(self) -> None:
        """Delete the file: the run is complete."""
        self.path.unlink(missing_ok=True)


def resumable(
    step, state: dict, steps: int, checkpoint: Checkpoint | None, progress, desc: str
) -> dict:
    """``state = step(i, state)`` for i = 0…steps-1, going on from the checkpoint where there is one.

    ``state`` maps names to arrays and ``numpy.random.Generator``s. An interrupted run keeps its last whole step, and
    gives the same bits as an uninterrupted one.
    """
    first, names = 0, set(state)
    if checkpoint and (kept := checkpoint.load()) is not None:
        first = int(kept.pop("step"))
        state = {**state, **_revived(kept)}
        if set(state) != names:
            raise ResultError(
                f"{checkpoint.path} holds other arrays than this version of the run; delete it"
            )
    whole = None  # the last whole step: an interrupted one may have used up random numbers already
    try:
        for i in progress(range(first, steps), desc=desc, total=steps, initial=first):
            state = step(i, state)
            if checkpoint:
                checkpoint.save(whole := {"step": i + 1, **_frozen(state)})
    except KeyboardInterrupt:
        if whole:
            checkpoint.save(whole, force=True)
        raise
    return state


def _frozen(state: dict) -> dict:
    """Generators as the JSON of their state, arrays as they are."""
    return {
        ("rng:" + name if isinstance(v, np.random.Generator) else name): (
            np.array(json.dumps(v.bit_generator.state)) if isinstance(v, np.random.Generator) else v
        )
        for name, v in state.items()
    }


def _revived(arrays: dict) -> dict:
    """The inverse of ``_frozen``."""
    state = {}
    for name, value in arrays.items():
        if name.startswith("rng:"):
            rng = np.random.default_rng()
            rng.bit_generator.state = json.loads(str(value))
            name, value = name[4:], rng
        state[name] = value
    return state
