"""The ordered notebooks: finding them, running one headlessly (papermill), summing up the runs."""

import ast
import json
import os
import signal
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from tempfile import gettempdir
from warnings import catch_warnings, simplefilter

import click

from dcm.lab.jobs import AGAIN, Attempt, Job, JobError, Progress
from dcm.lab.lacking import lacking
from dcm.lab.paths import figure_folder, repository
from dcm.lab.provenance import provenance
from dcm.model import files

# What the notebooks import and what runs them; without numba they run too, slowly.
NEEDED = ("ipykernel", "ipywidgets", "matplotlib", "papermill", "pooch", "sklearn", "tqdm")
# Rough seconds on two cores of 2025: weights for the bar and the order; nothing else uses them.
EXPECTED = {
    "the_circuit": 10,
    "self_predicting_state": 15,
    "error_in_the_dendrite": 20,
    "teacher_regression": 30,
    "mnist": 30,
    "backprop_approximation": 15,
    "why_replications_fail": 45,
}
A_DAY = 86400.0  # seconds: no cell takes longer


@dataclass(frozen=True)
class Notebook:
    """One notebook to run."""

    name: str
    source: Path
    target: Path  # where its executed copy goes
    parameters: dict
    changed: dict  # those of the ``parameters`` that differ from what the notebook itself sets
    data: str = ""  # which data it reads and where they are from, if it reads any

    @property
    def job(self) -> Job:
        """The run of this notebook, as a job."""
        log = self.target.with_suffix(".log")
        return Job(self.source.stem, EXPECTED.get(self.name, 10), self.run, log)

    def run(self, progress: Progress) -> None:
        """Execute the notebook in its own folder; ``JobError`` names the cell that fails.

        The executed copy replaces an older one when all cells ran or one failed; after an
        interruption, a kill or a full disk the older one stays.
        """
        import nbformat

        # Nothing is kept when it is interrupted: end at once; the kernel ends with the job.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.environ["JUPYTER_RUNTIME_DIR"] = gettempdir()  # the command's own: removed with it
        import papermill

        from dcm.commands.own_kernel import literal, own_kernel

        before = cell_seconds(self.target)  # the share done is of these; else 1 s per cell
        cells = nbformat.read(self.source, as_version=4).cells
        sources = [cell.source for cell in cells]
        code = [cell.source for cell in cells if cell.cell_type == "code" and cell.source.strip()]
        ahead = {source: before.get(source, 1.0) for source in code}
        total = sum(ahead.values())

        def executed(cell, cell_index, execute_reply):
            ahead.pop(cell.source, None)  # papermill's own cell of parameters is not among them
            progress.tell(1 - sum(ahead.values()) / total)

        options = {"cwd": self.source.parent, "progress_bar": False, "on_cell_executed": executed}
        progress.tell(0.0)
        failure = None
        with own_kernel() as kernel, files.replaced(self.target) as file, catch_warnings():
            simplefilter("ignore", UserWarning)  # of papermill's, about the file's name
            paths = (literal(self.source), literal(file.name))
            try:
                papermill.execute_notebook(*paths, self.changed, **options, **kernel)
            except papermill.PapermillExecutionError as error:
                number = sources.index(error.source) + 1
                failure = f"cell {number}: {error.ename}: {error.evalue}"
            except RuntimeError:  # of nbclient
                number = sources.index(next(iter(ahead), code[-1])) + 1
                failure = f"cell {number}: its kernel died, perhaps for want of memory; {AGAIN}"
        if failure:
            raise JobError(failure)


def cell_seconds(path: Path) -> dict[str, float]:
    """Seconds that each cell of an executed notebook took, by source; empty where there is none."""
    seconds = {}
    try:
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            took = cell["metadata"].get("papermill", {}).get("duration")
            if isinstance(took, int | float) and 0 < took < A_DAY:
                seconds["".join(cell["source"])] = took
    except Exception:  # not run before, or damaged in one of many ways: every cell counts the same
        return {}
    return seconds


def available() -> dict[str, Path]:
    """Notebooks by name without number, in reading order."""
    folder = repository() / "notebooks"
    return {path.stem[3:]: path for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))}


def select(names) -> dict[str, Path]:
    """The notebooks called ``names``, each a name or a number; all when empty."""
    known = available()
    if not names:
        return known
    numbers = {int(path.stem[:2]): name for name, path in known.items()}
    chosen = set()
    for name in names:
        found = numbers.get(int(name)) if name.isdecimal() else name
        if found not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}? " if near else ""
            words = f"no notebook is called {name!r}; {hint}choose from {', '.join(known)}"
            raise ValueError(words)
        chosen.add(found)
    return {name: path for name, path in known.items() if name in chosen}


def own_parameters(path: Path) -> dict:
    """The names and values that the notebook's cell tagged ``parameters`` sets."""
    parameters = {}
    try:
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            if "parameters" in cell["metadata"].get("tags", ()):
                for statement in ast.parse("".join(cell["source"])).body:
                    parameters[statement.targets[0].id] = ast.literal_eval(statement.value)
    except Exception as error:  # a damaged file can raise nearly anything
        cause = " ".join(f"{type(error).__name__} {error}".split())
        words = f"{path} is no notebook with plain parameters ({cause}); restore it from git"
        raise ValueError(words) from error
    return parameters


def changed_parameters(path: Path, given: dict) -> dict:
    """``given`` without what equals the notebook's own; ``ValueError`` where papermill goes on."""
    known = own_parameters(path)
    for name, value in given.items():
        if name not in known:
            words = f"{path.name} has no parameter {name!r}; choose from {', '.join(known)}"
            raise ValueError(words)
        kind = type(known[name])
        allowed = (float, int) if kind is float else (kind,)
        if type(value) not in allowed:
            remedy = f"give type {kind.__name__}, as {known[name]!r}"
            raise ValueError(f"parameter {name} of {path.name} is {value!r}; {remedy}")
    return {name: value for name, value in given.items() if value != known[name]}


def prepare(names, profile: str, parameters: dict) -> list[Notebook]:
    """The chosen notebooks, ready to run; every mistake is found before anything runs."""
    chosen = select(names)
    if problem := lacking(*NEEDED):
        raise ValueError(problem)
    folder = repository() / "build" / "notebooks" / profile
    for path in (*(folder / source.name for source in chosen.values()), summary_file(profile)):
        files.check(path)
        files.tidy(path.parent)
    given = {"profile": profile, **parameters}
    prepared = []
    for name, path in chosen.items():
        changed = changed_parameters(path, given)
        prepared.append(Notebook(name, path, folder / path.name, given, changed))
    return prepared


def figure_files(profile: str) -> dict[Path, tuple]:
    """The figure files of the profile, each with what changes when it is written again.

    No clock of this machine is asked: that of a file server may be behind or ahead.
    """
    files = [path for path in figure_folder(profile).iterdir() if path.suffix in (".svg", ".png")]
    states = {path: path.stat() for path in sorted(files)}
    return {path: (state.st_mtime_ns, state.st_ino) for path, state in states.items()}


def summarise(notebooks: list[Notebook], attempts: list[Attempt], profile: str, about=None) -> Path:
    """Write how the attempts went into ``summary.json``; other notebooks' entries stay.

    ``about`` is their provenance, by default that of now.
    """
    of_job = {notebook.source.stem: notebook for notebook in notebooks}
    new = {}
    for attempt in attempts:
        notebook = of_job[attempt.job.name]
        outcome = {"status": attempt.error or "ok", "seconds": round(attempt.seconds, 1)}
        data = {"data": notebook.data} if notebook.data else {}
        new[notebook.name] = {**outcome, "parameters": notebook.parameters, **data}
        new[notebook.name] |= about or provenance()
    path = summary_file(profile)
    with files.locked(repository() / "build" / "summary.lock"):  # two commands may end at once
        entries = sorted((summary_entries(path) | new).items())
        files.write(path, json.dumps({"notebooks": dict(entries)}, indent=1) + "\n")
    return path


def summary_file(profile: str) -> Path:
    """Where the runs of a profile are summed up."""
    return figure_folder(profile) / "summary.json"


def summary_entries(path: Path) -> dict[str, dict]:
    """The entries by notebook; those that are none are left out, with a notice if all are."""
    try:
        entries = json.loads(path.read_text("utf-8"))["notebooks"].items()
    except FileNotFoundError:
        return {}
    except Exception as error:  # a damaged file can raise nearly anything
        cause = " ".join(f"{type(error).__name__} {error}".split())
        click.echo(f"note: {path} is damaged ({cause}); it begins anew", err=True)
        return {}
    return {name: entry for name, entry in entries if isinstance(entry, dict)}
