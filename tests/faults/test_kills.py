"""Commands, their workers and their kernels are killed at random moments; nothing may be lost.

After each kill: the exit status, one line of what happened, no process and no file left behind;
and the same command again gives the bits of an undisturbed run.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import nbformat
import numpy as np
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from dcm.commands.claims import START
from dcm.lab.family import MARK
from dcm.lab.jobs import AGAIN
from dcm.lab.store import read

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks into /proc"),
]

FULL = os.environ.get("DCM_FAULTS") == "full"
ROOT = Path(__file__).resolve().parents[2]
SMALL = (sys.executable, str(Path(__file__).with_name("small_command.py")), "figures")
RUNS = (*SMALL, "--profile", "paper")
NOTEBOOKS = (sys.executable, "-m", "dcm", "figures")
FIGURE = Path("figures", "quick", "the_circuit.svg")
CLAIMS = (sys.executable, "-m", "dcm", "claims")
PAGE = Path("figures", "claims.md")
OURS = "DCM_TEST_CASE"  # marks all processes of a case, in their environment
SOON = 15.0  # seconds for the last process to end; an idle machine needs 6
DRAWING = """\
import subprocess, time
import matplotlib.pyplot as plt
from dcm.lab.drawing import save_figure, use_style
use_style()
subprocess.Popen(["sleep", "100"])
time.sleep(1)
plt.plot([0, seed])
save_figure(plt.gcf(), "the_circuit", profile)"""
SIGNALS = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129, "SIGKILL": -9}


@dataclass
class Case:
    """A command under way, and what it said and left behind in the end."""

    clone: Path
    process: subprocess.Popen
    name: str

    def wait_until_it_answers(self) -> None:
        """Until it handles SIGTERM: before, the interpreter itself is starting."""
        status = Path(f"/proc/{self.process.pid}/status")
        while self.process.poll() is None:
            caught = int(status.read_text("utf-8").partition("SigCgt:")[2].split()[0], 16)
            if caught >> (signal.SIGTERM - 1) & 1:
                return
            time.sleep(0.005)

    def members(self) -> list[psutil.Process]:
        """All its processes that are alive, wherever they are by now."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get(OURS) == self.name:
                    found.append(process)
            except psutil.Error:
                pass
        return found

    def workers(self) -> list[psutil.Process]:
        """The processes of its jobs."""
        return [p for p in self._marked() if p.ppid() == self.process.pid]

    def kernels(self) -> list[psutil.Process]:
        """The kernels of its notebooks."""
        return [p for p in self._marked() if "ipykernel_launcher" in " ".join(p.cmdline())]

    def _marked(self):
        found = []
        for process in self.members():
            try:
                if MARK in process.environ():
                    process.cmdline()
                    found.append(process)
            except psutil.Error:
                pass
        return found

    def end(self) -> tuple[int, str, str]:
        """Wait for it: status and what it printed on standard output and error."""
        out, err = self.process.communicate(timeout=90)
        return self.process.returncode, out, err

    def left_behind(self) -> str:
        """What is still there after a while, in words."""
        until = time.monotonic() + SOON
        while self.members() and time.monotonic() < until:
            time.sleep(0.1)
        left = []
        for process in self.members():
            with process.oneshot():
                left.append(f"process {' '.join(process.cmdline())[-80:]}")
            process.kill()
        left += [str(path) for path in self.clone.rglob("*.partial")]
        left += [str(path) for path in (self.clone / "tmp").iterdir()]
        return ", ".join(left)


def heed():
    """A shell may have started these tests with signals ignored."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@pytest.fixture
def start(tmp_path):
    """Start a command in a clone; all that is left of it in the end is killed."""
    started = []

    def start(command, clone) -> Case:
        (clone / "tmp").mkdir(exist_ok=True)
        name = f"{tmp_path.name}-{len(started)}"
        ours = {OURS: name, "TMPDIR": str(clone / "tmp"), "PYTHONPATH": str(ROOT)}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        process = subprocess.Popen(
            command,
            cwd=clone,
            env={**os.environ, **ours},
            start_new_session=True,
            preexec_fn=heed,
            **pipes,
        )
        started.append(Case(clone, process, name))
        return started[-1]

    yield start
    for case in started:
        for process in case.members():
            process.kill()
        case.process.stdout.close()
        case.process.stderr.close()
        case.process.wait()


def make_clone(folder: Path) -> Path:
    """A clone with one small notebook, which draws and starts a process of its own."""
    (folder / "notebooks").mkdir(parents=True)
    (folder / "dcm").symlink_to(ROOT / "dcm")
    parameters = new_code_cell('profile = "quick"\nseed = 0', metadata={"tags": ["parameters"]})
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [parameters, new_code_cell("import os"), new_code_cell(DRAWING)]
    notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, folder / "notebooks" / "00_the_circuit.ipynb")
    return folder


def walks(clone: Path) -> dict:
    """The finished small runs of a clone by name."""
    return {path.name: read(path)["walk"] for path in clone.glob("results/a/*.npz")}


def expected() -> dict:
    """What they hold if nobody disturbs them."""
    return {
        f"walk-seed{seed}.npz": np.random.default_rng(seed).normal(size=25) for seed in range(3)
    }


def differing(found: dict, wanted: dict) -> list[str]:
    """Names of runs that are not as they should be."""
    return [name for name, walk in found.items() if not np.array_equal(walk, wanted[name])]


def spread_out(rng, number: int, last: float) -> list[float]:
    """Moments from 0 to ``last`` s: one at random in each of ``number`` equal parts."""
    return list((np.arange(number) + rng.uniform(size=number)) / number * last)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What a command takes from the moment it answers signals, and the clone it ran in."""
    known = {}

    def undisturbed(start, command, also=()) -> tuple[float, Path]:
        if command not in known:
            clone = make_clone(tmp_path_factory.mktemp("undisturbed") / "clone")
            for name in also:
                copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
                copy(ROOT / name, clone / name)
            case = start(command, clone)
            case.wait_until_it_answers()
            began = time.monotonic()
            status, out, err = case.end()
            assert status == 0, out + err
            known[command] = time.monotonic() - began, clone
            assert case.left_behind() == ""
        return known[command]

    return undisturbed


def strike(case: Case, number: int, rng) -> None:
    """Send a signal to the command, or as a terminal does to all in its group, perhaps again."""
    to_all = number in (signal.SIGINT, signal.SIGHUP) and rng.uniform() < 0.5
    times = 1 if number == signal.SIGKILL else int(rng.integers(1, 4))
    for _ in range(times):
        if case.process.poll() is None:
            (os.killpg if to_all else os.kill)(case.process.pid, number)
            time.sleep(rng.uniform(0, 0.2))


def fault(case: Case, name: str) -> str | None:
    """After a signal to the command itself: what is wrong, in words."""
    status, _, err = case.end()
    left = case.left_behind()
    if left:
        return f"left behind: {left}"
    if status == 0 and not err:  # it was done before
        return None
    if status != SIGNALS[name]:
        return f"status {status}, {err}"
    if name == "SIGKILL":
        return f"printed {err}" if err else None
    if err.count("\n") != 1 or not err.startswith("interrupted"):
        return f"printed {err!r}"
    return None


def again(start, command, clone) -> str | None:
    """The same command once more: what is wrong, in words."""
    case = start(command, clone)
    status, out, err = case.end()
    left = case.left_behind()
    if status or err or left:
        return f"the second time: status {status}, {out[-300:]}{err}, left behind: {left}"
    return None


def lost_runs(clone: Path) -> str | None:
    """Small runs that miss or have other bits, in words."""
    found = walks(clone)
    bad = differing(found, expected()) + sorted(expected().keys() - found.keys())
    return f"not as undisturbed: {bad}" if bad else None


def tell(words: str | None, about: str) -> str | None:
    return f"{about}: {words}" if words else None


def of_kind(kind: str, name: str):
    return pytest.param(name, marks=pytest.mark.kind(kind), id=name)


TO_COMMAND = [of_kind(f"{name} to the command", name) for name in SIGNALS]
TO_MEMBERS = [of_kind("SIGKILL to a worker", "workers"), of_kind("SIGKILL to a kernel", "kernels")]


@pytest.mark.parametrize("name", TO_COMMAND)
def test_runs_whose_command_is_killed(name, tally, cases, start, undisturbed, tmp_path):
    rng = np.random.default_rng(list(name.encode()))
    last, _ = undisturbed(start, RUNS)
    for i, moment in enumerate(spread_out(rng, cases(1, 50), last)):
        clone = make_clone(tmp_path / str(i))
        case = start(RUNS, clone)
        case.wait_until_it_answers()
        time.sleep(moment)
        strike(case, getattr(signal, name), rng)
        wrong = fault(case, name)
        damaged = differing(walks(clone), expected())
        wrong = wrong or again(start, RUNS, clone)
        lost = f"damaged: {damaged}" if damaged else lost_runs(clone)
        about = f"runs, {name} after {moment:.2f} of {last:.2f} s"
        tally.case(lost=tell(lost, about), wrong=tell(wrong, about))
        shutil.rmtree(clone)
    assert not tally.problems


@pytest.mark.parametrize("name", TO_COMMAND if FULL else TO_COMMAND[1::2])
def test_notebooks_whose_command_is_killed(name, tally, cases, start, undisturbed):
    rng = np.random.default_rng(list(name.encode()))
    last, clone = undisturbed(start, NOTEBOOKS)
    figure = (clone / FIGURE).read_bytes()
    for moment in spread_out(rng, cases(1, 15), last):
        case = start(NOTEBOOKS, clone)
        case.wait_until_it_answers()
        time.sleep(moment)
        strike(case, getattr(signal, name), rng)
        wrong = fault(case, name)
        lost = None if (clone / FIGURE).read_bytes() == figure else "another figure"
        about = f"notebook, {name} after {moment:.2f} of {last:.2f} s"
        tally.case(lost=tell(lost, about), wrong=tell(wrong, about))
    assert again(start, NOTEBOOKS, clone) is None
    assert (clone / FIGURE).read_bytes() == figure
    assert not tally.problems


@pytest.mark.parametrize("name", TO_MEMBERS)
def test_a_killed_worker_or_kernel_is_named_and_the_others_go_on(
    name, tally, cases, start, tmp_path
):
    rng = np.random.default_rng(list(name.encode()))
    commands = {"workers": RUNS, "kernels": NOTEBOOKS}
    for i in range(cases(1, 50)):
        clone = make_clone(tmp_path / str(i))
        case = start(commands[name], clone)
        moment = rng.uniform(0, 1.5)
        victim = None
        while victim is None and case.process.poll() is None:
            found = getattr(case, name)()
            victim = found[int(rng.integers(len(found)))] if found else None
        time.sleep(moment)
        hit = victim is not None and victim.is_running()
        if hit:
            victim.kill()
        status, out, err = case.end()
        wrong = err or case.left_behind()
        if status == 1:
            named = "killed" in out if name == "workers" else "its kernel died" in out
            if not named or AGAIN not in out:
                wrong = wrong or f"printed {out}"
            if name == "workers" and len(walks(clone)) < 2:
                wrong = wrong or "the others did not go on"
        elif status != 0 or (hit and name == "kernels"):  # 0: it had done its work before
            wrong = wrong or f"status {status}, {out}"
        lost = None
        if name == "workers":
            wrong = wrong or again(start, RUNS, clone)
            lost = lost_runs(clone)
        about = f"{name}, case {i}, killed after {moment:.2f} s"
        tally.case(lost=tell(lost, about), wrong=tell(wrong, about))
        shutil.rmtree(clone)
    assert not tally.problems


@pytest.mark.kind("--force interrupted")
def test_an_interrupted_force_goes_on_and_mixes_nothing_in_silence(
    tally, cases, start, undisturbed, tmp_path
):
    rng = np.random.default_rng(0)
    force = (*RUNS, "--force")
    last, first = undisturbed(start, RUNS)
    for i, moment in enumerate(spread_out(rng, cases(1, 50), last)):
        clone = make_clone(tmp_path / str(i))
        shutil.copytree(first / "results", clone / "results")
        name = str(rng.choice(list(SIGNALS)))
        case = start(force, clone)
        case.wait_until_it_answers()
        time.sleep(moment)
        strike(case, getattr(signal, name), rng)
        wrong = fault(case, name)
        lost = lost_runs(clone)  # the old results stay until new ones replace them
        wrong = wrong or unfinished(start, clone)
        lost = lost or lost_runs(clone)
        about = f"--force, {name} after {moment:.2f} of {last:.2f} s"
        tally.case(lost=tell(lost, about), wrong=tell(wrong, about))
        shutil.rmtree(clone)
    assert not tally.problems


def unfinished(start, clone) -> str | None:
    """What an interrupted --force left to do, and whether it is said and done, in words."""
    listing = clone / "results" / "outdated.json"
    files = sorted((clone / "results" / "a").iterdir())
    stamps = [path.stat().st_mtime_ns for path in files]
    old = len(files)  # if it had not begun, or was done, the next one computes all
    if listing.exists():
        sums = json.loads(listing.read_text("utf-8"))
        now = {f"a/walk seed {i}": sha256(path.read_bytes()) for i, path in enumerate(files)}
        old = sum(known == now[name].hexdigest() for name, known in sums.items())
        status, out, err = start(RUNS, clone).end()
        if status or "0 to compute" not in out or (old and f"left {old} old" not in err):
            return f"without --force, {old} old: status {status}, {out}{err}"
    status, out, err = start((*RUNS, "--force"), clone).end()
    renewed = sum(p.stat().st_mtime_ns != s for p, s in zip(files, stamps, strict=True))
    if status or listing.exists() or err:
        return f"--force again: status {status}, {out}{err}"
    return None if renewed == old else f"--force again computed {renewed}, {old} were old"


@pytest.mark.kind("claims interrupted")
def test_claims_that_are_interrupted_leave_whole_files(tally, cases, start, undisturbed):
    rng = np.random.default_rng(1)
    last, clone = undisturbed(start, CLAIMS, ("results", "README.md"))
    whole = {path: path.read_bytes() for path in (clone / "README.md", clone / PAGE)}
    older = {}
    for path, content in whole.items():
        head, start_of_block, block = content.rpartition(START.encode())
        older[path] = head + start_of_block + block.replace(b"reproduced", b"differs")
    for moment in spread_out(rng, cases(2, 50), last):
        for path, content in older.items():
            path.write_bytes(content)
        name = str(rng.choice(list(SIGNALS)))
        case = start(CLAIMS, clone)
        case.wait_until_it_answers()
        time.sleep(moment)
        strike(case, getattr(signal, name), rng)
        status, _, err = case.end()
        wrong = None
        if status not in (0, SIGNALS[name]):
            wrong = f"status {status}, {err}"
        elif "Traceback" in err or (status and err.count("interrupted\n") != (name != "SIGKILL")):
            wrong = f"printed {err!r}"
        lost = None
        for path, content in whole.items():
            if path.read_bytes() not in (content, older[path]):
                lost = f"{path.name} is neither old nor new"
        status, _, err = start(CLAIMS, clone).end()
        if status or {path: path.read_bytes() for path in whole} != whole:
            wrong = wrong or f"the second time: {err}"
        left = case.left_behind()
        wrong = wrong or (f"left behind: {left}" if left else None)
        about = f"claims, {name} after {moment:.2f} of {last:.2f} s"
        tally.case(lost=tell(lost, about), wrong=tell(wrong, about))
    assert not tally.problems
