"""Long runs that go on where they were interrupted, bit for bit."""

import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dcm.lab.store import Result, ResultError, write
from dcm.model import archive

EVERY = 20.0  # seconds between checkpoints [chosen]
GENERATORS = "generators"  # the entry of a checkpoint that holds the states of all generators


@dataclass
class Checkpoint:
    """Where a long run keeps its state; ``about`` (name, config, seed) identifies the run.

    ``commit`` is that of the code. After the ``load`` of what other code began it names both.
    """

    path: Path
    about: dict
    commit: str = "unknown"
    saved_at: float = field(default_factory=time.monotonic)

    def load(self, notice=print) -> dict[str, np.ndarray] | None:
        """The arrays of the last ``save``, or None; ``ResultError`` if they are of another run.

        A damaged file is renamed to ``….damaged``, with a notice: the run starts anew.
        """
        try:
            saved = Result(*archive.read(self.path))
        except FileNotFoundError:
            return None
        except archive.DamagedFile as error:
            aside = self.path.with_name(f"{self.path.name}.damaged")
            with suppress(OSError):  # where it must stay, it does no harm
                os.replace(self.path, aside)
            notice(f"{error}; kept as {aside.name}, the run starts anew")
            return None
        if not saved.is_of(self.about):
            words = f"{self.path} is a checkpoint of another config or seed"
            raise ResultError(f"{words}; delete it to start from the beginning")
        before = str(saved.about.get("commit", "unknown"))
        if before.split(" then ")[-1] == self.commit:
            self.commit = before
        else:
            self.commit = f"{before} then {self.commit}"
        return saved.arrays

    def save(self, arrays: dict, *, force: bool = False) -> None:
        """Keep ``arrays``, if the last time is at least ``EVERY`` seconds ago."""
        if force or time.monotonic() - self.saved_at > EVERY:
            write(self.path, {**self.about, "commit": self.commit}, arrays)
            self.saved_at = time.monotonic()


def resumable(step, state: dict, steps: int, checkpoint, progress, desc: str) -> dict:
    """``state = step(i, state)`` for i = 0…steps-1, from a ``Checkpoint`` on where there is one.

    ``state`` maps names to arrays and generators. Interrupted or not, a run gives the same bits.
    """
    first = 0
    kept = checkpoint.load() if checkpoint else None
    if kept is not None:
        first = int(kept.pop("step", 0))
        revived = _revived(kept)
        if set(revived) != set(state):
            words = f"{checkpoint.path} holds other arrays than this version of the run"
            raise ResultError(f"{words}; delete it to start from the beginning")
        state = revived
    whole = None  # the last whole step: an interrupted one may have used up random numbers already
    try:
        for i in progress(range(first, steps), desc=desc, total=steps, initial=first):
            state = step(i, state)
            if checkpoint:
                whole = {"step": i + 1, **_frozen(state)}
                checkpoint.save(whole)
    except KeyboardInterrupt:
        if whole:
            checkpoint.save(whole, force=True)
        raise
    return state


def _frozen(state: dict) -> dict:
    """Arrays as they are, and all generators in one array: the JSON of their states by name."""
    arrays = dict(state)
    generators = {}
    for name, value in state.items():
        if isinstance(value, np.random.Generator):
            generators[name] = arrays.pop(name).bit_generator.state
    return {**arrays, GENERATORS: np.array(json.dumps(generators))}


def _revived(arrays: dict) -> dict:
    """The inverse of ``_frozen``."""
    state = dict(arrays)
    for name, saved in json.loads(str(state.pop(GENERATORS, "{}"))).items():
        state[name] = np.random.default_rng()
        state[name].bit_generator.state = saved
    return state
