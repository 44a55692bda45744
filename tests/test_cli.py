"""The commands as a user types them, good and bad, in a copy of the repository's notebooks."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest

from dcm.lab.store import read

ROOT = Path(__file__).resolve().parents[1]


def dcm(*arguments, cwd=ROOT):
    command = [sys.executable, "-m", "dcm", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)


@pytest.fixture
def clone(tmp_path):
    """A small clone: only the quick notebooks, its own figures folder."""
    (tmp_path / "notebooks").mkdir()
    shutil.copytree(ROOT / "results", tmp_path / "results")
    for name in ("00_the_circuit", "05_backprop_approximation"):
        shutil.copy(ROOT / "notebooks" / f"{name}.ipynb", tmp_path / "notebooks")
    return tmp_path


def test_help_teaches():
    assert "figures" in dcm("--help").stdout
    text = dcm("figures", "--help").stdout
    for word in ("teacher_regression", "--profile", "figures/quick/", "--seed"):
        assert word in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fig9"], "no notebook is called 'fig9'; choose from the_circuit"),
        (["teacher_regresion"], "did you mean teacher_regression?"),
        (
            ["mnist", "--profile", "papper"],
            "no profile is called 'papper'; choose from quick, paper",
        ),
        (["mnist", "-p", "sed=3"], "has no parameter 'sed'; choose from profile, seed"),
        (["mnist", "-p", "seed=x"], "parameter seed of 04_mnist.ipynb is 'x'; give type int"),
        (["mnist", "-p", "profile=paper"], "use --profile"),
        (["mnist", "-p", "seed"], "has no value; write --parameter KEY=VALUE"),
        (["mnist", "--force"], "add --profile paper"),
        (["mnist", "--seeds", "3"], "add --profile paper"),
    ],
)
def test_bad_input_fails_in_one_readable_line(arguments, message):
    answer = dcm("figures", *arguments)
    assert answer.returncode == 2
    assert message in answer.stderr
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [["--jobs", "0"], ["--seed", "-1"], ["--sed", "1"], ["--seeds", "0"]]
)
def test_bad_options_are_refused(arguments):
    answer = dcm("figures", *arguments)
    assert answer.returncode == 2
    assert arguments[0] in answer.stderr
    assert "Traceback" not in answer.stderr


def test_more_jobs_than_cores_are_remarked_on_and_run():
    answer = dcm("figures", "fig9", "--jobs", "64")
    assert "no notebook is called" in answer.stderr
    assert ("note: --jobs 64 on" in answer.stderr) == (os.cpu_count() < 64)


def test_outside_a_clone_with_a_missing_folder(tmp_path):
    answer = dcm(
        "figures", "fig9", cwd=tmp_path
    )  # falls back to the clone that the package lies in
    assert "no notebook is called" in answer.stderr


def test_figures_are_drawn_and_summed_up(clone):
    answer = dcm("figures", "--seed", "3", cwd=clone)
    assert answer.returncode == 0, answer.stderr
    assert "figures/quick/backprop_approximation.svg" in answer.stdout
    assert "2 of 2 notebooks" in answer.stdout
    folder = clone / "figures" / "quick"
    entry = json.loads((folder / "summary.json").read_text())["notebooks"]["backprop_approximation"]
    assert entry["status"] == "ok"
    assert entry["parameters"] == {"profile": "quick", "seed": 3}
    assert {"python", "packages", "commit", "seconds"} <= set(entry)
    executed = nbformat.read(
        clone / "build" / "notebooks" / "quick" / "05_backprop_approximation.ipynb", 4
    )
    assert any("seed = 3" in cell.source for cell in executed.cells)
    before = (folder / "backprop_approximation.svg").read_bytes()
    assert dcm("figures", "backprop_approximation", "--seed", "3", cwd=clone).returncode == 0
    assert (folder / "backprop_approximation.svg").read_bytes() == before, "same seed, same bytes"


def test_a_failing_notebook_is_named_with_its_cell(clone):
    path = clone / "notebooks" / "00_the_circuit.ipynb"
    notebook = nbformat.read(path, 4)
    notebook.cells[4].source += "\nraise RuntimeError('deliberate')"
    nbformat.write(notebook, path)
    answer = dcm("figures", "the_circuit", cwd=clone)
    assert answer.returncode == 1
    assert "00_the_circuit" in answer.stdout + answer.stderr
    assert "RuntimeError: deliberate" in answer.stdout + answer.stderr
    assert "cell 5" in answer.stdout + answer.stderr


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser can write anywhere"
)
def test_an_unwritable_folder_is_named(clone):
    (clone / "figures").mkdir(mode=0o500)
    answer = dcm("figures", "the_circuit", cwd=clone)
    assert answer.returncode == 2
    assert "figures" in answer.stderr


def test_a_file_in_the_way_of_the_output_folder_is_named(clone):
    (clone / "figures").write_text("not a folder")
    answer = dcm("figures", "the_circuit", cwd=clone)
    assert answer.returncode == 2
    assert "figures" in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_paper_profile_computes_just_what_is_missing(clone):
    shutil.copy(ROOT / "notebooks" / "02_error_in_the_dendrite.ipynb", clone / "notebooks")
    folder = clone / "results" / "error_in_the_dendrite"
    gone, kept = folder / "association-seed1.npz", folder / "association-seed0.npz"
    committed, stamp = read(gone), kept.stat().st_mtime_ns
    gone.unlink()
    answer = dcm(
        "figures", "error_in_the_dendrite", "--profile", "paper", "--seeds", "2", cwd=clone
    )
    assert answer.returncode == 0, answer.stderr
    assert "1 of 2 results are there, 1 to compute" in answer.stdout
    assert "figures/error_in_the_dendrite_paper_scale.svg" in answer.stdout
    assert kept.stat().st_mtime_ns == stamp
    again = read(gone)
    for name, array in committed.arrays.items():
        np.testing.assert_allclose(again[name], array, rtol=1e-6, atol=1e-9, err_msg=name)
    assert not list((clone / "build" / "checkpoints").rglob("*.npz"))


@pytest.mark.skipif(os.name == "nt", reason="signals differ on Windows")
def test_ctrl_c_keeps_what_was_finished(clone):
    path = clone / "notebooks" / "05_backprop_approximation.ipynb"
    notebook = nbformat.read(path, 4)
    notebook.cells[1].source = "import time\ntime.sleep(120)"
    nbformat.write(notebook, path)
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from dcm.cli import main; main(['figures'], prog_name='dcm')"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=clone, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    line = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert "00_the_circuit" in line
    assert process.returncode == 130
    assert "interrupted; notebooks finished before: the_circuit" in errors
    assert "Traceback" not in errors
    summary = json.loads((clone / "figures" / "quick" / "summary.json").read_text())["notebooks"]
    assert list(summary) == ["the_circuit"]
