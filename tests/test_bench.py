"""``dcm bench`` at sizes at which its numbers mean nothing: rows, ratios, deviations, messages."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dcm.commands import bench
from dcm.commands.bench import loops

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def result():
    return bench.run(np.random.default_rng(0), repeats=3, counts=loops.TINY)


def within(values):
    assert 0 < values["min"] <= values["median"] <= values["max"] < np.inf


@pytest.mark.slow
def test_every_loop_has_a_kernel_beside_its_twin(result):
    rows = {(row["loop"], row["by"]): row for row in result["loops"]}
    for loop in ("steady state", "continuous time", "MNIST two-pass", "MNIST backprop"):
        kernel = rows[loop, "kernel"]
        twin = rows[loop, "plain NumPy"]
        ratio = twin["kernel_is_faster"]
        assert kernel["kernel_is_faster"] == {"median": 1, "min": 1, "max": 1}
        for values in (kernel, twin, ratio):
            within(values)
        assert kernel["min"] / twin["max"] <= ratio["median"] <= kernel["max"] / twin["min"]


@pytest.mark.slow
def test_an_epoch_is_55000_images(result):
    rows = [row for row in result["loops"] if row["loop"].startswith("MNIST")]
    assert len(rows) >= 4
    for row in rows:
        assert row["seconds_per_epoch"]["max"] * row["min"] == pytest.approx(55_000)


@pytest.mark.slow
def test_deviations_are_of_every_kernel_and_small(result):
    deviations = {(row["loop"], row["precision"]): row for row in result["deviations"]}
    for (_, precision), row in deviations.items():
        assert row["n"] == loops.TINY.compared
        assert row["largest"] < (1e-9 if precision == "float64" else 1e-3)
    compared = {loop for loop, precision in deviations if precision == "float64"}
    assert compared == {row["loop"] for row in result["loops"]}


def test_a_deviation_is_measured_against_what_was_learned():
    def ends(*arrays):
        return lambda n, dtype: [np.array(a, float) for a in arrays], 1

    start = [np.zeros(2), np.ones(2)]
    runners = {"kernel": ends([2, 1.5], [1, 1]), "plain NumPy": ends([2, 1], [1, 1])}
    assert loops.deviation(loops.Loop("", "", runners, start), 1, float) == 0.25
    runners["kernel"] = ends([2, 1], [1, 1 + 1e-15])  # moves what should rest
    assert loops.deviation(loops.Loop("", "", runners, start), 1, float) > 1e280


def test_noise_stands_in_for_mnist(monkeypatch, rng):
    def missing(download):
        raise loops.DataUnavailable

    monkeypatch.setattr(loops, "mnist", missing)
    data = loops.digits(200, rng)
    assert data.name.startswith("noise")
    assert data.train.images.dtype == np.float32
    assert np.mean(data.train.images > 0) == pytest.approx(0.19, abs=0.01)


@pytest.mark.parametrize("number", [0, 1])
def test_pytorch_learns_what_the_plain_twin_learns(number, rng):
    pytest.importorskip("torch")
    loop = loops.mnist_loops(loops.digits(50, rng), loops.TINY, rng)[number]
    runners = {
        loops.KERNEL: loop.runners[loops.TORCH],
        loops.PLAIN: loop.runners[loops.PLAIN],
    }
    beside_torch = dataclasses.replace(loop, runners=runners)
    assert loops.deviation(beside_torch, 50, np.float32) < 1e-3


@pytest.mark.slow
def test_the_table_names_every_row_and_the_command_prints_json(result):
    text = bench.table(result)
    assert max(map(len, text.splitlines())) <= 120
    for row in result["loops"]:
        assert row["loop"] in text
        assert row["by"] in text
    command = [sys.executable, "-m", "dcm", "bench", "--tiny", "--repeats", "1", "--json"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(answer.stdout).keys() == result.keys()
