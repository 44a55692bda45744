"""Where a file comes from: versions of the packages, commit and machine."""

import os
import platform
import signal
import subprocess
import tomllib
from contextlib import suppress
from importlib.metadata import distributions
from pathlib import Path

from dcm.lab import paths

PACKAGES = ("numpy", "scipy", "numba", "matplotlib", "papermill")
PATIENCE = 10.0  # seconds that git may take, of which it needs a hundredth [chosen]
WITNESS = "dcm/lab/provenance.py"  # a clone of this repository tracks it under this name


def provenance() -> dict:
    """Versions, commit and machine, for everything that is written to disk.

    Ask at the beginning of the work: this is the code that runs, whatever is edited meanwhile.
    ``notebooks_commit`` is that of the clone that holds them, if the code is in another place.
    """
    versions = {name: _version(name) for name in PACKAGES}
    about = {
        "python": platform.python_version(),
        "packages": {"dcm": _own_version(), **versions},
        "commit": commit(paths.code()),
        "machine": f"{platform.system()} {platform.machine()}",
    }
    try:
        if paths.repository() != paths.code():
            about["notebooks_commit"] = commit(paths.repository())
    except paths.NoClone:
        pass  # no notebooks take part
    return about


def since(before: dict) -> dict:
    """The provenance of work that began at ``before`` in several processes, and ends now.

    «a to b» is a commit that changed meanwhile: which of the processes had which is not known.
    """
    about = provenance()
    for name in ("commit", "notebooks_commit"):
        if about.get(name) != before.get(name):
            about[name] = f"{before.get(name)} to {about.get(name)}"
    return about


def commit(clone: Path) -> str:
    """The commit of the clone, «-dirty» if package or notebooks differ from it or have new files.

    «unknown» if the folder is no clone of this repository, even if it lies in another repository.
    """
    try:
        if _git(clone, "ls-files", "--full-name", "--", WITNESS) != WITNESS:
            return "unknown"
        name = _git(clone, "describe", "--always", "--abbrev=12")
        changes = _git(clone, "status", "--porcelain", "--untracked-files=all", "dcm", "notebooks")
        # Python imports a module that git is told to ignore all the same.
        changes += _git(clone, "ls-files", "--others", "--", ":(glob)dcm/**/*.py")
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return f"{name}-dirty" if changes else name


def _version(name: str) -> str | None:
    """Its version; None where it is missing, as Numba may be."""
    return next((found.version for found in distributions(name=name)), None)


def _own_version() -> str | None:
    """The version of the package that is running, which may be another than the installed one."""
    try:
        project = tomllib.loads((paths.code() / "pyproject.toml").read_text("utf-8"))["project"]
        if project["name"] == "dcm":
            return project["version"]
    except (OSError, ValueError, KeyError):
        pass  # no clone: installed beside its metadata
    found = distributions(name="dcm", path=[str(paths.code())])
    return next((beside.version for beside in found), None)


def _git(clone: Path, *arguments: str) -> str:
    """The output of git about this clone and no other, whatever the user's settings and hooks."""
    settings = {
        "safe.directory": clone.as_posix(),  # whose code is running already, whoever owns it
        "core.fsmonitor": "",  # a program that git would start
        "core.quotePath": "true",
    }
    options = []
    for name, value in settings.items():
        options += ["-c", f"{name}={value}"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environment["GIT_CEILING_DIRECTORIES"] = str(clone.parent)  # no repository around it
    environment["GIT_OPTIONAL_LOCKS"] = "0"  # write nothing
    environment["GIT_NO_LAZY_FETCH"] = "1"
    return _output(["git", *options, "-C", str(clone), *arguments], environment)


def _output(command: list[str], environment: dict) -> str:
    """What a command prints; a ``SubprocessError`` if it fails or takes too long."""
    streams = {"stdin": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    streams["stdout"] = subprocess.PIPE
    with subprocess.Popen(command, env=environment, start_new_session=True, **streams) as process:
        try:
            printed, _ = process.communicate(timeout=PATIENCE)
        except BaseException:  # with its children, or the wait for the end of its output goes on
            with suppress(OSError, AttributeError):  # all gone, or Windows
                os.killpg(process.pid, signal.SIGKILL)
            process.kill()
            raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return printed.decode("utf-8", "replace").strip()
