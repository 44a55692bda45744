"""Where a file comes from: versions of the packages, commit and machine."""

import platform
import subprocess
from importlib.metadata import distributions
from pathlib import Path

PACKAGES = ("dcm", "numpy", "scipy", "numba", "matplotlib", "papermill")


def provenance() -> dict:
    """Versions, commit and machine, for everything that is written to disk."""
    return {
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "commit": _commit(),
        "machine": f"{platform.system()} {platform.machine()}",
    }


def _version(name: str) -> str | None:
    """Its version; None where it is missing, as Numba may be."""
    return next((found.version for found in distributions(name=name)), None)


def _commit() -> str:
    """The commit, «-dirty» where package or notebooks differ; figures and results may differ."""
    try:
        name = _git("describe", "--always", "--abbrev=12")
        differing = _git("diff", "--name-only", "HEAD", "--", ".", "../notebooks")
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return f"{name}-dirty" if differing else name


def _git(*arguments: str) -> str:
    """The output of git in the package's folder."""
    command = ["git", "-C", str(Path(__file__).resolve().parents[1]), *arguments]
    options = {"capture_output": True, "check": True, "timeout": 10}
    return subprocess.run(command, **options).stdout.decode("utf-8", "replace").strip()
