"""The commands as a user types them, good and bad, in small clones of the repository."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import numpy as np
import psutil
import pytest
from click.testing import CliRunner
from nbformat.v4 import new_code_cell, new_notebook

from dcm.commands import claims, notebooks
from dcm.commands.cli import main
from dcm.lab.store import ResultError, read

ROOT = Path(__file__).resolve().parents[1]
DRAWING = """\
import matplotlib.pyplot as plt
from dcm.lab.drawing import save_figure, use_style
use_style()
plt.plot([0, seed])
save_figure(plt.gcf(), "the_circuit", profile)"""
PRINTING = "import os, sys; print('noise', file=sys.stderr); os.system('echo noise')"
ENDLESS = """\
import os, time
from pathlib import Path
Path("../pid").write_text(str(os.getpid()), "utf-8")
time.sleep(120)"""


def dcm(*arguments, cwd=ROOT):
    command = [sys.executable, "-m", "dcm", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)


def write_notebook(clone, name, *sources):
    """A notebook with a cell of parameters and then ``sources``."""
    parameters = new_code_cell('profile = "quick"\nseed = 0', metadata={"tags": ["parameters"]})
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [parameters, *map(new_code_cell, sources)]
    notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, clone / "notebooks" / f"{name}.ipynb")


@pytest.fixture
def clone(tmp_path):
    """A clone with one small notebook, which draws."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "dcm").symlink_to(ROOT / "dcm")
    write_notebook(tmp_path, "00_the_circuit", DRAWING, PRINTING)
    return tmp_path


def copy_into(clone, *names):
    """The real results and some of the real notebooks."""
    shutil.copytree(ROOT / "results", clone / "results")
    for name in names:
        shutil.copy(ROOT / "notebooks" / f"{name}.ipynb", clone / "notebooks")


def summary(clone):
    text = (clone / "figures" / "quick" / "summary.json").read_text("utf-8")
    return json.loads(text)["notebooks"]


def test_help_teaches():
    assert "figures" in dcm("--help").stdout
    text = dcm("figures", "--help").stdout
    for word in ("teacher_regression", "--profile", "figures/quick/", "--seed"):
        assert word in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fig9"], "no notebook is called 'fig9'; choose from the_circuit"),
        (["7"], "no notebook is called '7'; choose from the_circuit"),
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
        (
            ["mnist", "--profile", "paper", "--seeds", str(10**20)],
            f"seeds is {10**20}; give 1 to 1000",
        ),
        (["mnist", "-p", "seed=-1"], "parameter seed is -1; give 0 to 4294967295"),
        (["mnist", "-p", f"seed={2**200}"], f"parameter seed is {2**200}; give 0 to"),
        (["mnist", "-p", f"seed={'[' * 5000}"], "give type int"),
    ],
)
def test_bad_input_fails_in_one_readable_line(arguments, message):
    answer = dcm("figures", *arguments)
    assert answer.returncode == 2
    assert message in answer.stderr
    assert answer.stderr.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["figures", "-h"]])
def test_what_cannot_be_printed_is_said_in_one_line(arguments):
    command = [sys.executable, "-m", "dcm", *arguments]
    with open("/dev/full", "wb") as full:
        answer = subprocess.run(
            command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, timeout=300
        )
    words = "Error: the output: No space left on device; free some disk space, then run the same"
    assert (answer.returncode, answer.stderr) == (1, f"{words} again\n")


@pytest.mark.parametrize("module", ["ipykernel", "papermill", "sklearn", "tqdm"])
def test_a_package_that_is_missing_is_named_with_the_remedy(module):
    block = f"import sys; sys.modules[{module!r}] = None"
    code = f"{block}; from dcm.commands.cli import main; main(['figures', '0'])"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 2
    assert f"lacks {module}; use .venv/bin/dcm" in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_a_python_without_any_package_says_what_it_lacks():
    command = [sys.executable, "-S", "-E", "-m", "dcm", "figures"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 1
    assert "lacks numpy, scipy, click; use .venv/bin/dcm" in answer.stderr
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--jobs", "0"],
        ["--jobs", str(10**20)],
        ["--seed", "-1"],
        ["--seed", str(2**200)],
        ["--seed", "9" * 5000],
        ["--sed", "1"],
        ["--seeds", "0"],
    ],
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


def test_outside_a_clone_the_one_that_the_package_lies_in_is_used(tmp_path):
    answer = dcm("figures", "fig9", cwd=tmp_path)
    assert "no notebook is called" in answer.stderr


def test_a_notebook_is_chosen_by_name_or_number_in_reading_order():
    assert list(notebooks.select(["mnist", "03", "0"])) == [
        "the_circuit",
        "teacher_regression",
        "mnist",
    ]
    assert list(notebooks.select([])) == list(notebooks.available())
    assert list(notebooks.select(["6", "why_replications_fail"])) == ["why_replications_fail"]


@pytest.mark.parametrize("name", notebooks.available())
def test_every_notebook_has_the_two_parameters_and_an_expected_time(name):
    parameters = notebooks.own_parameters(notebooks.available()[name])
    assert parameters == {"profile": "quick", "seed": 0}
    assert notebooks.EXPECTED[name] > 0


@pytest.mark.parametrize(
    ("problem", "status", "line"),
    [(KeyboardInterrupt(), 130, "interrupted"), (ResultError("r.npz is bad"), 2, "r.npz is bad")],
    ids=["Ctrl-C", "bad result"],
)
def test_a_command_that_is_interrupted_or_refused_ends_in_one_line(
    monkeypatch, problem, status, line
):
    def fails():
        raise problem

    monkeypatch.setattr(claims, "table", fails)
    answer = CliRunner().invoke(main, ["claims"])
    assert answer.exit_code == status
    assert line in answer.output
    assert answer.output.count("\n") == 1


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser can write anywhere"
)
def test_an_unwritable_folder_is_named(clone):
    (clone / "figures").mkdir(mode=0o500)
    answer = dcm("figures", "the_circuit", cwd=clone)
    assert answer.returncode == 2
    assert "figures" in answer.stderr


def test_a_file_in_the_way_of_the_output_folder_is_named(clone):
    (clone / "figures").write_text("not a folder", "utf-8")
    answer = dcm("figures", "the_circuit", cwd=clone)
    assert answer.returncode == 2
    assert "figures" in answer.stderr
    assert answer.stderr.count("\n") == 1


# Notebooks that run


@pytest.mark.slow
def test_figures_are_drawn_and_summed_up(clone):
    answer = dcm("figures", "--seed", "3", cwd=clone)
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == "", "nothing that kernels print reaches the terminal"
    assert "figures/quick/the_circuit.svg" in answer.stdout
    assert "1 of 1 notebooks, 2 figure files" in answer.stdout
    entry = summary(clone)["the_circuit"]
    assert entry["status"] == "ok"
    assert entry["parameters"] == {"profile": "quick", "seed": 3}
    assert {"python", "packages", "commit", "seconds"} <= set(entry)
    executed = nbformat.read(clone / "build" / "notebooks" / "quick" / "00_the_circuit.ipynb", 4)
    assert any("seed = 3" in cell.source for cell in executed.cells)
    figure = clone / "figures" / "quick" / "the_circuit.svg"
    before = figure.read_bytes()
    assert dcm("figures", "0", "--seed", "3", cwd=clone).returncode == 0
    assert figure.read_bytes() == before, "same seed, same bytes"
    assert dcm("figures", "0", cwd=clone).returncode == 0
    assert figure.read_bytes() != before, "another seed, another figure"


@pytest.mark.slow
def test_real_notebooks_run_from_a_clone(clone):
    copy_into(clone, "00_the_circuit", "05_backprop_approximation")
    answer = dcm("figures", cwd=clone)
    assert answer.returncode == 0, answer.stdout
    assert "2 of 2 notebooks" in answer.stdout
    assert "figures/quick/backprop_approximation.svg" in answer.stdout


@pytest.mark.slow
def test_each_failure_is_named_in_a_line_and_the_others_go_on(clone):
    write_notebook(clone, "01_wrong", "1 + 1", "raise RuntimeError('two\\nlines')")
    write_notebook(clone, "02_dead_kernel", "import os, signal", "os.kill(os.getpid(), 9)")
    write_notebook(clone, "03_dead_worker", "import os, time; os.kill(os.getppid(), 9)")
    answer = dcm("figures", "--seed", "3", cwd=clone)
    assert answer.returncode == 1
    assert answer.stderr == ""
    lines = answer.stdout.splitlines()
    said = {}
    for number, name in enumerate(notebooks_of(clone)):
        (line,) = [line for line in lines if name in line and "figures/" not in line]
        said[number] = line
    assert said[0].startswith("done")
    assert said[1].startswith("FAILED")
    assert said[1].endswith("cell 3: RuntimeError: two lines")
    assert "cell 3: its kernel died, perhaps for want of memory; run the same" in said[2]
    assert "its process was killed" in said[3]
    assert "1 of 4 notebooks" in lines[-1]
    assert summary(clone)["wrong"]["status"] == "cell 3: RuntimeError: two lines"
    assert summary(clone)["the_circuit"]["status"] == "ok"


def notebooks_of(clone):
    return sorted(path.stem for path in (clone / "notebooks").iterdir())


def is_running(pid) -> bool:
    """Whether it lives; one that has ended may not have been waited for by its new parent."""
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals differ on Windows")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_an_interruption_keeps_what_was_finished_and_ends_every_kernel(clone, number):
    write_notebook(clone, "01_endless", ENDLESS)
    # A shell may have started these tests with SIGINT ignored.
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from dcm.commands.cli import main; main(['figures'], prog_name='dcm')"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=clone,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    line = process.stdout.readline()
    assert "00_the_circuit" in line
    while not (clone / "pid").exists():
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert errors == "interrupted; notebooks finished before: 00_the_circuit\n"
    assert list(summary(clone)) == ["the_circuit"]
    assert not is_running(int((clone / "pid").read_text("utf-8")))


@pytest.mark.slow
def test_cells_weigh_what_they_took_the_last_time(clone):
    write_notebook(clone, "01_short", "1 + 1", "import time; time.sleep(1.5)")
    assert dcm("figures", "1", cwd=clone).returncode == 0
    seconds = notebooks.cell_seconds(clone / "build" / "notebooks" / "quick" / "01_short.ipynb")
    assert seconds["import time; time.sleep(1.5)"] >= 1.5
    assert seconds["1 + 1"] < 1.5
    assert notebooks.cell_seconds(clone / "none.ipynb") == {}


@pytest.mark.slow
def test_paper_profile_computes_just_what_is_missing(clone):
    copy_into(clone, "02_error_in_the_dendrite")
    folder = clone / "results" / "error_in_the_dendrite"
    gone = folder / "association-seed1.npz"
    kept = folder / "association-seed0.npz"
    committed = read(gone)
    stamp = kept.stat().st_mtime_ns
    gone.unlink()
    options = ("--profile", "paper", "--seeds", "2", "--seed", "0")
    answer = dcm("figures", "error_in_the_dendrite", *options, cwd=clone)
    assert answer.returncode == 0, answer.stderr
    assert "note: --seed 0 is of the notebooks' own runs" in answer.stderr
    assert "1 of 2 results are there, 1 to compute" in answer.stdout
    assert "figures/error_in_the_dendrite_paper_scale.svg" in answer.stdout
    assert kept.stat().st_mtime_ns == stamp
    again = read(gone)
    for name, array in committed.arrays.items():
        np.testing.assert_allclose(again[name], array, rtol=1e-6, atol=1e-9, err_msg=name)
    assert not list((clone / "build" / "checkpoints").rglob("*.npz"))
