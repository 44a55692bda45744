"""The small circuit that the explorer of notebook 04 shows: trained on MNIST once, kept with thirty test images.

``python -m dcm.experiments.mnist_explorer`` makes it anew (seed 0, less than a minute) and tells its test error.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from dcm.experiments.mnist import data as datasets
from dcm.experiments.mnist import experiment as mnist
from dcm.experiments.mnist.learners import initial_circuit
from dcm.lab.paths import repository
from dcm.lab.progress import one_thread, progress_bar, silent
from dcm.lab.provenance import provenance
from dcm.lab.store import read, write
from dcm.model.circuit import WEIGHTS, Circuit
from dcm.model.conductances import Conductances
from dcm.model.transfer import Logistic

# Sizes [chosen]: small enough to look at cell by cell. Scales and gains as notebook 04's, written out so that the kept
# circuit can be made again whatever happens there; rates [chosen] on the validation split, for few epochs.
SCALES = {
    "scale_up": 2.0,
    "scale_output": 2.0,
    "gain_hidden": 1.0,
    "gain_output": 30.0,
    "hidden_threshold": 0.0,
}
MIXING = {"mixing_hidden": 0.1, "mixing_output": 0.2, "mixing_interneuron": 0.1}
RATES = {"base_rate": 0.03, "hidden_rate": (1.0, 1.0), "inter_rate": 5.0, "decay": 0.97}
CONFIG = mnist.Config(hidden=(64, 64), epochs=20, **SCALES, **MIXING, **RATES)
PER_DIGIT = 3  # test images kept of each digit, the first in the test set's order [chosen]


@dataclass(frozen=True)
class Kept:
    """A trained circuit, and for each digit ``PER_DIGIT`` test images (10, PER_DIGIT, n_pixels), uint8.

    ``about`` says how they were made: configuration, seed, errors in percent, versions.
    """

    circuit: Circuit
    images: np.ndarray
    about: dict


def file() -> Path:
    """Where the explorer's circuit lies in the repository."""
    return repository() / "results" / "mnist" / "explorer.npz"


@one_thread
def make(
    config: mnist.Config, seed: int, progress=silent, data: datasets.Digits | None = None
) -> Kept:
    """Train as notebook 04 does, only smaller; ``data`` defaults to MNIST."""
    data = datasets.mnist() if data is None else data
    weights, order = np.random.default_rng(seed).spawn(2)
    circuit, rows = mnist.train(
        config, initial_circuit(config, data, weights), data, order, progress
    )
    first = [np.flatnonzero(data.test.labels == digit)[:PER_DIGIT] for digit in range(10)]
    images = np.round(255 * data.test.images[np.array(first)]).astype(np.uint8)
    error = {"test_error": rows[-1, 0], "validation_error": rows[-1, 1]}
    return Kept(
        circuit,
        images,
        {"data": data.name, "seed": seed, "config": config, **error, **provenance()},
    )


def save(kept: Kept, path: Path) -> None:
    """Write circuit, images and how they were made into one file."""
    about = {**kept.about, "conductances": asdict(kept.circuit.conductances)}
    write(path, about, {"images": kept.images, **kept.circuit.arrays()})


def load(path: Path) -> Kept:
    """Read what ``save`` wrote; ``FileNotFoundError`` says how to make it anew, ``ResultError`` if it is damaged."""
    try:
        saved = read(path)
    except FileNotFoundError as error:
        remedy = "restore it from git, or run python -m dcm.experiments.mnist_explorer"
        raise FileNotFoundError(f"{path} is missing; {remedy}") from error
    layers = {
        name: [key for key in sorted(saved.arrays) if key.startswith(name)] for name in WEIGHTS
    }
    weights = {name: tuple(saved[key] for key in keys) for name, keys in layers.items()}
    circuit = Circuit(Logistic(), Conductances(**saved.about["conductances"]), **weights)
    return Kept(circuit, saved["images"], saved.about)


if __name__ == "__main__":
    made = make(CONFIG, 0, progress_bar)
    save(made, file())
    print(f"{file()}: test error {made.about['test_error']:.2f} %")
