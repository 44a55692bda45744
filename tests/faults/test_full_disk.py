"""A disk that fills while a file is written: an error that names it, the old file, no litter.

Every writer of the project writes once; then again with so little room (a limit on the size of
files, and as the superuser of a Linux also a small file system) that it may or may not fit.
"""

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import nbformat
import numpy as np
import papermill
import pytest
from matplotlib import rc_context
from matplotlib.figure import Figure

from dcm import Circuit
from dcm.commands import claims, notebooks
from dcm.lab.checkpoint import Checkpoint
from dcm.lab.drawing import save_figure
from dcm.lab.jobs import Attempt, Job, JobError, execute
from dcm.lab.store import write
from dcm.model import files

from small_jobs import walking

resource = pytest.importorskip("resource", reason="no limits on files on this system")
ROOT = Path(__file__).resolve().parents[2]
ABOUT = {"run": "a/b", "config": {"n": 1}, "seed": 0}


def a_result(folder, rng):
    write(folder / "results" / "a.npz", ABOUT, {"curve": rng.normal(size=rng.integers(9000))})


def a_checkpoint(folder, rng):
    checkpoint = Checkpoint(folder / "build" / "checkpoints" / "a.npz", ABOUT)
    checkpoint.save({"step": 3, "row": rng.normal(size=rng.integers(9000))}, force=True)


def a_circuit(folder, rng):
    Circuit.random((30, 20 + rng.integers(20), 10), rng).save(folder / "circuit.npz")


def figures(folder, rng):
    with rc_context({"svg.hashsalt": "the same bytes each time"}):
        figure = Figure(figsize=(2, 2))
        figure.text(0.5, 0.5, "a" * rng.integers(200), fontsize=1)
        save_figure(figure, "drawn", "quick")


def a_summary(folder, rng):
    name = f"long{rng.integers(10**6)}" * 100
    attempt = Attempt(Job(name, 1.0, None, Path("log")), "mark", None, None, 0.0)
    notebook = notebooks.Notebook(name, Path(f"{name}.ipynb"), Path("x.ipynb"), {}, {})
    notebooks.summarise([notebook], [attempt], "quick")


def an_executed_notebook(folder, rng):
    target = folder / "build" / "notebooks" / "quick" / "00_the_circuit.ipynb"
    source = folder / "notebooks" / "00_the_circuit.ipynb"
    size = {"size": rng.integers(9000)}
    notebooks.Notebook("the_circuit", source, target, {}, size).run(Silent())


def the_table(folder, rng):
    row = claims.Row("X", "a claim", "1", "q", "c", 2.0, 1.0, 3.0, 5, "differs", "d", ())
    claims.publish([row] * rng.integers(1, 200))


WRITERS = {
    writer.__name__.replace("_", " "): writer
    for writer in (a_result, a_checkpoint, a_circuit, figures, a_summary, an_executed_notebook)
} | {"README and claims.md": the_table}


class Silent:
    """A ``Progress`` that nobody listens to."""

    def tell(self, share):
        pass


def as_papermill_writes(source, target, parameters, **options):
    """The target opened by its name and written over, more and more of it."""
    for size in (parameters["size"] // 2, parameters["size"]):
        with open(target, "w", encoding="utf-8") as file:
            file.write("x" * size)


@contextmanager
def largest_file(size):
    """No file may grow beyond ``size`` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def only_room_for(size, folder):
    """The file system of ``folder`` has ``size`` bytes left."""
    filler = folder / "filler"
    free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    filler.write_bytes(bytes(max(0, free - size)))
    try:
        yield
    finally:
        filler.unlink()


def prepared(folder):
    """A clone with one notebook and a README."""
    for name in ("notebooks", "results", "build/notebooks/quick", "build/checkpoints"):
        (folder / name).mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(), folder / "notebooks" / "00_the_circuit.ipynb")
    (folder / "README.md").write_text(f"# A\n{claims.START}\n{claims.END}\nThe end.\n", "utf-8")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    prepared(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def small_disk(tmp_path, monkeypatch):
    """A clone on a file system of 1 MB of its own; the tests with it need the rights to mount."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "dcm-test", str(tmp_path)]
    may_mount = sys.platform.startswith("linux") and os.geteuid() == 0
    if not may_mount or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only the superuser of a Linux may mount a small disk")
    prepared(tmp_path)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    monkeypatch.undo()
    subprocess.run(["umount", str(tmp_path)], check=True)


@pytest.fixture(autouse=True)
def light(monkeypatch):
    """No git, no kernels: only the writing counts here."""
    monkeypatch.setattr(notebooks, "provenance", dict)
    monkeypatch.setattr(claims, "cost", lambda: "No time at all.")
    monkeypatch.setattr(papermill, "execute_notebook", as_papermill_writes)


def contents(folder) -> dict:
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in ("filler", "summary.lock"):
            found[path] = path.read_bytes()
    return found


def tried(writer, folder, k, shortage) -> tuple:
    """(lost, wrong) of one writer in the case with seed ``k``; ``shortage`` makes room scarce."""
    writer(folder, np.random.default_rng(k))
    before = contents(folder)
    room = int(np.random.default_rng(k).integers(12_000))
    error = None
    try:
        with shortage(room):
            writer(folder, np.random.default_rng(k + 10_000))
    except Exception as raised:
        error = raised
    after = contents(folder)
    writer(folder, np.random.default_rng(k + 10_000))
    wanted = contents(folder)
    where = f"seed {k}, {writer.__name__}, {room} bytes"
    if set(before) != set(after):
        return f"{where}: other files {set(before) ^ set(after)}", None
    for path in after:
        if after[path] not in (before[path], wanted[path]):
            return f"{where}: {path.name} is neither old nor new", None
    if error is None:
        return None, None if after == wanted else f"{where}: not written, and nothing said"
    named = any(str(path) in str(error) for path in after)
    if not isinstance(error, files.WriteError) or not named or "\n" in str(error):
        return None, f"{where}: {error!r}"
    return None, None


@pytest.mark.kind("file too large")
@pytest.mark.parametrize("name", WRITERS)
def test_a_limit_on_the_size_of_files_leaves_the_old_file(name, tally, cases, folder):
    for k in range(cases(6, 60)):
        lost, wrong = tried(WRITERS[name], folder, k, largest_file)
        tally.case(lost, wrong)
    assert not tally.problems


@pytest.mark.kind("full disk")
@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_leaves_the_old_file(name, tally, cases, small_disk):
    for k in range(cases(6, 60)):
        lost, wrong = tried(WRITERS[name], small_disk, k, lambda n: only_room_for(n, small_disk))
        tally.case(lost, wrong)
    assert not tally.problems


@pytest.mark.kind("file too large")
def test_claims_under_ulimit_leaves_the_readme(tally, cases, folder):
    """As typed: the README's table needs more room than there is."""
    for k in range(cases(1, 20)):
        limit = 1 + k % 8  # blocks of 1024 bytes
        (folder / "README.md").write_text(
            f"{claims.START}\n{claims.END}\n{'x' * 17_000}\n", "utf-8"
        )
        before = contents(folder)
        command = f'ulimit -f {limit}; "{sys.executable}" -m dcm claims'
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        answer = subprocess.run(
            ["bash", "-c", command],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        after = contents(folder)
        lost = None
        if any(after.get(path) != content for path, content in before.items()):
            lost = f"{limit} blocks: another file"
        wrong = None
        lines = answer.stderr.splitlines()
        lines = [line for line in lines if not line.startswith(("note", "wrote"))]
        if answer.returncode != 2 or len(lines) != 1 or "could not be written" not in lines[0]:
            wrong = f"{limit} blocks: status {answer.returncode}, {answer.stderr}"
        tally.case(lost, wrong)
    assert not tally.problems


@pytest.mark.kind("full disk")
def test_a_run_on_a_full_disk_says_so_and_goes_on_when_there_is_room(tally, cases, small_disk):
    for k in range(cases(2, 50)):
        run = walking(k)
        run.checkpoint.save({"step": 2, "walk": np.zeros(2), **generators(k)}, force=True)
        before = run.checkpoint.path.read_bytes()
        wrong = None
        with only_room_for(0, small_disk):
            try:
                run.compute()
                wrong = f"seed {k}: nothing was said"
            except JobError as error:
                if str(run.path) not in str(error) or "free some disk space" not in str(error):
                    wrong = f"seed {k}: {error}"
        lost = None
        if run.checkpoint.path.read_bytes() != before:
            lost = f"seed {k}: another checkpoint"
        run.compute()
        if run.finished() is None:
            wrong = f"seed {k}: no result when there was room"
        tally.case(lost, wrong)
    assert not tally.problems


def generators(seed) -> dict:
    """The state of the generator after two steps, as a checkpoint holds it."""
    rng = np.random.default_rng(seed)
    rng.normal(size=2)
    return {"generators": np.array(json.dumps({"rng": rng.bit_generator.state}))}


@pytest.mark.kind("results cannot be written")
def test_runs_that_cannot_write_their_result_say_so_and_the_others_go_on(tally, folder):
    (folder / "results" / "b").write_text("a file where a folder should be", "utf-8")
    blocked = walking(1, name="b/walk")
    free = walking(2)
    ended = []
    execute([blocked.job, free.job], 2, ended.append)
    errors = {attempt.job.name: attempt.error for attempt in ended}
    wrong = None
    if errors[str(free)] is not None or free.finished() is None:
        wrong = f"the other did not go on: {errors}"
    if not errors[str(blocked)].startswith(str(blocked.path)):
        wrong = f"not named: {errors}"
    tally.case(wrong=wrong)
    assert not tally.problems


@pytest.mark.kind("results cannot be written")
def test_a_read_only_disk_is_found_before_the_work_begins(tally, small_disk):
    run = walking(0)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    try:
        run.compute(progress=None)  # the first step of the work would fail otherwise
        tally.case(wrong="nothing was said")
    except JobError as error:
        said = str(run.path) in str(error) and ";" in str(error)
        tally.case(wrong=None if said else str(error))
    assert not tally.problems
