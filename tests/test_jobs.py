"""Jobs that are killed, hang, fill the disk or leave something behind: said, and cleared away."""

import os
import signal
import subprocess
import sys
import time
from multiprocessing.context import SpawnProcess
from pathlib import Path

import psutil
import pytest

from dcm.lab import family, interrupt, jobs
from dcm.lab.jobs import Job, execute

import small_jobs

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and pipes differ on Windows")


def attempt_of(work, folder):
    """How ``work`` went, and what it printed."""
    ended = []
    job = Job("it", 1.0, work, folder / "it.log")
    execute(
        [job, Job("other", 0.5, small_jobs.fail_in_a_line, folder / "other.log")], 2, ended.append
    )
    errors = {attempt.job.name: attempt.error for attempt in ended}
    assert errors["other"] == "cell 7: ValueError: wrong", "the others go on"
    return errors["it"], job.log.read_text("utf-8") if job.log.is_file() else ""


def is_running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("work", [small_jobs.be_killed_with_a_child, small_jobs.leave_a_child])
def test_what_a_job_started_ends_with_it_and_keeps_nobody_waiting(work, tmp_path):
    began = time.monotonic()
    error, printed = attempt_of(work, tmp_path)
    assert time.monotonic() - began < 60
    assert not is_running(int(printed))
    if work is small_jobs.be_killed_with_a_child:
        assert error == f"its process was killed, perhaps for want of memory; {jobs.AGAIN}"


def test_a_long_error_is_cut_short_so_that_it_arrives_in_one_piece(tmp_path):
    error, log = attempt_of(small_jobs.fail_at_length, tmp_path)
    assert error.startswith("ValueError: long")
    assert error.endswith("it.log")
    assert len(error.encode()) < 4000
    assert "Traceback" in log


def test_a_full_disk_is_said_in_a_line_with_what_to_do(tmp_path):
    error, log = attempt_of(small_jobs.find_the_disk_full, tmp_path)
    assert "No space left on device: 'figure.svg'; mend that, then" in error
    assert not log


def test_a_log_that_cannot_be_written_is_no_reason_to_fail(tmp_path):
    (tmp_path / "it.log").mkdir()
    assert attempt_of(small_jobs.print_something, tmp_path)[0] is None


def test_a_process_that_cannot_be_started_is_said(tmp_path, monkeypatch):
    start = SpawnProcess.start

    def fails_once(process):
        monkeypatch.setattr(SpawnProcess, "start", start)
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(SpawnProcess, "start", fails_once)
    error, _ = attempt_of(small_jobs.print_something, tmp_path)
    assert error == (
        "its process could not be started (Resource temporarily unavailable); "
        "run the same command again to go on"
    )


def test_temporary_files_of_jobs_are_removed_with_them(tmp_path):
    error, printed = attempt_of(small_jobs.leave_a_file, tmp_path)
    assert error is None
    assert Path(printed.strip()).name.startswith("dcm-")
    assert not Path(printed.strip()).exists()


def test_only_members_of_a_family_are_found():
    assert family.members("nobody's") == []
    family.end("nobody's")


def test_a_signal_held_back_comes_at_the_end_of_the_block():
    came = []
    with interrupt.handled(lambda number, frame: came.append(number)):
        with interrupt.held_back():
            os.kill(os.getpid(), interrupt.SIGNALS[0])
            time.sleep(0.01)
            assert came == []
        assert came == [interrupt.SIGNALS[0]]


def test_an_interruption_that_came_while_a_process_was_starting_is_not_lost():
    code = (
        "import os, signal\n"
        "signals = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, signals)\n"  # as it is born, before any thread
        "from dcm.lab import interrupt\n"
        "for number in interrupt.SIGNALS: os.kill(os.getpid(), number)\n"
        "try: interrupt.only_once()\n"
        "except KeyboardInterrupt as came: print(*came.args)\n"
    )
    root = str(Path(__file__).resolve().parents[1])
    environment = {**os.environ, "PYTHONPATH": root}
    command = [sys.executable, "-c", code]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout) == (0, f"{signal.SIGTERM:d}\n"), answer.stderr
