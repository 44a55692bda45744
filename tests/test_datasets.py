"""MNIST is found, checked and split; what is wrong with a file is said; the stand-in says that it is one."""

import gzip
from dataclasses import replace

import numpy as np
import pytest

from dcm.experiments.mnist import data as datasets
from dcm.experiments.mnist import experiment


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """No folder, an empty cache, and mirrors that do not answer."""
    import pooch

    monkeypatch.delenv("DCM_DATA", raising=False)
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache")
    monkeypatch.setattr(
        pooch, "retrieve", lambda *a, **k: (_ for _ in ()).throw(OSError("no network"))
    )


@pytest.mark.mnist
def test_mnist_is_the_real_one():
    data = datasets.mnist(download=False)
    assert [len(s.labels) for s in (data.train, data.validation, data.test)] == [
        55_000,
        5_000,
        10_000,
    ]
    assert data.train.images.shape == (55_000, 784)
    assert data.train.images.dtype == np.float32
    assert (data.train.images.min(), data.train.images.max()) == (0.0, 1.0)
    np.testing.assert_array_equal(
        np.bincount(data.test.labels), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    )
    np.testing.assert_array_equal(data.train.labels[:5], [5, 0, 4, 1, 9])


@pytest.mark.mnist
def test_two_epochs_on_real_images_learn_and_repeat_bit_for_bit():
    data = datasets.mnist(download=False)
    few = datasets.Split(data.train.images[:5000], data.train.labels[:5000])
    config = replace(experiment.Config.quick(), epochs=2)
    first, second = (
        experiment.run(config, np.random.default_rng(1), data=replace(data, train=few)).test_error
        for _ in range(2)
    )
    assert first["microcircuit"][-1] < 40
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


@pytest.mark.parametrize(
    "content",
    [b"", b"\x1f\x8b truncated", gzip.compress(b"something else")],
    ids=("empty", "truncated", "other"),
)
def test_wrong_files_are_refused_by_name(content, monkeypatch, tmp_path):
    monkeypatch.setenv("DCM_DATA", str(tmp_path))
    for name in datasets.FILES:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(
        ValueError,
        match=r"train-images-idx3-ubyte\.gz is truncated, corrupted or not the canonical",
    ):
        datasets.mnist()


def test_no_source_says_how_to_get_the_files(offline):
    with pytest.raises(datasets.DataUnavailable, match=r"Put the four files .* DCM_DATA"):
        datasets.mnist()


def test_small_digits_are_named_as_such_and_learned():
    data = datasets.small_digits()
    assert "not MNIST" in data.name
    config = replace(experiment.Config.quick(), epochs=20)
    result = experiment.run(config, np.random.default_rng(0), data=data)
    assert result.test_error["microcircuit"][-1] < result.test_error["microcircuit"][0] - 20
    assert result.data_name == data.name


def test_notebook_4_falls_back_at_quick_profile_and_stops_at_paper(tmp_path, monkeypatch):
    """The two cells that choose the data, run as they stand in the notebook."""
    import json
    from pathlib import Path

    def nothing():
        raise datasets.DataUnavailable(
            "MNIST is nowhere. Put the four files in a folder and set DCM_DATA."
        )

    monkeypatch.setattr(datasets, "mnist", nothing)
    path = Path(__file__).parents[1] / "notebooks" / "04_mnist.ipynb"
    cells = [
        "".join(c["source"])
        for c in json.loads(path.read_text())["cells"]
        if c["cell_type"] == "code"
    ]
    source = next(cell for cell in cells if "datasets.mnist()" in cell)
    scope = {
        "datasets": datasets,
        "replace": replace,
        "config": experiment.Config.quick(),
        "experiment": experiment,
        "profile": "quick",
    }
    exec(source, scope)
    assert scope["data"].name == datasets.small_digits().name
