"""The small circuit that the explorer of notebook 04 shows: trained on MNIST once, kept with thirty test images.

``python -m dcm.experiments.mnist_explorer`` makes it anew (seed 0, about a minute).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from dcm import datasets
from dcm.circuit import Circuit
from dcm.experiments import mnist
from dcm.runs import one_thread, progress_bar, provenance, repository, silent

# Sizes [chosen]: small enough to look at cell by cell. Rates [chosen] on the validation split, for few epochs.
CONFIG = mnist.Config(hidden=(64, 64), epochs=20, base_rate=0.03, decay=0.97)
PER_DIGIT = 3  # test images kept of each digit, the first in the test set's order [chosen]


@dataclass(frozen=True)
class Kept:
    """A trained circuit, and for each digit ``PER_DIGIT`` test images (10, PER_DIGIT, 784), uint8.

    ``about`` says how they were made: configuration, seed, test error in percent, versions.
    """

    circuit: Circuit
    images: np.ndarray
    about: dict


def folder() -> Path:
    """Where the explorer's circuit lies in the repository."""
    return repository() / "results" / "mnist" / "explorer"


@one_thread
def make(config: mnist.Config, seed: int, progress=silent, data: datasets.Digits | None = None) -> Kept:
    """Train as notebook 04 does, only smaller; ``data`` defaults to MNIST."""
    data = datasets.mnist() if data is None else data
    weight_rng, order_rng = np.random.default_rng(seed).spawn(2)
    circuit, train = mnist.initial_circuit(config, data, weight_rng), mnist.circuit_epoch(1.0)
    for epoch in progress(range(config.epochs), desc="epochs"):
        circuit = train(config, circuit, data, order_rng.permutation(len(data.train.labels)), epoch)
    first = [np.flatnonzero(data.test.labels == digit)[:PER_DIGIT] for digit in range(10)]
    images = np.round(255 * data.test.images[np.array(first)]).astype(np.uint8)
    test, validation = mnist.errors(circuit, data)
    about = {"data": data.name, "seed": seed, "config": asdict(config), "test_error": test,
             "validation_error": validation, **provenance()}  # fmt: skip
    return Kept(circuit, images, about)


def save(kept: Kept, where: Path) -> None:
    """Write circuit.npz, images.npz and about.json into the folder ``where``."""
    where.mkdir(parents=True, exist_ok=True)
    kept.circuit.save(where / "circuit.npz")
    np.savez_compressed(where / "images.npz", images=kept.images)
    (where / "about.json").write_text(json.dumps(kept.about, indent=1) + "\n")


def load(where: Path) -> Kept:
    """Read what ``save`` wrote; ``FileNotFoundError`` says how to make it anew."""
    try:
        about = json.loads((where / "about.json").read_text())
        with np.load(where / "images.npz", allow_pickle=False) as file:
            return Kept(Circuit.load(where / "circuit.npz"), file["images"], about)
    except FileNotFoundError as error:
        remedy = "restore it from git, or run python -m dcm.experiments.mnist_explorer"
        raise FileNotFoundError(f"{error.filename} is missing; {remedy}") from error


if __name__ == "__main__":
    made = make(CONFIG, 0, progress_bar)
    save(made, folder())
    print(f"{folder()}: test error {made.about['test_error']:.2f} %")
