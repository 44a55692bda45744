"""Results, checkpoints and jobs: whole or refused, resumed bit for bit, each on its own."""

import importlib
import json
import os
import shutil
import subprocess
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import papermill
import pytest
from nbclient.exceptions import DeadKernelError
from nbformat.v4 import new_code_cell, new_notebook

from dcm import Circuit
from dcm.commands import notebooks
from dcm.experiments.mnist import data as datasets
from dcm.experiments.mnist import experiment as mnist
from dcm.experiments.teacher_regression import experiment as teacher_regression
from dcm.experiments.teacher_regression import in_continuous_time
from dcm.lab import checkpoint as checkpoints
from dcm.lab import jobs, paths, provenance
from dcm.lab import run as runs
from dcm.lab.checkpoint import Checkpoint, resumable
from dcm.lab.jobs import Job, JobError, execute
from dcm.lab.progress import silent
from dcm.lab.store import ResultError, plain, read, write
from dcm.model import archive

import small_jobs
from small_jobs import Config, walking

SMALL = replace(teacher_regression.Config(), n_patterns=400, block=100, n_test=20)
ABOUT = {"run": "a/b", "config": {"n": 1}, "seed": 0}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A clone of its own, found from the current folder by this process and by those it starts."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "00_the_circuit.ipynb").touch()
    monkeypatch.chdir(tmp_path)
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


def test_weights_survive_the_way_through_flat_arrays(rng):
    circuit = Circuit.random((4, 3, 2), rng)
    other = Circuit.random((4, 3, 2), rng)
    for name, array in other.with_arrays(circuit.arrays()).arrays().items():
        np.testing.assert_array_equal(array, circuit.arrays()[name])


def test_a_truncated_file_is_refused_by_name(tmp_path):
    path = tmp_path / "r.npz"
    write(path, ABOUT, {"curve": np.arange(1000.0)})
    whole = path.read_bytes()
    for cut in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(ResultError, match=r"r\.npz is damaged"):
            read(path)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
@pytest.mark.parametrize("what", ["pipe", "folder", "link to nothing"])
def test_what_is_no_plain_file_is_refused_and_not_waited_for(tmp_path, what):
    path = tmp_path / "a.npz"
    if what == "pipe":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    else:
        path.symlink_to("nowhere")
    with pytest.raises(ResultError, match=r"a\.npz is no plain file; compute it again"):
        read(path)


def test_a_file_with_one_wrong_byte_is_refused_or_says_the_same(tmp_path):
    path = tmp_path / "r.npz"
    write(path, ABOUT, {"curve": np.arange(20.0)})
    whole = path.read_bytes()
    refused = 0
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
        try:
            curve = read(path)["curve"]
        except ResultError:
            refused += 1
        else:
            np.testing.assert_array_equal(curve, np.arange(20.0))
    assert refused > len(whole) / 2, "the rest are dates and the like, which say nothing"


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
        patched.setattr(archive, "FORMAT", archive.FORMAT + 1)
        write(path, ABOUT, {"error": np.array([2.0])})
    with pytest.raises(ResultError, match="has format 2, this version reads 1"):
        read(path)


@pytest.mark.parametrize(
    "failure", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full", "kill"]
)
def test_a_write_that_fails_leaves_the_previous_file(tmp_path, monkeypatch, failure):
    path = tmp_path / "r.npz"
    write(path, ABOUT, {"error": np.array([2.0])})

    def fails(number):
        raise failure

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(type(failure)):
        write(path, ABOUT, {"error": np.array([3.0])})
    assert read(path)["error"] == [2.0]
    assert [p.name for p in tmp_path.iterdir()] == ["r.npz"]


def draw(i, state):
    return {"rng": state["rng"], "row": np.append(state["row"], state["rng"].normal())}


def test_interrupted_and_resumed_equals_uninterrupted(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "EVERY", 0.0)

    def start():
        return {"rng": np.random.default_rng(3), "row": np.zeros(0)}

    whole = resumable(draw, start(), 7, None, silent, "")["row"]

    def interrupted(i, state):
        state = draw(i, state)  # uses up random numbers before the interruption, as a real step
        if i == 4:
            raise KeyboardInterrupt
        return state

    checkpoint = Checkpoint(tmp_path / "c.npz", ABOUT)
    with pytest.raises(KeyboardInterrupt):
        resumable(interrupted, start(), 7, checkpoint, silent, "")
    assert checkpoint.load()["step"] == 4
    resumed = resumable(draw, start(), 7, checkpoint, silent, "")["row"]
    np.testing.assert_array_equal(resumed, whole)


def test_a_checkpoint_of_another_config_or_with_other_arrays_is_refused(tmp_path):
    checkpoint = Checkpoint(tmp_path / "c.npz", ABOUT)
    checkpoint.save({"step": 1, "other": np.zeros(2)}, force=True)
    with pytest.raises(ResultError, match=r"c\.npz is a checkpoint of another config or seed"):
        Checkpoint(tmp_path / "c.npz", {**ABOUT, "config": {"n": 2}}).load()
    with pytest.raises(ResultError, match=r"c\.npz holds other arrays"):
        resumable(draw, {"row": np.zeros(0)}, 7, checkpoint, silent, "")


def test_a_damaged_checkpoint_is_set_aside_with_a_notice_and_the_run_starts_anew(folder):
    run = walking(0)
    run.checkpoint.save({"step": 3, "walk": np.ones(3)}, force=True)
    damaged = run.checkpoint.path.read_bytes()[:-30]
    run.checkpoint.path.write_bytes(damaged)
    notices = []
    assert run.finished(notices.append) is None
    (notice,) = notices
    assert notice.startswith(f"{run.checkpoint.path} is damaged")
    assert notice.endswith("kept as walk-seed0.npz.damaged, the run starts anew")
    assert run.checkpoint.path.with_name("walk-seed0.npz.damaged").read_bytes() == damaged
    run.compute()
    np.testing.assert_array_equal(run.finished()["walk"], expected_walk(0, 5))


def test_a_folder_in_the_place_of_the_summary_is_refused_before_any_notebook_runs(folder):
    (folder / "figures" / "quick" / "summary.json").mkdir(parents=True)
    with pytest.raises(OSError, match=r"summary\.json could not be written .*; choose another"):
        notebooks.prepare([], "quick", {})


@pytest.mark.parametrize(
    ("problem", "raised", "left"),
    [
        (None, None, "new"),
        (papermill.PapermillExecutionError(0, 1, "1 / 0", "E", "v", []), JobError, "new"),
        (DeadKernelError("gone"), JobError, "new"),
        (KeyboardInterrupt(), KeyboardInterrupt, "old"),
        (OSError(28, "No space left on device"), OSError, "old"),
    ],
    ids=["well", "failing cell", "dead kernel", "Ctrl-C", "full disk"],
)
def test_an_executed_notebook_is_old_or_new_and_never_half(
    folder, monkeypatch, problem, raised, left
):
    def executes(source, target, parameters, **options):
        Path(target).write_text("half", "utf-8")
        if problem:
            Path(target).write_text("new", "utf-8")
            raise problem
        Path(target).write_text("new", "utf-8")

    monkeypatch.setattr(papermill, "execute_notebook", executes)
    source = folder / "notebooks" / "00_the_circuit.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("1 / 0")]), source)
    target = folder / "out" / "00_the_circuit.ipynb"
    target.parent.mkdir()
    target.write_text("old", "utf-8")
    run = partial(notebooks.Notebook("the_circuit", source, target, {}, {}).run, silent_job())
    with pytest.raises(raised) if raised else nullcontext():
        run()
    assert target.read_text("utf-8") == left
    assert list(target.parent.iterdir()) == [target]


def silent_job():
    """A ``Progress`` that nobody listens to."""
    return SimpleNamespace(tell=lambda share: None)


def test_arrays_of_objects_are_refused_before_they_are_written(tmp_path):
    with pytest.raises(ValueError, match=r"array odd for .*r\.npz has dtype object"):
        write(tmp_path / "r.npz", ABOUT, {"odd": np.array([None])})
    assert not list(tmp_path.iterdir())


def interrupts_at(number):
    """A ``progress`` that interrupts its loop before the item with this number."""

    def progress(iterable, desc="", **options):
        for i, item in enumerate(iterable):
            if i == number:
                raise KeyboardInterrupt
            yield item

    return progress


TINY_DIGITS = replace(mnist.Config(), hidden=(12, 11), epochs=4)
LONG_RUNS = {
    "steady": (teacher_regression.run, SMALL),
    "shallow": (teacher_regression.run, replace(SMALL, learner="shallow")),
    "continuous": (
        in_continuous_time.run,
        in_continuous_time.Config(
            replace(SMALL, block=20), start_at=40, n_patterns=40, chunk=10, n_probe=2
        ),
    ),
    "digits": (mnist.run, TINY_DIGITS),
    "plain net": (mnist.run, replace(TINY_DIGITS, learner="backprop")),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", LONG_RUNS)
def test_every_long_run_resumes_bit_for_bit(case, tmp_path, monkeypatch):
    run, config = LONG_RUNS[case]
    monkeypatch.setattr(datasets, "mnist", datasets.small_digits)
    whole = run(config, np.random.default_rng(5))
    checkpoint = Checkpoint(tmp_path / "c.npz", ABOUT)
    with pytest.raises(KeyboardInterrupt):
        run(config, np.random.default_rng(5), interrupts_at(2), checkpoint)
    assert checkpoint.load()["step"] == 2, "what was done is kept"
    resumed = run(config, np.random.default_rng(5), silent, checkpoint)
    assert set(resumed.arrays) == set(whole.arrays)
    for name, array in whole.arrays.items():
        np.testing.assert_array_equal(resumed[name], array, err_msg=name)


# Jobs


def expected_walk(seed, steps):
    return np.random.default_rng(seed).normal(size=steps)


def attempts_of(all_jobs, n_parallel=2):
    """The attempts by the name of their job, when all have ended."""
    ended = []
    execute(all_jobs, n_parallel, ended.append)
    return {attempt.job.name: attempt for attempt in ended}


def test_several_processes_give_what_one_gives(folder):
    runs = [walking(seed) for seed in range(3)]
    attempts = attempts_of([run.job for run in runs])
    assert [attempts[str(run)].error for run in runs] == [None] * 3
    for run in runs:
        result = run.finished()
        np.testing.assert_array_equal(result["walk"], expected_walk(run.seed, 5))
        assert result.about["commit"]
        assert result.about["packages"]["numpy"] == np.__version__
    assert not list((folder / "build").rglob("*.npz")), "checkpoints of finished runs are removed"


def test_what_goes_wrong_in_one_job_is_said_in_a_line_and_the_others_go_on(folder):
    broken = {
        "fails": (small_jobs.fail, "ValueError: two lines; see fails.log"),
        "fails in a line": (small_jobs.fail_in_a_line, "cell 7: ValueError: wrong"),
        "is killed": (small_jobs.be_killed, "its process was killed, perhaps for want of memory"),
        "ends": (small_jobs.end, "its process ended with status 3"),
    }
    run = walking(0)
    planned = [run.job]
    for name, (work, _) in broken.items():
        planned.append(Job(name, 20.0, work, folder / f"{name}.log"))
    attempts = attempts_of(planned)
    for name, (_, words) in broken.items():
        assert attempts[name].error.startswith(words), name
        assert "\n" not in attempts[name].error
    assert attempts[str(run)].error is None
    assert run.finished() is not None
    log = (folder / "fails.log").read_text("utf-8")
    assert log.startswith("before the error")
    assert "Traceback" in log


def test_what_a_job_and_its_children_print_goes_to_its_log(folder, capfd):
    job = Job("prints", 1.0, small_jobs.print_something, folder / "logs" / "prints.log")
    assert attempts_of([job])["prints"].error is None
    lines = job.log.read_text("utf-8").splitlines()
    assert sorted(lines) == ["a warning", "from a child", "one line"]
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def interrupt_after(share, shares):
    """A ``tick`` that interrupts as the user does, when the first job has told this share."""

    def tick(attempts):
        shares.append(attempts[0].share)
        if shares[-1] >= share:
            raise KeyboardInterrupt

    return tick


def test_an_interrupted_job_keeps_its_checkpoint_and_goes_on_from_it(folder):
    run = walking(0, Config(steps=60, pause=0.05))
    ended = []
    shares = []
    with pytest.raises(KeyboardInterrupt):
        execute([run.job], 1, ended.append, interrupt_after(0.3, shares))
    assert not ended
    assert shares == sorted(shares), "the share done never falls"
    assert run.finished() is None
    done = run.checkpoint.load()["step"]
    assert 0.3 * 60 <= done < 60
    attempt = attempts_of([run.job])[str(run)]
    assert attempt.error is None
    assert attempt.share_before == pytest.approx(done / 60)
    np.testing.assert_array_equal(run.finished()["walk"], expected_walk(0, 60))


def test_a_job_that_does_not_end_when_interrupted_is_killed(folder, monkeypatch):
    monkeypatch.setattr(jobs, "PATIENCE", 0.5)
    job = Job("stays", 1.0, small_jobs.refuse_to_end, folder / "stays.log")
    seen = []

    def tick(attempts):
        seen[:] = attempts
        if attempts[0].share_before is not None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        execute([job], 1, tick=tick)
    assert seen[0].process.exitcode is not None


def test_unusable_results_are_computed_again_with_a_notice(folder):
    notices = []
    run = walking(0)
    assert run.finished(notices.append) is None
    assert not notices
    write(run.path, {**run.about, "config": {"n_patterns": 1}}, {})
    assert run.finished(notices.append) is None
    assert "another config" in notices[-1]
    run.path.write_bytes(b"PK nothing")
    assert run.finished(notices.append) is None
    assert str(run.path) in notices[-1]
    write(run.path, run.about, {})
    assert run.finished(notices.append) is not None


def test_the_commit_is_that_of_the_code_that_ran_even_if_other_code_began(folder, monkeypatch):
    commit = ["first"]
    monkeypatch.setattr(runs, "provenance", lambda: {"commit": commit[-1]})
    seed = walking(0)

    def edited_and_stopped(iterable, **options):
        for number, item in enumerate(iterable):
            if number == 2:
                commit.append("second")
                raise KeyboardInterrupt
            yield item

    with pytest.raises(KeyboardInterrupt):
        seed.compute(edited_and_stopped)
    seed.compute()
    assert seed.finished().about["commit"] == "first then second"
    np.testing.assert_array_equal(seed.finished()["walk"], expected_walk(0, 5))


@pytest.mark.skipif(not shutil.which("git"), reason="no git on this system")
def test_the_commit_is_dirty_when_the_code_differs_and_not_when_figures_do(tmp_path, monkeypatch):
    module = tmp_path / "dcm" / "lab" / "provenance.py"
    for folder in (module.parent, tmp_path / "notebooks", tmp_path / "figures"):
        folder.mkdir(parents=True)
        (folder / "file").write_text("first", "utf-8")
    module.write_text("", "utf-8")
    for arguments in ("init -q", "add .", "-c user.name=a -c user.email=a@b commit -qm first"):
        subprocess.run(["git", *arguments.split()], cwd=tmp_path, check=True)
    monkeypatch.setattr(paths, "__file__", str(module.with_name("paths.py")))
    clean = provenance.provenance()["commit"]
    assert clean != "unknown"
    assert not clean.endswith("-dirty")
    (tmp_path / "figures" / "file").write_text("drawn again", "utf-8")
    assert provenance.provenance()["commit"] == clean
    (tmp_path / "notebooks" / "file").write_text("edited", "utf-8")
    assert provenance.provenance()["commit"] == f"{clean}-dirty"


CONFIGS = {
    "self_predicting_state.experiment": {
        "n_patterns": 1e5,
        "sizes": (3, 2.5, 1),
        "n_records": 0,
        "eta_ip": -1.0,
        "duration": np.nan,
        "noise": "0.1",
    },
    "backprop_approximation.experiment": {"depths": (9,), "lambdas": (), "low": 0.9},
    "error_in_the_dendrite.experiment": {"duration": 1000.0, "shown": 1450.0, "high": 0.01},
    "teacher_regression.experiment": {
        "learner": "Full",
        "teacher_sizes": (3, 20, 10),
        "teacher_gains": (2.0,),
        "conductances": None,
        "transfer": "logistic",
    },
    "teacher_regression.in_continuous_time": {"start_at": 7, "n_patterns": 1500},
    "why_replications_fail.experiment": {"rates": 0.1, "tau_inputs": 3.0},
    "mnist.experiment": {"hidden": 500, "epochs": True, "decay": None, "learner": "back-prop"},
}


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_names_the_field_that_makes_no_sense(name):
    experiment = importlib.import_module(f"dcm.experiments.{name}")
    for field, value in CONFIGS[name].items():
        with pytest.raises(ValueError, match=rf"{field.split('_')[0]}.*; (give|choose)"):
            experiment.Config(**{field: value})
    with pytest.raises(ValueError, match=r"config is None; give dcm.experiments"):
        experiment.run(None, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"rng is 0; pass"):
        experiment.run(experiment.Config(), 0)


def test_a_config_holds_plain_numbers():
    config = mnist.Config(hidden=np.array([500, 400]), epochs=np.int64(3), decay=np.float32(0.5))
    assert plain(config) == {**plain(mnist.Config(hidden=(500, 400), epochs=3)), "decay": 0.5}
    json.dumps(plain(config))
