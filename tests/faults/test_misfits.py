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
ENTRIES = ("learn", "integrate", "learn_two_pass", "learn_backprop")
needs_mprotect = pytest.mark.skipif(sys.platform != "linux", reason="guard pages need mprotect")


def run(tally, entry, kind, cases, **environment):
    """Count all cases; where the process dies, that case is wrong, and another process goes on."""
    done = 0
    while done < cases:
        command = [sys.executable, str(SCRIPT), entry, kind, str(cases), str(done)]
        child = subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, **environment}, timeout=1800
        )
        lines = child.stdout.splitlines()
        for line in lines:
            tally.case(wrong=json.loads(line))
        done += len(lines)
        if child.returncode == 0:
            break
        done += 1
        error = child.stderr[-500:]
        tally.case(wrong=f"{entry}, {kind}, case {done}: exit {child.returncode}, {error}")


@pytest.mark.kind("kernel misfits")
@pytest.mark.parametrize("entry", ENTRIES)
def test_misfits_are_named_or_work(entry, tally, cases):
    run(tally, entry, "misfits", cases(100, 2000))


@pytest.mark.kind("twins disagree")
@pytest.mark.parametrize("entry", ENTRIES)
def test_compiled_and_plain_twins_have_the_same_outcome(entry, tally, cases):
    run(tally, entry, "twins", cases(40, 1000))


@needs_mprotect
@pytest.mark.kind("kernel guard pages")
@pytest.mark.parametrize("entry", ENTRIES)
def test_compiled_code_stays_within_its_arrays(entry, tally, cases):
    run(tally, entry, "guards", cases(15, 500))


@pytest.mark.kind("kernel guard pages")
@pytest.mark.parametrize("entry", ENTRIES)
def test_compiled_code_with_every_index_checked(entry, tally, cases, tmp_path):
    """Numba's own test of every index; it compiles anew, so at full count only."""
    count = cases(0, 200)
    if not count:
        pytest.skip("compiles for a minute: make faults")
    checked = {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path)}
    run(tally, entry, "misfits", count, **checked)
