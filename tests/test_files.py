"""Files that are replaced whole or not at all; locks; what killed processes leave."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from dcm import Circuit
from dcm.model import archive, files
from dcm.model.files import WriteError

ROOT = Path(__file__).resolve().parents[1]
STAYS = """
import sys, time
from dcm.model import files
with getattr(files, sys.argv[1])(files.Path(sys.argv[2])) as file:
    if file:
        file.write(b"half")
        file.flush()
    print("inside", flush=True)
    time.sleep(120)
"""
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has other links, rights and locks")


def one_that_stays(what, path):
    """A process within ``files.replaced(path)`` or ``files.locked(path)``."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", STAYS, what, str(path)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "inside\n"
    return process


def end(process):
    process.send_signal(signal.SIGKILL)
    process.communicate()


@posix
def test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old", "utf-8")
    (tmp_path / "notes.partial").write_text("the user's own", "utf-8")
    process = one_that_stays("replaced", path)
    (partial,) = tmp_path.glob("a.txt.*.partial")
    files.tidy(tmp_path)
    files.write(path, "written by another at the same time")
    assert partial.read_text("utf-8") == "half"
    end(process)
    assert path.read_text("utf-8") == "written by another at the same time"
    files.write(tmp_path / "b.txt", "any file of the same folder")
    assert {p.name for p in tmp_path.iterdir()} == {"a.txt", "b.txt", "notes.partial"}


@posix
def test_a_lock_is_waited_for_and_a_dead_process_holds_none(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "PATIENCE", 0.1)
    process = one_that_stays("locked", tmp_path / "x" / "lock")
    with (
        pytest.raises(WriteError, match="lock is locked by another process; end it"),
        files.locked(tmp_path / "x" / "lock"),
    ):
        pass
    end(process)
    began = time.monotonic()
    with files.locked(tmp_path / "x" / "lock"):
        assert time.monotonic() - began < 0.1


def test_whatever_fails_in_the_block_leaves_the_old_file_and_no_litter(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old", "utf-8")

    def fails_in_the_middle(problem):
        with files.replaced(path) as file:
            file.write(b"new")
            raise problem

    for problem in (RuntimeError("x"), KeyboardInterrupt(), OSError(28, "No space left")):
        with pytest.raises((type(problem), WriteError)):
            fails_in_the_middle(problem)
        assert path.read_text("utf-8") == "old"
        assert list(tmp_path.iterdir()) == [path]


@posix
def test_links_and_permissions_stay(tmp_path):
    real = tmp_path / "elsewhere" / "a.txt"
    files.write(real, "old")
    before = os.umask(0o027)
    try:
        files.write(tmp_path / "new.txt", "new")
    finally:
        os.umask(before)
    assert (tmp_path / "new.txt").stat().st_mode & 0o777 == 0o640
    real.chmod(0o604)
    link = tmp_path / "link"
    link.symlink_to("elsewhere/a.txt")
    files.write(link, "new")
    assert os.readlink(link) == "elsewhere/a.txt"
    assert real.read_text("utf-8") == "new"
    assert real.stat().st_mode & 0o777 == 0o604


def test_what_is_no_file_is_named_and_stays(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("old", "utf-8")
    for path in (tmp_path / "folder", tmp_path / "file" / "a.txt"):
        for writes in (files.check, lambda path: files.write(path, "new")):
            with pytest.raises(WriteError, match=r"could not be written .*; .* run the same again"):
                writes(path)
    assert (tmp_path / "file").read_text("utf-8") == "old"
    if Path("/dev/null").exists():
        with pytest.raises(WriteError, match="/dev/null could not be written"):
            files.write("/dev/null", "a device is not to be replaced by a file")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser can write anywhere"
)
def test_write_protected_files_and_folders_are_named_and_stay(tmp_path):
    path = tmp_path / "x" / "a.txt"
    files.write(path, "old")
    path.chmod(0o400)
    with pytest.raises(WriteError, match=r"a\.txt could not be written \(it is write-protected"):
        files.write(path, "new")
    path.chmod(0o600)
    path.parent.chmod(0o500)
    with pytest.raises(WriteError, match=r"a\.txt could not be written \(its folder .* write-prot"):
        files.write(path, "new")
    path.parent.chmod(0o700)
    assert path.read_text("utf-8") == "old"


@pytest.mark.parametrize(
    ("header", "arrays", "match"),
    [
        ({}, {"x": [[1], [1, 2]]}, r"array x for .* is ragged; give"),
        ({}, {"x": np.ma.masked_array([1.0, 2.0], [0, 1])}, r"array x for .* is masked; fill"),
        ({}, {"x": np.array([None])}, r"array x for .* has dtype object; give"),
        ({}, {"header": np.ones(2)}, r"array 'header' for .* name; choose another"),
        ({}, {"file": np.ones(2)}, r"array 'file' for .* name; choose another"),
        ({}, {3: np.ones(2)}, r"array 3 for .* name; choose another"),
        ({"a": np.arange(2)}, {}, r"header for .* ndarray .*; give numbers"),
    ],
)
def test_an_archive_takes_what_it_can_give_back(tmp_path, header, arrays, match):
    with pytest.raises(ValueError, match=match):
        archive.write(tmp_path / "a.npz", header, arrays)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("path", [None, 5, b"x", "", "a\0b"])
def test_a_path_is_the_name_of_a_file(path):
    circuit = Circuit.random((3, 2, 1), np.random.default_rng(0))
    for function in (circuit.save, Circuit.load):
        with pytest.raises(ValueError, match=r"path is .*; give a file's name"):
            function(path)
