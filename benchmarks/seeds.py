"""Seeds in parallel: the same four runs by one process at a time and by two; ratio of wall times, and equal results.

Run with ``python benchmarks/seeds.py``: about a minute on two idle cores. Its files go to a temporary folder.
"""

import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from dcm.experiments.teacher_regression import experiment as teacher_regression
from dcm.lab import jobs as scheduler
from dcm.lab.run import Run

CONFIG = replace(teacher_regression.Config(), n_patterns=5_000_000)


def measured(jobs: int) -> tuple[float, list]:
    """(seconds, results) of four seeds over ``jobs`` processes, from scratch."""
    runs = [
        Run("teacher_regression/seeds", CONFIG, seed, teacher_regression.compute)
        for seed in range(4)
    ]
    for run in runs:
        run.path().unlink(missing_ok=True)
    began = time.perf_counter()
    scheduler.execute(runs, jobs)
    return time.perf_counter() - began, [scheduler.finished(run) for run in runs]


def main():
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "notebooks").mkdir()
        (
            Path(folder) / "notebooks" / "00_the_circuit.ipynb"
        ).touch()  # runs keep their files in this clone
        os.chdir(folder)
        measured(2)  # compiles
        (one, alone), (two, together) = measured(1), measured(2)
        os.chdir(here)
    same = all(
        np.array_equal(a[name], b[name])
        for a, b in zip(alone, together, strict=True)
        for name in a.arrays
    )
    print(
        f"four seeds of {CONFIG.n_patterns:,} patterns: {one:.1f} s by one process, {two:.1f} s by two"
    )
    print(f"ratio {one / two:.2f}; results identical bit for bit: {same}")


if __name__ == "__main__":
    main()
