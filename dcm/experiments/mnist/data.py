"""Handwritten digits: the real MNIST, found or downloaded and checked; scikit-learn's small digits as a stand-in."""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

# SHA-256 of the four canonical files.
FILES = {
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
REMEDY = (
    "Put the four files train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz and "
    "t10k-labels-idx1-ubyte.gz into a folder and set the environment variable DCM_DATA to it."
)


class DataUnavailable(RuntimeError):
    """MNIST is neither on this machine nor to be had from a mirror."""


@dataclass(frozen=True)
class Split:
    """Images (n, n_pixels), float32 in [0, 1], and their class labels (n,)."""

    images: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Digits:
    """``train``, ``validation`` and ``test`` splits; ``name`` says which data they are."""

    name: str
    side: int
    train: Split
    validation: Split
    test: Split


def mnist(*, download: bool = True) -> Digits:
    """MNIST split into 55 000 / 5 000 / 10 000 images [paper].

    Looks in ``$DCM_DATA``, then in the user's cache, then at public mirrors (when ``download`` is true). Each file's
    SHA-256 is checked.

    Raises
    ------
    ValueError
        If a file in ``$DCM_DATA`` is truncated, corrupted or not the canonical one: the message names it.
    DataUnavailable
        If no source has the files; the message says how to provide them.
    """
    path = {name: _find(name, download) for name in FILES}
    train, train_labels = (
        _idx(path["train-images-idx3-ubyte.gz"], 16),
        _idx(path["train-labels-idx1-ubyte.gz"], 8),
    )
    test, test_labels = (
        _idx(path["t10k-images-idx3-ubyte.gz"], 16),
        _idx(path["t10k-labels-idx1-ubyte.gz"], 8),
    )
    images = (train.reshape(-1, 784) / np.float32(255)).astype(np.float32)
    test = (test.reshape(-1, 784) / np.float32(255)).astype(np.float32)
    first, last = slice(0, 55_000), slice(55_000, None)
    return Digits("MNIST", 28, Split(images[first], train_labels[first]), Split(images[last], train_labels[last]),
                  Split(test, test_labels))  # fmt: skip


def small_digits() -> Digits:
    """scikit-learn's 1797 bundled digits of 8 x 8 pixels: 1200 / 200 / 397. Not MNIST; for trying things out."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    images = (images / 16).astype(np.float32)
    cuts = (slice(0, 1200), slice(1200, 1400), slice(1400, None))
    return Digits(
        "small digits (not MNIST)", 8, *(Split(images[c], labels[c].astype(np.uint8)) for c in cuts)
    )


def _find(name: str, download: bool) -> Path:
    import pooch

    folder = os.environ.get("DCM_DATA")
    if folder and (path := Path(folder) / name).is_file():
        if pooch.file_hash(path, alg="sha256") != FILES[name]:
            raise ValueError(
                f"{path} is truncated, corrupted or not the canonical MNIST file (its SHA-256 differs); "
                "replace it, or unset DCM_DATA to download"
            )
        return path
    cache = pooch.os_cache("dcm")
    if (cached := cache / name).is_file() and pooch.file_hash(cached, alg="sha256") == FILES[name]:
        return cached
    where = f"{folder} ($DCM_DATA), " if folder else ""
    if download:
        for mirror in MIRRORS:
            try:
                return Path(pooch.retrieve(mirror + name, f"sha256:{FILES[name]}", name, cache))
            except (
                OSError,
                ValueError,
            ):  # no network, no such host, or a file that is not the canonical one
                continue
    raise DataUnavailable(
        f"MNIST file {name} is not in {where}{cache} nor at the public mirrors. {REMEDY}"
    )


def _idx(path: Path, header: int) -> np.ndarray:
    with gzip.open(path) as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)
