"""Damage to compiled code that is kept, kills while it is written, folders that take no file."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

pytestmark = [
    pytest.mark.compiled,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
]

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534  # the user that owns no file, for tests that run as root
IS_ROOT = hasattr(os, "getuid") and os.getuid() == 0
NO_ONES = 54321  # a number that is no user's


@pytest.fixture(scope="module")
def ask():
    """What forks find that load or compile one small function: see ``kept_function``."""
    script = Path(__file__).with_name("kept_function.py")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, script], env=environment, **pipes) as process:

        def asked(folder, **order):
            process.stdin.write(json.dumps({"folder": str(folder), **order}) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield asked
        process.stdin.close()


def mistake(found, hits, warnings=0, words=""):
    """What is wrong with a fork's answer, in words; None where nothing is."""
    if found["status"] or found.get("value") != 285:
        return f"failed: {found}"
    if found["hits"] != hits:
        return f"loaded {found['hits']} instead of {hits}: {found}"
    if len(found["warnings"]) != warnings or words not in "".join(found["warnings"]):
        return f"warned otherwise: {found}"
    return None


def truncated(rng, good, path):
    path.write_bytes(good[: rng.integers(len(good))])


def some_zeros(rng, good, path):
    start = rng.integers(len(good) - 512)
    path.write_bytes(good[:start] + bytes(512) + good[start + 512 :])


def all_zeros(rng, good, path):
    path.write_bytes(bytes(len(good)))


def bits_flipped(rng, good, path):
    data = bytearray(good)
    for place in rng.choice(len(data), rng.integers(1, 4), replace=False):
        data[place] ^= 1 << rng.integers(8)
    path.write_bytes(data)


def noise(rng, good, path):
    path.write_bytes(rng.bytes(rng.integers(1, 2 * len(good))))


def lengthened(rng, good, path):
    path.write_bytes(good + rng.bytes(rng.integers(1, 100)))


def empty(rng, good, path):
    path.write_bytes(b"")


def folder_in_its_place(rng, good, path):
    path.unlink()
    path.mkdir()
    (path / "file").write_bytes(good)


def unreadable(rng, good, path):
    path.unlink()
    path.symlink_to(path)  # to itself: not even root can read it


DAMAGE = [
    truncated,
    bits_flipped,
    some_zeros,
    all_zeros,
    noise,
    lengthened,
    empty,
    folder_in_its_place,
    unreadable,
]


@pytest.mark.kind("compiled-code cache: damaged")
def test_damaged_code_is_compiled_again_with_one_warning(tally, cases, ask, tmp_path):
    [found] = ask(tmp_path)
    assert mistake(found, hits=0) is None
    [path] = tmp_path.glob("dcm-*/*")
    good = path.read_bytes()
    for seed in range(cases(18, 306)):
        damage = DAMAGE[seed % len(DAMAGE)]
        damage(np.random.default_rng(seed), good, path)
        if path.is_file() and path.read_bytes() == good:
            continue  # zeros over zeros
        [first] = ask(tmp_path)
        [second] = ask(tmp_path)
        words = f"{path} is damaged"
        wrong = mistake(first, hits=0, warnings=1, words=words)
        lost = mistake(second, hits=1)
        if not lost and [*tmp_path.glob("dcm-*/*")] != [path]:
            lost = "files are left"
        prefix = f"{damage.__name__} with seed {seed}: "
        tally.case(lost=lost and prefix + lost, wrong=wrong and prefix + wrong)
    assert not tally.problems


@pytest.mark.kind("compiled-code cache: killed while writing")
def test_a_killed_process_leaves_no_half_written_code(tally, cases, ask, tmp_path):
    [found] = ask(tmp_path / "sound")
    [sound] = (tmp_path / "sound").glob("dcm-*/*")
    size = sound.stat().st_size
    rng = np.random.default_rng(0)
    for i in range(cases(6, 60)):
        folder = tmp_path / str(i)
        if i % 2:
            fate = {"killed_after": rng.uniform(0, 0.3)}
        else:
            fate = {"dies_after": int(rng.integers(size))}
        ask(folder, **fate)
        found = ask(folder)[0]
        again = ask(folder)[0]
        whole = mistake(found, hits=found.get("hits", 0))
        tally.case(lost=mistake(again, hits=1), wrong=whole and f"{fate}: {whole}")
    assert not tally.problems


@pytest.mark.kind("compiled-code cache: several processes at once")
def test_processes_that_compile_at_once_do_not_disturb_each_other(tally, cases, ask, tmp_path):
    for i in range(cases(2, 20)):
        for found in ask(tmp_path / str(i), at_once=4):
            tally.case(wrong=mistake(found, hits=found.get("hits", 0)))
        [found] = ask(tmp_path / str(i))
        tally.case(lost=mistake(found, hits=1))
        assert len([*(tmp_path / str(i)).glob("dcm-*/*")]) == 1
    assert not tally.problems


@pytest.fixture
def open_to_all():
    """A temporary folder that other users may enter, unlike pytest's."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@pytest.mark.kind("compiled-code cache: read-only, full or in the way")
def test_a_folder_that_takes_no_file_costs_a_warning_but_is_read(tally, cases, ask, open_to_all):
    rng = np.random.default_rng(0)
    for i in range(cases(3, 51)):
        folder = open_to_all / f"{i} with {{braces}} and 100 %"
        folder.mkdir()
        fate = [read_only, full, in_the_way][i % 3](folder, rng)
        [found] = ask(folder, **fate)
        remedy = "make this folder writable, or set NUMBA_CACHE_DIR"
        wrong = mistake(found, hits=0, warnings=1, words=remedy)
        tally.case(wrong=wrong and f"{fate}: {wrong}")
        if not folder.is_dir():
            continue
        folder.chmod(0o755)
        [filled] = ask(folder)
        assert mistake(filled, hits=0) is None
        folder.chmod(0o555)
        [found] = ask(folder, **fate)
        tally.case(wrong=mistake(found, hits=1))
    assert not tally.problems


def read_only(folder, rng):
    """It may not be written to."""
    folder.chmod(0o555)
    return {"user": NOBODY} if IS_ROOT else {}


def full(folder, rng):
    """No room, here as little as a limit of the files' size leaves, wherever they lie."""
    return {"file_limit": int(rng.integers(2000))}


def in_the_way(folder, rng):
    """A file where the folder should be."""
    folder.rmdir()
    folder.write_text("in the way", "utf-8")
    return {}


@pytest.mark.skipif(not IS_ROOT, reason="only root can become a user without a home")
def test_a_user_without_a_home_gets_a_temporary_folder(ask):
    [found] = ask("", user=NO_ONES)
    assert mistake(found, hits=0, warnings=1, words="this user has no home folder") is None


def test_code_of_other_versions_is_removed_when_nobody_used_it_for_a_month(ask, tmp_path):
    days = {"dcm-0123456789abcdef": 31, "dcm-123456789abcdef0": 29, "dcm-notes": 99, "other": 99}
    for name, age in days.items():
        (tmp_path / name).mkdir()
        then = time.time() - age * 24 * 3600
        os.utime(tmp_path / name, (then, then))
    [found] = ask(tmp_path)
    assert mistake(found, hits=0) is None
    names = {path.name for path in tmp_path.iterdir()}
    assert names & set(days) == set(days) - {"dcm-0123456789abcdef"}

    [ours] = names - set(days)
    then = time.time() - 40 * 24 * 3600
    os.utime(tmp_path / ours, (then, then))
    [found] = ask(tmp_path)
    assert mistake(found, hits=1) is None
    assert time.time() - (tmp_path / ours).stat().st_mtime < 3600, "used now"


def test_what_a_killed_process_left_is_removed_after_a_day(ask, tmp_path):
    ask(tmp_path, dies_after=100)
    [left] = tmp_path.glob("dcm-*/*")
    assert left.suffix == ".partial"
    ask(tmp_path)
    assert left.exists(), "it could be written just now"
    then = time.time() - 25 * 3600
    os.utime(left, (then, then))
    next(path for path in left.parent.iterdir() if path != left).unlink()
    ask(tmp_path)
    assert not left.exists()
