"""Seeds in parallel: four runs by one process at a time and by two; ratio of wall times, equal
results.

Run with ``python benchmarks/seeds.py``: about a minute on two idle cores. Its files go to a
temporary folder.
"""

import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from dcm.experiments.teacher_regression.experiment import Config, run
from dcm.lab import jobs
from dcm.lab.run import Variant

VARIANT = Variant("teacher_regression/seeds", run, replace(Config(), n_patterns=5_000_000))


def measured(n_parallel: int) -> tuple[float, list]:
    """(seconds, results) of four seeds over ``n_parallel`` processes, from scratch."""
    runs = VARIANT.runs(4)
    for seed in runs:
        seed.path.unlink(missing_ok=True)
    began = time.perf_counter()
    jobs.execute([seed.job for seed in runs], n_parallel)
    return time.perf_counter() - began, [seed.finished() for seed in runs]


def main():
    """Measure and print, in an empty folder that stands for a clone."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        notebooks = Path(folder, "notebooks")
        notebooks.mkdir()
        (notebooks / "00_the_circuit.ipynb").touch()
        os.chdir(folder)
        measured(2)  # compiles
        alone, one = measured(1)
        together, two = measured(2)
        for a, b in zip(one, two, strict=True):
            for name, values in a.arrays.items():
                np.testing.assert_array_equal(values, b[name])
        os.chdir(here)
    print(f"one process {alone:.1f} s, two {together:.1f} s: {alone / together:.2f} times as fast")


if __name__ == "__main__":
    main()
