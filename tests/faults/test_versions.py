"""Python's own switches, and the oldest and newest packages that ``pyproject.toml`` allows."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SWITCHES = [
    {"PYTHONWARNINGS": "error"},
    {"PYTHONOPTIMIZE": "2"},
    {"NUMBA_DISABLE_JIT": "1"},
]
CHECKS = """
from dcm import plasticity
from dcm.experiments.why_replications_fail import broken, checklist
test = checklist.every_matrix_moves
print(checklist.complaint(test, plasticity), checklist.complaint(test, broken.only_the_top))
"""


def run(arguments, folder, **environment):
    """What a command says, and its exit status."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.fixture
def clone(tmp_path):
    """A clone with the real results, README and notebooks."""
    for folder in ("results", "notebooks"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copy(ROOT / "README.md", tmp_path)
    return tmp_path


@pytest.mark.kind("environment: Python's and Numba's switches")
def test_commands_give_the_same_whatever_the_switches(tally, cases, clone):
    expected = run(["-m", "dcm", "claims"], clone)
    assert expected.returncode == 0, expected.stderr
    for switch in SWITCHES:
        found = run(["-m", "dcm", "claims"], clone, **switch)
        same = (found.returncode, found.stdout) == (0, expected.stdout)
        tally.case(wrong=None if same else f"{switch}: {found}")
    for switch in SWITCHES[: cases(0, 3)]:
        found = run(["-m", "dcm", "figures", "the_circuit"], clone, **switch)
        fine = found.returncode == 0 and [*(clone / "figures" / "quick").glob("*.png")]
        tally.case(wrong=None if fine else f"{switch}: {found}")
        shutil.rmtree(clone / "figures" / "quick", ignore_errors=True)
    assert not tally.problems


@pytest.mark.kind("environment: Python's and Numba's switches")
def test_the_checklist_tests_without_assert_statements_too(tally):
    for level in ("0", "1", "2"):
        found = run(["-c", CHECKS], ROOT, PYTHONOPTIMIZE=level)
        fine = found.stdout.strip() == "None w_up[0, 1] never moves"
        tally.case(wrong=None if fine else f"python -{level * 'O'}: {found}")
    assert not tally.problems


@pytest.fixture(scope="module")
def reachable():
    """Skips where no environment can be built."""
    if not shutil.which("uv") or not shutil.which("make"):
        pytest.skip("needs uv and make")
    command = ["uv", "pip", "compile", "--quiet", "pyproject.toml"]
    if subprocess.run(command, cwd=ROOT, capture_output=True).returncode:
        pytest.skip("needs the network")


@pytest.mark.slow
@pytest.mark.skipif(os.environ.get("DCM_FAULTS") != "full", reason="takes minutes: make faults")
@pytest.mark.kind("environment: oldest and newest packages")
@pytest.mark.parametrize("versions", ["oldest", "newest"])
def test_the_bounds_of_the_dependencies_are_true(reachable, tally, tmp_path, versions):
    ignored = shutil.ignore_patterns(".venv*", "build", ".git", "*.egg-info")
    clone = shutil.copytree(ROOT, tmp_path / "clone", ignore=ignored)
    command = ["make", versions, f"PYTHON={sys.executable}"]
    done = subprocess.run(command, cwd=clone, capture_output=True, text=True)
    said = f"{done.stdout[-3000:]}\n{done.stderr[-1000:]}"
    tally.case(wrong=None if done.returncode == 0 else f"{versions}: {said}")
    assert not tally.problems
