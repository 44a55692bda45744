"""The runner: executes the ordered notebooks headlessly (papermill), several at a time, and sums up what they drew."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from ast import literal_eval
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from dcm.lab.paths import figure_folder, repository
from dcm.lab.provenance import provenance

# Rough seconds on two cores of 2025, for the time left that the progress bar shows; nothing else depends on them.
EXPECTED = {
    "teacher_regression": 30, "mnist": 30, "self_predicting_state": 15, "error_in_the_dendrite": 20,
    "why_replications_fail": 45, "backprop_approximation": 15,
}  # fmt: skip


@dataclass
class Job:
    """One notebook on its way: where it is, where its executed copy goes, and how it went."""

    name: str
    source: Path
    target: Path
    parameters: dict
    changed: dict  # those that differ from the notebook's own
    seconds: float = 0.0
    error: str | None = None
    process: subprocess.Popen | None = field(default=None, repr=False)
    started: float = 0.0


def available() -> dict[str, Path]:
    """Notebooks by name without number, in reading order."""
    return {
        path.stem[3:]: path
        for path in sorted((repository() / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    }


def select(names) -> dict[str, Path]:
    """The notebooks called ``names`` (all when empty); ``ValueError`` names the nearest when there is none."""
    known = available()
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise ValueError(
                f"no notebook is called {name!r}; {hint}choose from {', '.join(known)}"
            )
    return {name: path for name, path in known.items() if not names or name in names}


def changed_parameters(path: Path, given: dict) -> dict:
    """``given`` without the entries that equal the notebook's own; ``ValueError`` for unknown names or wrong types."""
    from papermill import inspect_notebook

    known = {
        name: literal_eval(entry["default"]) for name, entry in inspect_notebook(str(path)).items()
    }
    for name, value in given.items():
        if name not in known:
            raise ValueError(
                f"{path.name} has no parameter {name!r}; choose from {', '.join(known)}"
            )
        kind = type(known[name])
        if type(value) is not kind and not (kind is float and type(value) is int):
            raise ValueError(
                f"parameter {name} of {path.name} is {value!r}; give type {kind.__name__}, as {known[name]!r}"
            )
    return {name: value for name, value in given.items() if value != known[name]}


def prepare(names, profile: str, parameters: dict) -> list[Job]:
    """Jobs for the chosen notebooks, longest first; every mistake is found before anything runs."""
    chosen, folder = select(names), repository() / "build" / "notebooks" / profile
    for place in (folder, figure_folder(profile)):
        place.mkdir(parents=True, exist_ok=True)
        if not os.access(place, os.W_OK):
            raise ValueError(
                f"the folder {place} is not writable; change its permissions or work in another clone"
            )
    given = {"profile": profile, **parameters}
    jobs = [
        Job(name, path, folder / path.name, given, changed_parameters(path, given))
        for name, path in chosen.items()
    ]
    return sorted(jobs, key=lambda job: -expected(job))


def expected(job: Job) -> float:
    """A rough guess of its runtime in seconds."""
    return EXPECTED.get(job.name, 10)


def execute(jobs: list[Job], n_parallel: int, report, tick) -> None:
    """Run ``jobs``, ``n_parallel`` at a time; ``report(job)`` after each, ``tick(running, done)`` twice a second.

    On Ctrl-C the running notebooks are ended and ``KeyboardInterrupt`` goes on; finished ones keep their results.
    """
    waiting, running, done = list(jobs), [], []
    try:
        while waiting or running:
            while waiting and len(running) < n_parallel:
                running.append(_start(waiting.pop(0)))
            time.sleep(0.5)
            for job in [job for job in running if job.process.poll() is not None]:
                running.remove(job)
                done.append(job)
                _finish(job)
                report(job)
            tick(running, done)
    finally:
        for job in running:
            job.process.terminate()
            job.process.wait()
            job.error = "interrupted"


def _start(job: Job) -> Job:
    command = [
        sys.executable,
        "-m",
        "papermill",
        "--no-progress-bar",
        "--no-log-output",
        "--log-level",
        "ERROR",
    ]
    command += [
        "--cwd",
        str(job.source.parent),
        *(["-y", json.dumps(job.changed)] if job.changed else []),
    ]
    command += [str(job.source), str(job.target)]
    job.target.unlink(missing_ok=True)
    log = open(job.target.with_suffix(".log"), "w")  # noqa: SIM115 - the child writes to it after we return
    job.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    log.close()
    job.started = time.monotonic()
    return job


def _finish(job: Job) -> None:
    job.seconds = time.monotonic() - job.started
    if job.process.returncode:
        job.error = (
            _first_error(job.target) or f"papermill failed; see {job.target.with_suffix('.log')}"
        )


def _first_error(path: Path) -> str | None:
    """«cell 7: ValueError: …» of an executed notebook, or None."""
    if not path.is_file():
        return None
    cells = [
        cell
        for cell in json.loads(path.read_text())["cells"]
        if "papermill-error-cell-tag" not in str(cell)
    ]
    for number, cell in enumerate(cells, 1):
        for output in cell.get("outputs", ()):
            if output["output_type"] == "error":
                return f"cell {number}: {output['ename']}: {output['evalue']}"
    return None


def summarise(jobs: list[Job], profile: str, since: float) -> tuple[Path, list[Path]]:
    """Write ``summary.json`` beside the figures (other notebooks' entries stay); returns it and the figures."""
    folder = figure_folder(profile)
    figures = sorted(
        p for p in folder.iterdir() if p.suffix in (".svg", ".png") and p.stat().st_mtime >= since
    )
    path = folder / "summary.json"
    try:
        entries = json.loads(path.read_text())["notebooks"]
    except (FileNotFoundError, ValueError, KeyError):  # none yet, or a damaged one: start afresh
        entries = {}
    about = provenance()
    for job in jobs:
        status = "ok" if job.error is None else job.error
        run = {"status": status, "seconds": round(job.seconds, 1), "parameters": job.parameters}
        entries[job.name] = {**run, **about}
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps({"notebooks": dict(sorted(entries.items()))}, indent=1) + "\n")
    os.replace(partial, path)
    return path, figures
