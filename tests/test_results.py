"""Results, checkpoints and the processes that compute them: whole or refused, resumed bit for bit."""

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dcm import Circuit
from dcm.commands import plan as paper_scale
from dcm.experiments.mnist import data as datasets
from dcm.experiments.mnist import experiment as mnist
from dcm.experiments.teacher_regression import experiment as teacher_regression
from dcm.experiments.teacher_regression import in_continuous_time as teacher_continuous
from dcm.lab import jobs as scheduler
from dcm.lab import progress as runs
from dcm.lab import store as results
from dcm.lab.checkpoint import Checkpoint, resumable
from dcm.lab.run import Run
from dcm.lab.store import ResultError, read, write

SMALL = replace(teacher_regression.Config(), n_patterns=400, block=100, n_test=20)
ABOUT = {"run": "a/b", "config": {"n": 1}, "seed": 0}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A clone of its own: results and checkpoints of a test do not touch the real ones."""
    monkeypatch.setattr(scheduler, "repository", lambda: tmp_path)
    return tmp_path


def test_a_result_comes_back_as_it_was_written(tmp_path, rng):
    arrays = {
        "curve": rng.normal(size=(3, 2)),
        "classes": np.arange(4, dtype=np.uint8),
        "one": np.float64(2.5),
    }
    write(tmp_path / "x" / "r.npz", {**ABOUT, "config": SMALL}, arrays)
    saved = read(tmp_path / "x" / "r.npz")
    assert saved.about["config"]["transfer"]["gamma"] == 0.1
    for name, a in arrays.items():
        np.testing.assert_array_equal(saved[name], a)
        assert saved[name].dtype == np.asarray(a).dtype
    assert [p.name for p in (tmp_path / "x").iterdir()] == ["r.npz"]


def test_a_truncated_file_is_refused_by_name(tmp_path):
    path = tmp_path / "r.npz"
    write(path, ABOUT, {"curve": np.arange(1000.0)})
    whole = path.read_bytes()
    for cut in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(ResultError, match=r"r\.npz is damaged"):
            read(path)


def test_an_edited_number_or_header_is_refused(tmp_path):
    path = tmp_path / "r.npz"
    write(path, ABOUT, {"error": np.array([2.0])})
    with np.load(path) as file:
        header = file["header"]
    np.savez(path, header=header, error=np.array([1.0]))
    with pytest.raises(ResultError, match=r"r\.npz was changed"):
        read(path)
    np.savez(
        path, header=np.array(str(header).replace('"seed": 0', '"seed": 1')), error=np.array([2.0])
    )
    with pytest.raises(ResultError, match=r"r\.npz was changed"):
        read(path)


def test_another_format_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "r.npz"
    with monkeypatch.context() as patched:
        patched.setattr(results, "FORMAT", results.FORMAT + 1)
        write(path, ABOUT, {"error": np.array([2.0])})
    with pytest.raises(ResultError, match="has format 2, this version reads 1"):
        read(path)


@pytest.mark.parametrize(
    "failure", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full", "kill"]
)
def test_a_write_that_fails_leaves_the_previous_file(tmp_path, monkeypatch, failure):
    path = tmp_path / "r.npz"
    write(path, ABOUT, {"error": np.array([2.0])})

    def fails(file, **arrays):
        file.write(b"half a fi")
        raise failure

    monkeypatch.setattr(np, "savez_compressed", fails)
    with pytest.raises(type(failure)):
        write(path, ABOUT, {"error": np.array([3.0])})
    assert read(path)["error"] == [2.0]
    assert [p.name for p in tmp_path.iterdir()] == ["r.npz"]


def draw(i, state):
    return {"rng": state["rng"], "row": np.append(state["row"], state["rng"].normal())}


def test_interrupted_and_resumed_equals_uninterrupted(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "EVERY", 0.0)

    def start():
        return {"rng": np.random.default_rng(3), "row": np.zeros(0)}

    def silent(steps, **options):
        return steps

    whole = resumable(draw, start(), 7, None, silent, "")["row"]

    def interrupted(
        i, state
    ):  # random numbers are used up before the interruption, as in a real block
        state = draw(i, state)
        if i == 4:
            raise KeyboardInterrupt
        return state

    checkpoint = Checkpoint(tmp_path / "c.npz", ABOUT)
    with pytest.raises(KeyboardInterrupt):
        resumable(interrupted, start(), 7, checkpoint, silent, "")
    assert checkpoint.load()["step"] == 4
    np.testing.assert_array_equal(resumable(draw, start(), 7, checkpoint, silent, "")["row"], whole)


def test_a_checkpoint_of_another_config_is_refused(tmp_path):
    Checkpoint(tmp_path / "c.npz", ABOUT).save({"step": 1}, force=True)
    with pytest.raises(ResultError, match=r"c\.npz is a checkpoint of another config or seed"):
        Checkpoint(tmp_path / "c.npz", {**ABOUT, "config": {"n": 2}}).load()


class Interruption:
    """A progress wrapper that interrupts after some steps of the loop called ``desc``."""

    def __init__(self, after, desc):
        self.after, self.desc = after, desc

    def __call__(self, iterable, desc="", **options):
        for number, item in enumerate(iterable):
            if desc.startswith(self.desc) and number == self.after:
                raise KeyboardInterrupt
            yield item


CASES = {
    "steady": (teacher_regression, SMALL, "full"),
    "shallow": (teacher_regression, replace(SMALL, learner="shallow"), "shallow"),
    "continuous": (
        teacher_continuous,
        teacher_continuous.Config(
            replace(SMALL, block=20), start_at=40, n_patterns=40, chunk=10, n_probe=2
        ),
        "continuous",
    ),
    "digits": (mnist, replace(mnist.Config(), hidden=(12, 11), epochs=4), "microcircuit"),
    "plain net": (
        mnist,
        replace(mnist.Config(), hidden=(12, 11), epochs=4, learner="backprop"),
        "backprop",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_every_long_run_resumes_bit_for_bit(case, tmp_path, monkeypatch):
    module, config, desc = CASES[case]
    monkeypatch.setattr(datasets, "mnist", datasets.small_digits)
    whole = module.compute(config, np.random.default_rng(5))
    checkpoint = Checkpoint(tmp_path / "c.npz", ABOUT)
    with pytest.raises(KeyboardInterrupt):
        module.compute(config, np.random.default_rng(5), Interruption(2, desc), checkpoint)
    assert checkpoint.load()["step"] == 2, "what was done is kept"
    resumed = module.compute(config, np.random.default_rng(5), Interruption(99, desc), checkpoint)
    assert set(resumed) == set(whole)
    for name in whole:
        np.testing.assert_array_equal(resumed[name], whole[name], err_msg=name)


def a_run(seed, config=SMALL):
    return Run("teacher_regression/small", config, seed, teacher_regression.compute)


def test_several_processes_give_what_one_gives(folder, monkeypatch):
    told = []
    monkeypatch.chdir(folder)
    (folder / "notebooks").mkdir()
    (
        folder / "notebooks" / "00_the_circuit.ipynb"
    ).touch()  # the processes find this clone from where they start
    runs = [a_run(0), a_run(1)]
    scheduler.execute(runs, 2, lambda run, error: told.append((run.seed, error)))
    assert sorted(told) == [(0, None), (1, None)]
    for run in runs:
        alone = teacher_regression.compute(SMALL, np.random.default_rng(run.seed))
        saved = scheduler.finished(run)
        for name, a in alone.items():
            np.testing.assert_array_equal(saved[name], a)
        assert saved.about["commit"]
        assert saved.about["packages"]["numpy"] == np.__version__
    assert not list((folder / "build").rglob("*.npz")), "checkpoints of finished runs are removed"


def test_a_failing_run_is_reported_and_the_others_go_on(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "notebooks").mkdir()
    (folder / "notebooks" / "00_the_circuit.ipynb").touch()
    told = {}
    wild = replace(SMALL, eta_up=(50.0, 50.0))
    scheduler.execute(
        [a_run(0, wild), a_run(1)], 1, lambda run, error: told.update({run.seed: error})
    )
    assert "lower the learning rate" in told[0]
    assert told[1] is None


def test_unusable_results_are_computed_again_with_a_notice(folder):
    notices, run = [], a_run(0)
    assert scheduler.finished(run, notices.append) is None
    assert not notices
    write(run.path(), {**run.about, "config": {"n_patterns": 1}}, {})
    assert scheduler.finished(run, notices.append) is None
    assert "another config" in notices[-1]
    run.path().write_bytes(b"PK nothing")
    assert scheduler.finished(run, notices.append) is None
    assert str(run.path()) in notices[-1]
    write(run.path(), run.about, {})
    assert scheduler.finished(run, notices.append) is not None


def test_the_plan_names_every_run_once_and_keeps_to_its_seeds():
    runs = paper_scale.plan(5)
    assert len({(run.name, run.seed) for run in runs}) == len(runs)
    count = {name: sum(run.name == name for run in runs) for name in paper_scale.variants()}
    assert count["teacher_regression/full"] == count["mnist/microcircuit"] == 5
    assert count["teacher_regression/feedback-2"] == 3
    assert {run.seed for run in paper_scale.plan(1)} == {0}
    with pytest.raises(ValueError, match="seeds is 0; give at least 1"):
        paper_scale.plan(0)


def test_weights_survive_the_way_through_flat_arrays(rng):
    circuit = Circuit.random((4, 3, 2), rng)
    other = Circuit.random((4, 3, 2), rng)
    for name, a in other.with_arrays(circuit.arrays()).arrays().items():
        np.testing.assert_array_equal(a, circuit.arrays()[name])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_truly_full_disk_is_an_error(tmp_path):
    os.symlink("/dev/full", tmp_path / f"r.npz.{os.getpid()}.partial")
    with pytest.raises(OSError, match="No space left"):
        write(tmp_path / "r.npz", ABOUT, {"error": np.zeros(100_000)})


@pytest.mark.skipif(not shutil.which("git"), reason="no git on this system")
def test_the_commit_is_dirty_when_the_code_differs_and_not_when_figures_do(tmp_path, monkeypatch):
    for folder in ("dcm", "notebooks", "figures"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "file").write_text("first")
    for arguments in ("init -q", "add .", "-c user.name=a -c user.email=a@b commit -qm first"):
        subprocess.run(["git", *arguments.split()], cwd=tmp_path, check=True)
    monkeypatch.setattr(runs, "__file__", str(tmp_path / "dcm" / "runs.py"))
    clean = runs.provenance()["commit"]
    assert clean
    assert not clean.endswith("-dirty")
    (tmp_path / "figures" / "file").write_text("drawn again")
    assert runs.provenance()["commit"] == clean
    (tmp_path / "notebooks" / "file").write_text("edited")
    assert runs.provenance()["commit"] == f"{clean}-dirty"
