"""MNIST from folders, caches and mirrors in every state: it is found, or the message says why not.

The four files are small ones here, with sums of their own; the mirrors are a server on 127.0.0.1.
"""

import gzip
import hashlib
import os
import socket
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pooch
import pytest

from dcm.experiments.mnist import sources

NAMES = tuple(sources.FILES)
# What each of the four holds: a header and a few bytes that cannot be compressed much.
HELD = {name: np.random.default_rng(i).bytes(900 + i) for i, name in enumerate(NAMES)}
OTHER = np.random.default_rng(99).bytes(900)


@pytest.fixture(autouse=True)
def _small_files(monkeypatch):
    small = {name: (len(held), hashlib.sha256(held).hexdigest()) for name, held in HELD.items()}
    monkeypatch.setattr(sources, "FILES", small)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.delenv("DCM_DATA", raising=False)
    monkeypatch.delenv("DCM_DOWNLOAD", raising=False)


# States of a file in a folder, each written by one function.


def dotted(name):
    return name.replace("-idx", ".idx")


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


GOOD = {
    "as the mirrors have it": lambda d, n: put(d / f"{n}.gz", gzip.compress(HELD[n])),
    "packed again": lambda d, n: put(d / f"{n}.gz", gzip.compress(HELD[n], 1, mtime=5)),
    "unzipped": lambda d, n: put(d / n, HELD[n]),
    "unzipped under the zipped name": lambda d, n: put(d / f"{n}.gz", HELD[n]),
    "zipped without the ending": lambda d, n: put(d / n, gzip.compress(HELD[n])),
    "with a dot": lambda d, n: put(d / dotted(n), HELD[n]),
    "with a dot, zipped": lambda d, n: put(d / f"{dotted(n)}.gz", gzip.compress(HELD[n])),
    "upper case": lambda d, n: put(d / f"{n}.gz".upper(), gzip.compress(HELD[n])),
    "torchvision's": lambda d, n: put(d / "MNIST" / "raw" / n, HELD[n]),
    "in a folder of its name": lambda d, n: put(d / n / dotted(n), HELD[n]),
    "beside a wrong one": lambda d, n: (put(d / f"{n}.gz", OTHER), put(d / "raw" / n, HELD[n])),
}
BAD = {
    "absent": lambda d, n: None,
    "empty": lambda d, n: put(d / n, b""),
    "truncated": lambda d, n: put(d / n, HELD[n][:-1]),
    "longer": lambda d, n: put(d / n, HELD[n] + b"0"),
    "zip truncated": lambda d, n: put(d / f"{n}.gz", gzip.compress(HELD[n])[:-9]),
    "zip damaged": lambda d, n: put(d / f"{n}.gz", gzip.compress(HELD[n])[:20] + b"?" * 900),
    "zip header only": lambda d, n: put(d / f"{n}.gz", sources.PACKED),
    "other images": lambda d, n: put(d / f"{n}.gz", gzip.compress(OTHER)),
    "a web page": lambda d, n: put(d / f"{n}.gz", b"<!DOCTYPE html><html>Sign in</html>"),
    "unzips to far too much": lambda d, n: put(d / f"{n}.gz", gzip.compress(bytes(10**7))),
    "unreadable": lambda d, n: unreadable(d / f"{n}.gz"),
    "an empty folder": lambda d, n: (d / f"{n}.gz").mkdir(parents=True),
    "a pipe": lambda d, n: (d.mkdir(parents=True, exist_ok=True), os.mkfifo(d / n)),
}


def unreadable(path):
    """Whoever runs this: a link to itself cannot be opened even by the superuser."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(path.name)


def filled(folder, rng, share_good) -> dict:
    """Put the four files into ``folder`` in random states; the states by name."""
    states = {}
    for name in NAMES:
        kinds = GOOD if rng.random() < share_good else BAD
        states[name] = str(rng.choice(list(kinds)))
        kinds[states[name]](folder, name)
    return states


def good(states) -> set:
    return {name for name, state in states.items() if state in GOOD}


# Mirrors


def answer(kind: str, name: str) -> tuple[int, bytes, int]:
    """Status, body and announced length of what a mirror sends."""
    body = {
        "ok": gzip.compress(HELD[name]),
        "packed again": gzip.compress(HELD[name], 1),
        "404": b"not found",
        "503": b"",
        "web page": b"<html>Sign in to the network</html>",
        "other images": gzip.compress(OTHER),
        "half": gzip.compress(HELD[name])[:300],
        "cut off": gzip.compress(HELD[name])[:300],
        "endless": bytes(10**6),
    }[kind]
    status = int(kind) if kind.isdecimal() else 200
    return status, body, len(body) + (200 if kind == "cut off" else 0)


SENT = ("404", "503", "web page", "other images", "half", "cut off", "endless")


@contextmanager
def mirror(plan: dict):
    """A server that sends ``plan[name]``, and what it was asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.rpartition("/")[2].removesuffix(".gz")
            asked.append(name)
            status, body, length = answer(plan[name], name)
            self.send_response(status)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            with suppress(OSError):  # the other side has heard enough
                self.wfile.write(body)
            self.close_connection = True

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/mnist/", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def nobody_there() -> str:
    """An address at which nothing answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/mnist/"


def attempt(download):
    """(what was found, the error)."""
    try:
        return sources.find(download), None
    except Exception as error:
        return None, error


def says(error, kind, *words) -> str | None:
    """What is amiss with an error's type or message."""
    if type(error) is not kind:
        return f"{type(error).__name__} in place of {kind.__name__}: {error}"
    missing = [word for word in words if str(word) not in str(error)]
    if missing or "\n" in str(error) or "set DCM_DATA to it" not in str(error):
        return f"the message lacks {missing}: {error}"
    return None


@pytest.mark.kind("MNIST sources")
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_given_folder_is_used_whole_or_refused_in_words(tally, cases, monkeypatch, tmp_path):
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache")
    monkeypatch.setattr(sources, "MIRRORS", ())
    for name in NAMES:  # a good cache and the small digits must not stand in for a bad folder
        GOOD["unzipped"](tmp_path / "cache", name)
    for seed in range(cases(40, 400)):
        rng = np.random.default_rng(seed)
        folder = tmp_path / str(seed)
        folder.mkdir()
        states = filled(folder, rng, share_good=rng.choice([0.5, 1.0]))
        monkeypatch.setenv("DCM_DATA", str(folder))
        before = sorted(folder.rglob("*"))
        found, error = attempt(bool(rng.integers(2)))
        bad = [name for name in NAMES if name not in good(states)]
        wrong = None
        if bad:
            absent = all(states[name] in ("absent", "an empty folder") for name in NAMES)
            named = ["none of the four"] if absent else [name[:12] for name in bad]
            wrong = says(error, sources.DataError, folder, *named)
        elif error or found.content != HELD or found.folder != folder:
            wrong = f"not used: {error}"
        lost = "files were changed" if sorted(folder.rglob("*")) != before else None
        about = f"seed {seed}, {states}: "
        tally.case(lost=lost and about + lost, wrong=wrong and about + wrong)
    assert not tally.problems


@pytest.mark.kind("MNIST sources")
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_cache_and_mirrors_give_what_they_have_and_say_what_they_lack(
    tally, cases, monkeypatch, tmp_path
):
    for seed in range(cases(60, 600)):
        rng = np.random.default_rng(seed)
        cache, states = some_cache(rng, tmp_path / str(seed))
        monkeypatch.setattr(pooch, "os_cache", lambda name, cache=cache: cache)
        download = rng.random() < 0.8
        plans = [some_plan(rng), some_plan(rng)]
        with mirror(plans[0] or {}) as (first, asked), mirror(plans[1] or {}) as (second, _):
            urls = [first, second]
            for i, plan in enumerate(plans):
                if plan is None:
                    urls[i] = nobody_there()
            monkeypatch.setattr(sources, "MIRRORS", tuple(urls))
            found, error = attempt(download)
        there = good(states)
        for plan in plans if download else ():
            there |= {name for name in NAMES if plan and plan[name] in ("ok", "packed again")}
        wrong = None
        if there == set(NAMES):
            if error or found.content != HELD:
                wrong = f"not found: {error}"
            elif found.folder and attempt(False)[1]:
                wrong = "what was downloaded is not in the cache"
        else:
            words = urls if download else ["not asked (download=False)"]
            wrong = says(error, sources.DataUnavailable, "cache", *words)
        if not download and asked:
            wrong = f"asked for {asked} without leave"
        if cache.is_dir() and list(cache.rglob("*.partial")):
            wrong = "half a file is left in the cache"
        lost = None
        if cache.is_dir() and not good(states) <= set(sources._in_folder(cache)[0]):
            lost = "a good file of the cache is gone"
        about = f"seed {seed}, cache {states}, mirrors {plans}: "
        tally.case(lost=lost and about + lost, wrong=wrong and about + wrong)
    assert not tally.problems


def some_plan(rng) -> dict | None:
    """What a mirror sends for each file; None: nobody is there."""
    if rng.random() < 0.2:
        return None
    share = rng.choice([0.4, 0.8, 1.0])
    plan = {}
    for name in NAMES:
        kinds = ("ok", "packed again") if rng.random() < share else SENT
        plan[name] = str(rng.choice(kinds))
    return plan


def some_cache(rng, folder) -> tuple[Path, dict]:
    """A cache folder in a random state, and the states of its files."""
    kind = rng.choice(["none", "no home", "cannot be made", "files", "files", "files"])
    if kind == "no home":
        return Path("~/.cache/dcm"), {}
    if kind == "cannot be made":
        put(folder / "in the way", b"a file")
        return folder / "in the way" / "dcm", {}
    if kind == "none":
        return folder / "dcm", {}
    return folder, filled(folder, rng, share_good=rng.choice([0.3, 0.8]))


@pytest.mark.kind("MNIST sources")
def test_a_mirror_that_falls_silent_is_left(tally, monkeypatch, tmp_path):
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache")
    monkeypatch.setattr(sources, "SILENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, mirror(dict.fromkeys(NAMES, "ok")) as m:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        monkeypatch.setattr(sources, "MIRRORS", (url, m[0]))
        found, error = attempt(True)
        tally.case(wrong=None if found and found.content == HELD else f"not found: {error}")
        monkeypatch.setattr(sources, "MIRRORS", (url,))
        for path in (tmp_path / "cache").iterdir():
            path.unlink()
        wrong = says(attempt(True)[1], sources.DataUnavailable, url, "timed out")
        tally.case(wrong=wrong)
    assert not tally.problems
