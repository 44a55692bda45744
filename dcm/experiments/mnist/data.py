"""Handwritten digits: the real MNIST, and small digits as a stand-in."""

from dataclasses import dataclass

import numpy as np

from dcm.experiments.mnist.sources import (
    TEST_IMAGES,
    TEST_LABELS,
    TRAIN_IMAGES,
    TRAIN_LABELS,
    DataError,
    DataUnavailable,
    find,
)

__all__ = ["DataError", "DataUnavailable", "Digits", "Split", "mnist", "small_digits"]


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

    Looks in ``$DCM_DATA``, or else in the user's cache and, with ``download``, at public mirrors.
    ``DataError`` says why ``$DCM_DATA`` must not be used; ``DataUnavailable`` what was tried
    elsewhere, why it failed, and how to provide the files.
    """
    content = find(download).content
    arrays = {name: _without_header(held) for name, held in content.items()}
    pixels = np.concatenate([arrays[TRAIN_IMAGES], arrays[TEST_IMAGES]]).reshape(-1, 784)
    labels = np.concatenate([arrays[TRAIN_LABELS], arrays[TEST_LABELS]])
    return _in_splits("MNIST", 28, pixels / np.float32(255), labels, 55_000, 60_000)


def small_digits() -> Digits:
    """scikit-learn's 1797 bundled digits of 8 x 8 pixels: 1200 / 200 / 397. Not MNIST."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    images = (images / 16).astype(np.float32)
    return _in_splits("small digits (not MNIST)", 8, images, labels.astype(np.uint8), 1200, 1400)


def _without_header(held: bytes) -> np.ndarray:
    """The bytes of an unzipped file after its header: four, and four for each dimension."""
    return np.frombuffer(held, np.uint8)[4 + 4 * held[3] :]


def _in_splits(name, side, images, labels, *borders) -> Digits:
    """``borders`` are the first images of the validation and test splits."""
    return Digits(name, side, *map(Split, np.split(images, borders), np.split(labels, borders)))
