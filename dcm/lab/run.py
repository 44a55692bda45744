"""Paper-scale runs: what identifies one, where its result lies, and variants of an experiment."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dcm.lab import paths
from dcm.lab.checkpoint import Checkpoint
from dcm.lab.jobs import Job
from dcm.lab.progress import silent
from dcm.lab.provenance import provenance
from dcm.lab.store import Result, ResultError, plain, read, write


@dataclass(frozen=True)
class Run:
    """One seed of a variant: ``experiment(config, default_rng(seed), progress, checkpoint)``.

    ``name`` is «notebook/variant»; ``seconds`` is a rough guess on one core, for the bar only.
    """

    name: str
    config: object
    seed: int
    experiment: Callable[..., Result] = field(compare=False)
    seconds: float = field(compare=False, default=10.0)

    def __str__(self):
        return f"{self.name} seed {self.seed}"

    @property
    def about(self) -> dict:
        """What identifies the run, in its result's header and in its checkpoints."""
        return plain({"run": self.name, "config": self.config, "seed": self.seed})

    @property
    def path(self) -> Path:
        """``results/<notebook>/<variant>-seed<k>.npz``."""
        return paths.results() / f"{self.name}-seed{self.seed}.npz"

    @property
    def checkpoint(self) -> Checkpoint:
        """Where the run keeps its state while it is under way."""
        return Checkpoint(paths.checkpoints() / f"{self.name}-seed{self.seed}.npz", self.about)

    @property
    def job(self) -> Job:
        """Its computation as a job; what it prints goes to ``build/logs/``."""
        log = paths.logs() / f"{self.name}-seed{self.seed}.log"
        return Job(str(self), self.seconds, self.compute, log)

    def wrote(self, result: Result) -> bool:
        """Whether a result's header says that it is this run's, config and seed included."""
        return {key: result.about.get(key) for key in self.about} == self.about

    def finished(self, notice=print) -> Result | None:
        """The result in its file; None if it must be computed, with a notice if it is unusable."""
        try:
            result = read(self.path)
        except FileNotFoundError:
            return None
        except ResultError as error:
            notice(f"{error}; doing so")
            return None
        if not self.wrote(result):
            notice(f"{self.path} was made with another config; computing it again")
            return None
        return result

    def compute(self, progress=silent) -> None:
        """Compute, from a checkpoint if there is one; write the result, remove the checkpoint."""
        began = _clocks()
        rng = np.random.default_rng(self.seed)
        result = self.experiment(self.config, rng, progress, self.checkpoint)
        wall, cpu = _clocks() - began
        times = {"wall_s": round(float(wall), 1), "cpu_s": round(float(cpu), 1)}
        write(self.path, {**self.about, **provenance(), **times}, result.arrays)
        self.checkpoint.remove()


@dataclass(frozen=True)
class Variant:
    """One line of an experiment's plan: a config and how many seeds it is run for at most."""

    name: str
    experiment: Callable[..., Result] = field(compare=False)
    config: object
    seconds: float = field(compare=False, default=10.0)
    most_seeds: int | None = None

    def run(self, seed: int) -> Run:
        """The run of one seed."""
        return Run(self.name, self.config, seed, self.experiment, self.seconds)

    def runs(self, seeds: int) -> list[Run]:
        """Runs of ``seeds`` seeds, or of as many as the claims ask for."""
        n = min(seeds, self.most_seeds or seeds)
        return [self.run(seed) for seed in range(n)]

    def results(self) -> list[Result]:
        """The results that ``results/`` holds, one per seed; empty where there are none yet.

        Raises ``ResultError`` naming the file if one was truncated, edited, or made with another
        config.
        """
        files = sorted(paths.results().glob(f"{self.name}-seed*.npz"))
        found = [read(path) for path in files]
        for result in found:
            run = self.run(result.about.get("seed"))
            if result.path.name != run.path.name or not run.wrote(result):
                raise ResultError(
                    f"{result.path} was made with another config or seed; "
                    "dcm figures --profile paper computes it again"
                )
        return found


def in_words(runs: list[Run], most: int = 5) -> str:
    """The first few of ``runs`` by name, and how many more there are."""
    more = f" and {len(runs) - most} more" if len(runs) > most else ""
    return ", ".join(map(str, runs[:most])) + more


def _clocks() -> np.ndarray:
    """(wall, CPU) seconds."""
    return np.array([time.perf_counter(), time.process_time()])
