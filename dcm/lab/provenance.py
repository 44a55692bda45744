"""What made a file: versions of the packages, commit and machine."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
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
    try:
        return version(name)
    except PackageNotFoundError:  # Numba may be missing
        return None


def _commit() -> str:
    """The commit, «-dirty» where package or notebooks differ; figures and results may differ."""
    package = Path(__file__).resolve().parents[1]
    git = ["git", "-C", str(package)]
    try:
        described = subprocess.run(
            [*git, "describe", "--always", "--abbrev=12"],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
        code = ["--", ".", "../notebooks"]
        difference = subprocess.run([*git, "diff", "--quiet", "HEAD", *code], timeout=10)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    name = described.stdout.strip()
    return f"{name}-dirty" if difference.returncode else name
