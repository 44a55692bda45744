"""Paper-scale runs: variants of an experiment, and what identifies the run of one seed."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from dcm.lab import paths
from dcm.lab.checkpoint import Checkpoint
from dcm.lab.jobs import Job, JobError
from dcm.lab.progress import silent
from dcm.lab.provenance import provenance
from dcm.lab.store import Result, ResultError, plain, read, write
from dcm.model import files


@dataclass(frozen=True)
class Variant:
    """One line of an experiment's plan: a config and how many seeds it is run for at most."""

    name: str  # «notebook/variant»
    experiment: Callable[..., Result]  # (config, rng, progress, checkpoint)
    config: object
    seconds: float = 10.0  # rough, per seed on one core: for order, bar and announcements
    most_seeds: int | None = None

    def run(self, seed: int) -> "Run":
        """The run of one seed."""
        return Run(self, seed)

    def runs(self, seeds: int) -> list["Run"]:
        """Runs of ``seeds`` seeds, or of as many as the claims ask for."""
        return [Run(self, seed) for seed in range(min(seeds, self.most_seeds or seeds))]

    def results(self) -> list[Result]:
        """Those in ``results/``, one per seed; ``ResultError`` names one that must not be used."""
        found = [read(path) for path in sorted(paths.results().glob(f"{self.name}-seed*.npz"))]
        for result in found:
            run = Run(self, result.about.get("seed"))
            if result.path != run.path or not result.is_of(run.about):
                remedy = "delete it; dcm figures --profile paper computes what is missing"
                raise ResultError(f"{result.path} was made with another config or seed; {remedy}")
        return found


@dataclass(frozen=True)
class Run:
    """One seed of a variant: ``experiment(config, default_rng(seed), progress, checkpoint)``."""

    variant: Variant
    seed: int

    def __str__(self):
        return f"{self.variant.name} seed {self.seed}"

    @property
    def about(self) -> dict:
        """The run's identity, in its result's header and in its checkpoints."""
        return plain({"run": self.variant.name, "config": self.variant.config, "seed": self.seed})

    @property
    def path(self):
        """``results/<notebook>/<variant>-seed<k>.npz``."""
        return paths.results() / f"{self.variant.name}-seed{self.seed}.npz"

    @property
    def checkpoint(self) -> Checkpoint:
        """Where the run keeps its state while it is under way."""
        folder = paths.repository() / "build" / "checkpoints"
        return Checkpoint(folder / f"{self.variant.name}-seed{self.seed}.npz", self.about)

    @property
    def job(self) -> Job:
        """Its computation as a job; what it prints goes to ``build/logs/``."""
        log = paths.repository() / "build" / "logs" / f"{self.variant.name}-seed{self.seed}.log"
        return Job(str(self), self.variant.seconds, self.compute, log)

    def finished(self, notice=print) -> Result | None:
        """The result in its file; None if it must be computed, with a notice if it is unusable."""
        for path in (self.path, self.checkpoint.path):
            files.tidy(path.parent)
        try:
            result = read(self.path)
            if result.is_of(self.about):
                return result
            notice(f"{self.path} was made with another config; computing it again")
        except FileNotFoundError:
            pass
        except ResultError as error:
            notice(f"{error}; computing it now")
        with suppress(ResultError):  # of another config: its job will say so
            self.checkpoint.load(notice)
        return None

    def compute(self, progress=silent) -> None:
        """Compute, from a checkpoint if there is one; write the result, remove the checkpoint.

        Raises
        ------
        JobError
            If a file cannot be written, which is found before the work begins where it can be, or
            if the checkpoint is of another config. What was kept before stays.
        """
        try:
            for path in (self.path, self.checkpoint.path):
                files.check(path)
            self._compute(progress)
        except (ResultError, files.WriteError) as error:
            raise JobError(str(error)) from error

    def _compute(self, progress) -> None:
        made_by = provenance()  # now: the code may be edited while it runs
        began = np.array([time.perf_counter(), time.process_time()])
        rng = np.random.default_rng(self.seed)
        checkpoint = replace(self.checkpoint, commit=made_by["commit"])
        result = self.variant.experiment(self.variant.config, rng, progress, checkpoint)
        made_by["commit"] = checkpoint.commit
        wall, cpu = [time.perf_counter(), time.process_time()] - began
        times = {"wall_s": round(float(wall), 1), "cpu_s": round(float(cpu), 1)}
        write(self.path, {**self.about, **made_by, **times}, result.arrays)
        self.checkpoint.path.unlink(missing_ok=True)


def in_words(runs: list[Run]) -> str:
    """The first five of ``runs`` by name, and how many more there are."""
    more = f" and {len(runs) - 5} more" if len(runs) > 5 else ""
    return ", ".join(map(str, runs[:5])) + more
