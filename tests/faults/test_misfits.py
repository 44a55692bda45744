"""Compiled code is given what does not fit: it may neither crash nor read or answer wrongly.

Cases run in processes of their own (``misfits.py``), so that a crash is seen and counted.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("misfits.py")
ENTRIES = 4  # public functions of ``dcm.kernels``
needs_mprotect = pytest.mark.skipif(sys.platform != "linux", reason="guard pages need mprotect")
compiles_anew = pytest.mark.skipif(
    os.environ.get("DCM_FAULTS") != "full", reason="compiles for minutes: make faults"
)


def run(tally, kind, cases, **environment):
    """Count all cases; where the process dies, that case is wrong, and another process goes on."""
    done = 0
    while done < ENTRIES * cases:
        command = [sys.executable, str(SCRIPT), kind, str(cases), str(done)]
        known = {**os.environ, **environment}
        child = subprocess.run(command, capture_output=True, text=True, env=known, timeout=3600)
        lines = child.stdout.splitlines()
        for line in lines:
            tally.case(wrong=json.loads(line))
        done += len(lines)
        if child.returncode == 0:
            assert done >= ENTRIES * cases, "cases are missing"
            return
        assert child.returncode < 0, child.stderr[-2000:]  # not a crash: this script fails
        done += 1
        tally.case(wrong=f"{kind}, case {done}: exit {child.returncode}, {child.stderr[-500:]}")


@pytest.mark.kind("kernel misfits")
def test_misfits_are_named_or_work(tally, cases):
    run(tally, "misfits", cases(60, 2000))
    assert not tally.problems


@pytest.mark.kind("twins disagree")
def test_compiled_and_plain_twins_have_the_same_outcome(tally, cases):
    run(tally, "twins", cases(30, 1000))
    assert not tally.problems


@needs_mprotect
@pytest.mark.kind("kernel guard pages")
def test_compiled_code_stays_within_its_arrays(tally, cases):
    run(tally, "guards", cases(10, 500))
    assert not tally.problems


@compiles_anew
@pytest.mark.kind("kernel guard pages")
def test_compiled_code_with_every_index_checked(tally, tmp_path):
    """Numba's own test of every index."""
    run(tally, "misfits", 200, NUMBA_BOUNDSCHECK="1", NUMBA_CACHE_DIR=str(tmp_path))
    assert not tally.problems
