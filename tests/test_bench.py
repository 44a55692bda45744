"""``dcm bench`` and the growth curves, at sizes at which their numbers mean nothing: rows, ratios, fits, messages."""

import dataclasses
import importlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dcm.commands import bench
from dcm.commands.bench import loops, machine, report

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def result():
    return bench.run(np.random.default_rng(0), repeats=3, counts=loops.Counts.tiny())


@pytest.fixture
def growth(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return importlib.import_module("growth")


def within(values):
    assert 0 < values["min"] <= values["median"] <= values["max"] < np.inf


def test_every_loop_has_a_kernel_beside_its_twin(result):
    rows = {(row["loop"], row["by"]): row for row in result["loops"]}
    for loop in ("steady state", "continuous time", "MNIST two-pass", "MNIST backprop"):
        kernel, twin = rows[loop, "kernel"], rows[loop, "plain NumPy"]
        assert kernel["kernel_is_faster"] == {"median": 1, "min": 1, "max": 1}
        for values in (kernel, twin, twin["kernel_is_faster"]):
            within(values)
        assert (
            kernel["min"] / twin["max"]
            <= twin["kernel_is_faster"]["median"]
            <= kernel["max"] / twin["min"]
        )
    for row in result["machine"]:
        within(row)
    assert {row["unit"] for row in result["machine"]} == {"GFlop/s", "ns"}


def test_an_epoch_is_55000_images_and_its_matrix_work_is_known(result):
    rows = [row for row in result["loops"] if row["loop"].startswith("MNIST")]
    square = next(row for row in result["machine"] if row["name"] == machine.SQUARE)
    gflop = {
        "MNIST two-pass": 226.5,
        "MNIST backprop": 170.3,
    }  # by hand, for 55 000 images of 784-500-500-10
    for row in rows:
        assert row["seconds_an_epoch"]["max"] * row["min"] == pytest.approx(55_000)
        work = gflop[row["loop"]] / 55_000
        share = row["dense_work_over_square_product"]
        assert (
            0.99 * work * row["min"] / square["max"]
            <= share["median"]
            <= 1.01 * work * row["max"] / square["min"]
        )


def test_deviations_are_of_every_kernel_and_small(result):
    deviations = {(row["loop"], row["precision"]): row for row in result["deviations"]}
    for (_, precision), row in deviations.items():
        assert row["n"] == loops.Counts.tiny().compared
        assert row["largest"] < (1e-9 if precision == "float64" else 1e-3)
    assert {loop for loop, precision in deviations if precision == "float64"} == {
        row["loop"] for row in result["loops"]
    }


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


@pytest.mark.parametrize(
    ("number", "by"), [(0, loops.TORCH), (1, loops.TORCH), (1, loops.AUTOGRAD)]
)
def test_pytorch_learns_what_the_plain_twin_learns(number, by, rng):
    pytest.importorskip("torch")
    loop = loops.mnist_loops(loops.digits(50, rng), loops.Counts.tiny(), rng)[number]
    runners = {loops.KERNEL: loop.runners[by], loops.PLAIN: loop.runners[loops.PLAIN]}
    assert loops.deviation(dataclasses.replace(loop, runners=runners), 50, np.float32) < 1e-3


def test_the_table_names_every_row_and_the_command_prints_json(result, tmp_path):
    text = report.table(result)
    assert max(map(len, text.splitlines())) <= 120
    for row in result["loops"]:
        assert row["loop"] in text
        assert row["by"] in text
    command = [
        sys.executable,
        "-m",
        "dcm",
        "bench",
        "--tiny",
        "--repeats",
        "1",
        "--json",
        "--figure",
    ]
    answer = subprocess.run(
        [*command, tmp_path / "bench.svg"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert json.loads(answer.stdout).keys() == result.keys()
    assert (tmp_path / "bench.svg").read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("path", "message"), [("nowhere/x.svg", "no folder nowhere"), ("x.jpeg", "ends in .svg")]
)
def test_a_figure_that_cannot_be_written_is_refused_at_once(path, message):
    command = [sys.executable, "-m", "dcm", "bench", "--figure", path]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 2
    assert message in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_fits_recover_a_known_exponent(growth):
    x = np.array([1e2, 1e3, 1e4, 1e5, 1e6, 1e7])
    assert growth.exponent(x, 3e-9 * x**1.25) == pytest.approx(1.25)
    assert growth.exponent(x, 1e-6 + 1e-12 * x) < 0.9, "fixed costs flatten the curve"
    rows = [
        {"axis": "width", "loop": "steady state", "value": n, "weights": 5 * n**2, "sweeps": n, "bytes": 60 * n**2,
         "seconds": 1e-9 * n**3} for n in (10, 20, 40, 80)
    ]  # fmt: skip
    (fit,) = growth.fits(rows)
    assert fit["time"] == pytest.approx(1.5)
    assert fit["time_a_sweep"] == pytest.approx(1)
    assert fit["memory"] == pytest.approx(1)


@pytest.mark.parametrize("loop", ["steady state", "continuous time", "two-pass"])
def test_memory_is_linear_in_the_number_of_weights(loop, growth, rng):
    widths, make = np.array([40, 80, 160, 320]), growth.LOOPS[loop][0]
    peaks = [growth.peak(make(growth.small_random((n, n, n), rng), rng, 10)) for n in widths]
    assert 0.8 < growth.exponent(5.0 * widths**2, peaks) < 1.05
    assert peaks[-1] < 8 * 6 * (5 * 320**2), (
        "copies, low-passed terms and results: below six numbers a weight"
    )


def test_points_cover_width_depth_and_batch(growth):
    values = {"width": set(), "depth": set(), "batch": set()}
    for axis, value, *_ in growth.points():
        values[axis].add(value)
    assert [(min(v), max(v)) for v in values.values()] == [(10, 2000), (1, 6), (1, 1000)]
    assert {loop for axis, _, loop, *_ in growth.points() if axis == "width"} == set(growth.LOOPS)


def test_sweeps_are_counted(growth, rng, monkeypatch):
    from dcm import equilibrium

    circuit = growth.small_random((12, 11, 10, 9), rng)
    inputs, targets = growth.patterns(circuit, 1, rng)
    counted, module = [], sys.modules[equilibrium.__module__]
    once = module._sweep
    monkeypatch.setattr(module, "_sweep", lambda *args: counted.append(1) or once(*args))
    assert growth.sweeps(circuit, inputs, targets) == len(counted) > 1
