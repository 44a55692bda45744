"""Damaged files of every kind: refused by name, computed again or the same; never something else.

``DAMAGES`` change the bytes of any file, ``REZIPPED`` the members of a results archive: those are
whole zip files with other content, as a careless tool would leave them.
"""

import io
import json
import pickle
import shutil
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from nbformat import writes
from nbformat.v4 import new_code_cell, new_notebook

from dcm import Circuit
from dcm.commands import claims, notebooks
from dcm.commands.cli import main
from dcm.lab import checkpoint as checkpoints
from dcm.lab.checkpoint import Checkpoint, resumable
from dcm.lab.jobs import Attempt, Job
from dcm.lab.progress import silent
from dcm.lab.store import ResultError, read, write
from dcm.model import files

ROOT = Path(__file__).resolve().parents[2]
ABOUT = {"run": "a/b", "config": {"n": 1}, "seed": 0}


def one_bit(rng, data):
    changed = bytearray(data)
    changed[rng.integers(len(data))] ^= 1 << rng.integers(8)
    return bytes(changed)


def many_bits(rng, data):
    for _ in range(rng.integers(2, 40)):
        data = one_bit(rng, data)
    return data


def between(rng, data):
    """Two places in the file, in order."""
    return sorted(rng.integers(len(data) + 1, size=2))


def zeroed(rng, data):
    first, last = between(rng, data)
    return data[:first] + bytes(last - first) + data[last:]


def without_block(rng, data):
    first, last = between(rng, data)
    return data[:first] + data[last:]


def block_twice(rng, data):
    first, last = between(rng, data)
    return data[:last] + data[first:]


def blocks_swapped(rng, data):
    first, last = between(rng, data)
    return data[last:] + data[first:last] + data[:first]


def other_format(rng, data):
    array = io.BytesIO()
    np.save(array, np.arange(5.0))
    whole = [array.getvalue(), pickle.dumps({"a": 1}), b"\x89PNG\r\n\x1a\n", b"null", b"[]", b"{}"]
    whole += [b'{"notebooks": null}', b'{"notebooks": [1]}', b'{"cells": {"a": 1}}', b"[" * 100_000]
    whole += [b'{"cells": [null, 3, {}]}', b"\xff\xfe\x00", bytes(2000), "ä".encode("latin-1")]
    return whole[rng.integers(len(whole))]


DAMAGES = {
    "one bit": one_bit,
    "many bits": many_bits,
    "truncated": lambda rng, data: data[: rng.integers(len(data))],
    "beginning lost": lambda rng, data: data[rng.integers(1, len(data)) :],
    "zeroed block": zeroed,
    "block lost": without_block,
    "block twice": block_twice,
    "blocks swapped": blocks_swapped,
    "appended": lambda rng, data: data + rng.bytes(rng.integers(1, 300)),
    "another beginning": lambda rng, data: rng.bytes(rng.integers(1, 300)) + data,
    "random": lambda rng, data: rng.bytes(len(data)),
    "empty": lambda rng, data: b"",
    "other format": other_format,
    "UTF-16": lambda rng, data: data.decode("latin-1").encode("utf-16"),
    "folder": None,
}


def numeric(rng, members):
    """One of the arrays of numbers."""
    return rng.choice([name for name in sorted(members) if members[name].dtype.kind in "fiu"])


def swapped(rng, members):
    a, b = rng.choice(sorted(set(members) - {"header"}), 2, replace=False)
    members[a], members[b] = members[b], members[a]


def dropped(rng, members):
    del members[rng.choice(sorted(members))]


def added(rng, members):
    members[["more", "w_up_7", "step_2"][rng.integers(3)]] = rng.normal(size=3)


def one_number(rng, members):
    name = numeric(rng, members)
    members[name] = members[name] + np.ones((), members[name].dtype)


def other_type(rng, members):
    name = numeric(rng, members)
    members[name] = members[name].astype(np.float16)


def other_shape(rng, members):
    name = rng.choice(sorted(set(members) - {"header"}))
    members[name] = members[name].reshape(1, -1)


def other_seed(rng, members):
    about = json.loads(str(members["header"]))
    members["header"] = np.array(json.dumps({**about, "seed": 17}))


def no_signature(rng, members):
    about = json.loads(str(members["header"]))
    del about["sha256"]
    members["header"] = np.array(json.dumps(about))


def other_header(rng, members):
    headers = ["[]", "null", "3", '"text"', "", "{", '{"format": null}', "[[]]", '{"kind": 3}']
    members["header"] = np.array(headers[rng.integers(len(headers))])


def number_as_header(rng, members):
    members["header"] = rng.normal(size=2)


REZIPPED = [
    *(swapped, dropped, added, one_number, other_type, other_shape),
    *(other_seed, no_signature, other_header, number_as_header),
]


def rezip(rng, path) -> str:
    """Write the archive again with one thing changed; what, in words."""
    with np.load(path) as file:
        members = dict(file)
    if rng.random() < 0.1:  # a second member of the same name
        with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as archive:
            warnings.simplefilter("ignore")
            archive.writestr(rng.choice(archive.namelist()), b"something else")
        return "a second member"
    change = REZIPPED[rng.integers(len(REZIPPED))]
    change(rng, members)
    np.savez(path, **members)
    return change.__name__


def damage(rng, path, archive=False) -> str:
    """Damage the file at random; how, in words."""
    if archive and rng.random() < 0.4:
        return rezip(rng, path)
    how = list(DAMAGES)[rng.integers(len(DAMAGES))]
    if DAMAGES[how] is None:
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes(DAMAGES[how](rng, path.read_bytes()))
    return how


def remove(path):
    """Whatever lies at ``path``, as the next case begins anew."""
    if path.is_dir():
        path.rmdir()
    path.unlink(missing_ok=True)


def unnamed(error, path) -> str | None:
    """What a refusal lacks: one line that names the file and, after a semicolon, the remedy."""
    words = str(error)
    if str(path) not in words or ";" not in words or "\n" in words:
        return f"no name or remedy in: {words}"
    return None


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A clone of its own, found from the current folder."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "00_the_circuit.ipynb").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def same_arrays(a: dict, b: dict) -> bool:
    """Names, types, shapes and every bit."""
    if set(a) != set(b):
        return False
    for name in a:
        one = np.asarray(a[name])
        other = np.asarray(b[name])
        if (one.dtype, one.shape, one.tobytes()) != (other.dtype, other.shape, other.tobytes()):
            return False
    return True


@pytest.mark.kind("damaged results")
def test_a_damaged_result_is_refused_by_name_or_says_the_same(tally, cases, tmp_path):
    path = tmp_path / "a-seed0.npz"
    for k in range(cases(60, 1000)):
        rng = np.random.default_rng(k)
        arrays = {"curve": rng.normal(size=(4, 3)), "other": rng.normal(size=(4, 3))}
        arrays["classes"] = rng.integers(9, size=5).astype(np.uint8)
        write(path, ABOUT, arrays)
        whole = read(path)
        how = damage(rng, path, archive=True)
        wrong = None
        try:
            found = read(path)
            if found.about != whole.about or not same_arrays(found.arrays, arrays):
                wrong = "something else was read"
        except ResultError as error:
            wrong = unnamed(error, path)
        except Exception as error:
            wrong = repr(error)
        tally.case(wrong=wrong and f"seed {k}, {how}: {wrong}")
        remove(path)
    assert not tally.problems


@pytest.mark.kind("damaged results")
def test_claims_name_a_damaged_result_in_one_line(tally, cases, folder):
    shutil.copytree(ROOT / "results", folder / "results")
    whole = CliRunner().invoke(main, ["claims", "--json"])
    assert whole.exit_code == 0
    paths = sorted((folder / "results").glob("*/*-seed*.npz"))
    for k in range(cases(3, 60)):
        rng = np.random.default_rng(k)
        path = paths[rng.integers(len(paths))]
        kept = path.read_bytes()
        how = damage(rng, path, archive=True)
        answer = CliRunner().invoke(main, ["claims", "--json"])
        wrong = None
        if answer.exit_code == 2:
            wrong = unnamed(answer.stderr.strip(), path)
        elif answer.exit_code or answer.stdout != whole.stdout:
            wrong = f"status {answer.exit_code}, {answer.exception!r}"
        tally.case(wrong=wrong and f"seed {k}, {path.name}, {how}: {wrong}")
        remove(path)
        path.write_bytes(kept)
    assert not tally.problems


def draw(i, state):
    return {"rng": state["rng"], "row": np.append(state["row"], state["rng"].normal())}


def start():
    return {"rng": np.random.default_rng(3), "row": np.zeros(0)}


@pytest.mark.kind("damaged checkpoints")
def test_a_run_with_a_damaged_checkpoint_ends_with_the_same_bits(
    tally, cases, tmp_path, monkeypatch
):
    whole = resumable(draw, start(), 7, None, silent, "")["row"]
    checkpoint = Checkpoint(tmp_path / "c.npz", ABOUT)
    with monkeypatch.context() as often:
        often.setattr(checkpoints, "EVERY", -1.0)
        resumable(draw, start(), 4, checkpoint, silent, "")
    kept = checkpoint.path.read_bytes()
    for k in range(cases(60, 1000)):
        rng = np.random.default_rng(k)
        checkpoint.path.write_bytes(kept)
        how = damage(rng, checkpoint.path, archive=True)
        notices = []
        wrong = None
        lost = None
        try:
            there = checkpoint.load(notices.append) is not None
            aside = checkpoint.path.with_name("c.npz.damaged")
            if not there and not aside.exists():
                lost = f"seed {k}, {how}: the damaged checkpoint is gone"
            if not there and str(checkpoint.path) not in " ".join(notices):
                wrong = "nothing was said"
            remove(aside)
            row = resumable(draw, start(), 7, checkpoint, silent, "")["row"]
            if row.tobytes() != whole.tobytes():
                wrong = "another result"
        except Exception as error:
            wrong = repr(error)
        tally.case(lost=lost, wrong=wrong and f"seed {k}, {how}: {wrong}")
        remove(checkpoint.path)
    assert not tally.problems


@pytest.mark.kind("damaged circuits")
def test_a_damaged_circuit_is_refused_by_name_or_the_same(tally, cases, tmp_path):
    path = tmp_path / "circuit.npz"
    for k in range(cases(60, 1000)):
        rng = np.random.default_rng(k)
        circuit = Circuit.random([(4, 3, 3, 3), (3, 3, 3), (5, 4, 3, 2, 2)][k % 3], rng)
        circuit.save(path)
        how = damage(rng, path, archive=True)
        wrong = None
        try:
            found = Circuit.load(path)
            same = (found.transfer, found.conductances) == (circuit.transfer, circuit.conductances)
            if not same or not same_arrays(found.arrays(), circuit.arrays()):
                wrong = "another circuit was read"
        except ValueError as error:
            wrong = unnamed(error, path)
        except Exception as error:
            wrong = repr(error)
        tally.case(wrong=wrong and f"seed {k}, {how}: {wrong}")
        remove(path)
    assert not tally.problems


def attempt(name):
    """A finished run of the notebook ``name``."""
    return Attempt(Job(name, 1.0, None, Path("x.log")), "mark", None, None, 0.0, seconds=1.0)


def notebook(name):
    return notebooks.Notebook(name, Path(f"{name}.ipynb"), Path(f"out/{name}.ipynb"), {}, {})


def valid_entries(path) -> dict:
    """What a reader of the summary can still make out, before the next run."""
    try:
        found = json.loads(path.read_text("utf-8"))["notebooks"]
        return {name: entry for name, entry in found.items() if isinstance(entry, dict)}
    except Exception:
        return {}


@pytest.mark.kind("damaged summary.json")
def test_a_damaged_summary_never_stops_a_command(tally, cases, folder, monkeypatch):
    monkeypatch.setattr(notebooks, "provenance", lambda: {"commit": "unknown"})
    names = ["a", "b", "c"]
    for k in range(cases(60, 1000)):
        rng = np.random.default_rng(k)
        path = notebooks.summarise(list(map(notebook, names)), list(map(attempt, names)), "quick")
        how = damage(rng, path)
        legible = valid_entries(path)
        wrong = None
        lost = None
        try:
            notebooks.summarise([notebook("d")], [attempt("d")], "quick")
            entries = json.loads(path.read_text("utf-8"))["notebooks"]
            if entries.pop("d", {}).get("status") != "ok":
                wrong = "the new entry is missing"
            if entries != {name: legible[name] for name in legible if name != "d"}:
                lost = f"seed {k}, {how}: legible entries are gone"
        except files.WriteError as error:
            wrong = unnamed(error, path) if how == "folder" else repr(error)
        except Exception as error:
            wrong = repr(error)
        tally.case(lost=lost, wrong=wrong and f"seed {k}, {how}: {wrong}")
        remove(path)
    assert not tally.problems


AT_ONCE = """
import sys, time
from pathlib import Path
from dcm.commands import notebooks
from dcm.lab.jobs import Attempt, Job
who, other, each = sys.argv[1:]
notebooks.provenance = dict
Path(who).touch()
while not Path(other).exists():
    time.sleep(0.01)
for i in range(int(each)):
    notebook = notebooks.Notebook(f"{who}{i}", Path(f"{i}.ipynb"), Path(f"{i}.ipynb"), {}, {})
    attempt = Attempt(Job(str(i), 1.0, None, Path("log")), "mark", None, None, 0.0)
    notebooks.summarise([notebook], [attempt], "quick")
"""


@pytest.mark.kind("two commands at once")
def test_two_commands_that_end_at_once_lose_no_entry(tally, cases, folder):
    each = cases(20, 300)
    writers = []
    for pair in (("first", "second"), ("second", "first")):
        command = [sys.executable, "-c", AT_ONCE, *pair, str(each)]
        writers.append(subprocess.Popen(command, cwd=folder))
    assert [writer.wait(timeout=300) for writer in writers] == [0, 0]
    entries = json.loads((folder / "figures" / "quick" / "summary.json").read_text("utf-8"))[
        "notebooks"
    ]
    for who in ("first", "second"):
        for i in range(each):
            tally.case(lost=None if f"{who}{i}" in entries else f"{who}{i}")
    assert not tally.problems


def executed_notebook() -> bytes:
    cells = []
    for i, source in enumerate(['profile = "quick"\nseed = 0', "1 + 1", "print(2)"]):
        tags = {"tags": ["parameters"]} if i == 0 else {}
        cells.append(new_code_cell(source, metadata={**tags, "papermill": {"duration": 0.5 + i}}))
    return writes(new_notebook(cells=cells)).encode()


def other_json(rng, data):
    """Another value somewhere in it, still valid JSON."""
    whole = json.loads(data)
    place = whole
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = keys[rng.integers(len(keys))]
        if rng.random() < 0.4 or not isinstance(place[key], dict | list) or not place[key]:
            break
        place = place[key]
    values = [None, [], {}, "text", 3, -1.0, float("nan"), float("inf"), [None], True, 10**400]
    place[key] = values[rng.integers(len(values))]
    return json.dumps(whole).encode()


@pytest.mark.kind("damaged notebooks")
def test_a_damaged_notebook_is_ignored_where_it_was_run_and_refused_where_it_is_to_run(
    tally, cases, tmp_path
):
    path = tmp_path / "00_a.ipynb"
    for k in range(cases(60, 1000)):
        rng = np.random.default_rng(k)
        path.write_bytes(executed_notebook())
        if rng.random() < 0.5:
            how = "other JSON"
            path.write_bytes(other_json(rng, path.read_bytes()))
        else:
            how = damage(rng, path)
        wrong = None
        try:
            seconds = notebooks.cell_seconds(path)
            if not all(0 < took < float("inf") for took in seconds.values()):
                wrong = f"times {seconds}"
            notebooks.own_parameters(path)
        except ValueError as error:
            wrong = unnamed(error, path)
        except Exception as error:
            wrong = repr(error)
        tally.case(wrong=wrong and f"seed {k}, {how}: {wrong}")
        remove(path)
    assert not tally.problems


README = f"# Title\n\nÄ text.\n\n{claims.START}\nan older table\n{claims.END}\n\nThe end.\n"


@pytest.mark.kind("damaged README and claims.md")
def test_the_table_goes_between_its_marks_or_nothing_is_written(tally, cases, folder, monkeypatch):
    monkeypatch.setattr(claims, "cost", lambda: "No time at all.")
    readme = folder / "README.md"
    page_file = folder / "figures" / "claims.md"
    page = f"{claims.markdown([])}\nNo time at all.\n"
    for k in range(cases(60, 1000)):
        rng = np.random.default_rng(k)
        newline = "\r\n" if k % 2 else "\n"
        readme.write_bytes(README.replace("\n", newline).encode())
        files.write(page_file, page)
        path = page_file if rng.random() < 0.3 else readme
        how = damage(rng, path)
        found = b"" if readme.is_dir() else readme.read_bytes()
        wrong = None
        try:
            claims.publish([])
            text = readme.read_bytes().decode()
            before, _, rest = found.decode().partition(claims.START)
            after = rest.partition(claims.END)[2]
            wanted = f"{claims.START}\n{page}{claims.END}"
            if text.replace("\r\n", "\n") != f"{before}{wanted}{after}".replace("\r\n", "\n"):
                wrong = "another text around the table"
            if page_file.read_text("utf-8") != page:
                wrong = "another page"
        except (ResultError, files.WriteError) as error:
            wrong = unnamed(error, path)
        except Exception as error:
            wrong = repr(error)
        lost = None
        if wrong is None and readme.is_file() and claims.START.encode() not in found:
            lost = None if readme.read_bytes() == found else f"seed {k}, {how}: README changed"
        tally.case(lost=lost, wrong=wrong and f"seed {k}, {how}: {wrong}")
        remove(readme)
        remove(page_file)
    assert not tally.problems
