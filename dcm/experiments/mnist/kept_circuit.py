"""The small circuit of notebook 04's explorer: trained on MNIST once, kept with test images.

``python -m dcm.experiments.mnist.kept_circuit`` trains it anew (seed 0, less than a minute) and
tells its test error.
"""

from dataclasses import asdict
from functools import cache
from pathlib import Path

import numpy as np

from dcm.experiments.mnist import data as datasets
from dcm.experiments.mnist.experiment import Config, train
from dcm.experiments.mnist.learners import initial_circuit
from dcm.lab import paths
from dcm.lab.progress import one_thread, progress_bar, silent
from dcm.lab.provenance import provenance
from dcm.lab.store import Result, ResultError, read, write
from dcm.model.circuit import Circuit
from dcm.model.conductances import Conductances
from dcm.model.files import WriteError, check
from dcm.model.transfer import Logistic

# Every number that the circuit depends on, whatever becomes of the defaults. Layers are small for
# looking, rates suit few epochs (by the validation split) [chosen]; all else as in notebook 04.
LAYERS = {"hidden": (64, 64), "hidden_threshold": 0.0, "output_threshold": -1.5}
SCALES = {"scale_up": 2.0, "scale_output": 2.0, "gain_hidden": 1.0, "gain_output": 30.0}
MIXING = {"mixing_hidden": 0.1, "mixing_output": 0.2, "mixing_interneuron": 0.1}
TARGETS = {"rate_high": 0.8, "rate_low": 0.1}
RATES = {"base_rate": 0.03, "hidden_rate": (1.0, 1.0), "inter_rate": 5.0, "decay": 0.97}
TRAINING = {"learner": "microcircuit", "epochs": 20, "batch": 10, **TARGETS, **RATES}
CONFIG = Config(**LAYERS, **SCALES, **MIXING, **TRAINING)
PER_DIGIT = 3  # test images kept of each digit, the first in the test set's order [chosen]


def kept_file() -> Path:
    """Where the circuit lies in the repository."""
    return paths.results() / "mnist" / "explorer.npz"


@one_thread
def trained_circuit(config: Config, seed: int, progress=silent, data=None) -> Result:
    """Train as notebook 04 does, only smaller; ``data`` defaults to MNIST.

    Returns all weights, by the names of ``Circuit.arrays``, and ``images`` (10, PER_DIGIT,
    n_pixels), uint8: test images of each digit. The header says how they were made.
    """
    data = datasets.mnist() if data is None else data
    weights, order = np.random.default_rng(seed).spawn(2)
    circuit, history = train(config, initial_circuit(config, data, weights), data, order, progress)
    shown = [np.flatnonzero(data.test.labels == digit)[:PER_DIGIT] for digit in range(10)]
    images = np.round(255 * data.test.images[np.array(shown)]).astype(np.uint8)
    about = {
        "data": data.name,
        "seed": seed,
        "config": config,
        "conductances": asdict(circuit.conductances),
        "test_error": history["test_error"][-1],
        "validation_error": history["validation_error"][-1],
        **provenance(),
    }
    return Result(about, {"images": images, **circuit.arrays()})


@cache
def read_kept(path: Path) -> tuple[Circuit, Result]:
    """The circuit in a file, with all that the file holds; ``ResultError`` if it is damaged."""
    remedy = "restore it from git, or run python -m dcm.experiments.mnist.kept_circuit"
    try:
        kept = read(path)
        conductances = Conductances(**kept.about["conductances"])
        return Circuit.from_arrays(Logistic(), conductances, kept.arrays), kept
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{path} is missing; {remedy}") from error
    except (LookupError, TypeError) as error:
        raise ResultError(f"{path} holds no circuit ({error}); {remedy}") from error


if __name__ == "__main__":
    try:
        check(kept_file())
        fresh = trained_circuit(CONFIG, 0, progress_bar)
        write(kept_file(), fresh.about, fresh.arrays)
    except WriteError as error:
        raise SystemExit(str(error)) from error
    print(f"{kept_file()}: test error {fresh.about['test_error']:.2f} %")
