"""Handwritten digits: the real MNIST, found or downloaded, and small digits as a stand-in."""

import gzip
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

TRAIN_IMAGES = "train-images-idx3-ubyte.gz"
TRAIN_LABELS = "train-labels-idx1-ubyte.gz"
TEST_IMAGES = "t10k-images-idx3-ubyte.gz"
TEST_LABELS = "t10k-labels-idx1-ubyte.gz"
FILES = {  # SHA-256 of the four canonical files
    TRAIN_IMAGES: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    TRAIN_LABELS: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    TEST_IMAGES: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    TEST_LABELS: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
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
    """Three splits of images of ``side`` x ``side`` pixels; ``name`` says which data they are."""

    name: str
    side: int
    train: Split
    validation: Split
    test: Split


def mnist(*, download: bool = True) -> Digits:
    """MNIST split into 55 000 / 5 000 / 10 000 images [paper].

    Looks in ``$DCM_DATA``, then in the user's cache, then, with ``download``, at public mirrors.
    ``ValueError`` names a file in ``$DCM_DATA`` of a wrong SHA-256; ``DataUnavailable`` says how to
    provide the files where no source has them.
    """
    content = {name: _content(_find(name, download)) for name in FILES}
    pixels = np.concatenate([content[TRAIN_IMAGES], content[TEST_IMAGES]]).reshape(-1, 784)
    labels = np.concatenate([content[TRAIN_LABELS], content[TEST_LABELS]])
    return _in_splits("MNIST", 28, pixels / np.float32(255), labels, 55_000, 60_000)


def small_digits() -> Digits:
    """scikit-learn's 1797 bundled digits of 8 x 8 pixels: 1200 / 200 / 397. Not MNIST."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    images = (images / 16).astype(np.float32)
    return _in_splits("small digits (not MNIST)", 8, images, labels.astype(np.uint8), 1200, 1400)


def _in_splits(name, side, images, labels, *borders) -> Digits:
    """``borders`` are the first images of the validation and test splits."""
    return Digits(name, side, *map(Split, np.split(images, borders), np.split(labels, borders)))


def _find(name: str, download: bool) -> Path:
    import pooch

    folder = os.environ.get("DCM_DATA")
    if folder and (path := Path(folder) / name).is_file():
        if pooch.file_hash(path) != FILES[name]:
            raise ValueError(
                f"{path} is truncated, corrupted or not the canonical MNIST file "
                "(its SHA-256 differs); replace it, or unset DCM_DATA to download"
            )
        return path
    cache = pooch.os_cache("dcm")
    if (cached := cache / name).is_file() and pooch.file_hash(cached) == FILES[name]:
        return cached
    for mirror in MIRRORS if download else ():
        try:
            return Path(pooch.retrieve(mirror + name, f"sha256:{FILES[name]}", name, cache))
        except (OSError, ValueError):
            continue  # no network, no such host, or a file that is not the canonical one
    where = f"{folder} ($DCM_DATA), " if folder else ""
    raise DataUnavailable(
        f"MNIST file {name} is not in {where}{cache} nor at the public mirrors. Put the four files "
        f"{', '.join(FILES)} into a folder and set the environment variable DCM_DATA to it."
    )


def _content(path: Path) -> np.ndarray:
    """The bytes of a compressed file after its header: four, and four for each dimension."""
    with gzip.open(path) as file:
        content = np.frombuffer(file.read(), np.uint8)
    return content[4 + 4 * int(content[3]) :]
