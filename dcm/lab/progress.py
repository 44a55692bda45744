"""What every run shares: progress with time left, folders of the repository, provenance, single-threaded BLAS."""

from __future__ import annotations

import functools
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from threadpoolctl import threadpool_limits
from tqdm import tqdm

PROFILES = ("quick", "paper")
PACKAGES = ("numpy", "scipy", "numba", "matplotlib", "papermill")


def progress_bar(iterable, desc="", **options):
    """``tqdm`` on standard error with the time left; leaves no line behind when it is done."""
    return tqdm(
        iterable,
        desc=desc,
        file=sys.stderr,
        leave=False,
        mininterval=0.5,
        dynamic_ncols=True,
        **options,
    )


def silent(iterable, desc="", **options):
    """No progress at all: the default of ``run`` functions."""
    return iterable


def one_thread(run):
    """Decorator: BLAS runs on one thread, so that results do not depend on the machine's core count."""

    @functools.wraps(run)
    def limited(*args, **kwargs):
        with threadpool_limits(1, user_api="blas"):
            return run(*args, **kwargs)

    return limited


def profile_config(config_class, profile: str):
    """``Config.quick()`` or ``Config.paper()`` by name; ``ValueError`` names the choices."""
    if profile not in PROFILES:
        raise ValueError(f"profile is {profile!r}; choose from {', '.join(PROFILES)}")
    return getattr(config_class, profile)()


def repository() -> Path:
    """The clone that holds ``notebooks/``: the current folder or one above it, else where the package lies."""
    for folder in (Path.cwd(), *Path.cwd().parents, Path(__file__).resolve().parents[1]):
        if (folder / "notebooks" / "00_the_circuit.ipynb").is_file():
            return folder
    raise FileNotFoundError(
        "no notebooks/00_the_circuit.ipynb here or above; run this inside a clone of the repository"
    )


def figure_folder(profile: str) -> Path:
    """Where figures of this profile go: ``figures/`` at paper scale, ``figures/quick/`` (not committed) else."""
    if profile not in PROFILES:
        raise ValueError(f"profile is {profile!r}; choose from {', '.join(PROFILES)}")
    folder = repository() / "figures" / ("" if profile == "paper" else profile)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def save_figure(figure, name: str, profile: str) -> None:
    """Write ``name.svg`` and ``name.png`` into the folder of the profile; the same figure gives the same bytes."""
    for suffix, metadata in (("svg", {"Date": None}), ("png", {"Software": None})):
        figure.savefig(figure_folder(profile) / f"{name}.{suffix}", metadata=metadata)


def provenance() -> dict:
    """Versions, commit and machine, for everything that is written to disk."""
    return {
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in ("dcm", *PACKAGES)},
        "commit": _commit(),
        "machine": f"{platform.system()} {platform.machine()}",
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:  # Numba may be missing
        return None


def _commit() -> str:
    """The commit, «-dirty» where package or notebooks differ from it; what runs write (figures, results) may differ."""
    git = ["git", "-C", str(Path(__file__).resolve().parent)]
    try:
        name = subprocess.run([*git, "describe", "--always", "--abbrev=12"], capture_output=True, text=True, check=True,
                              timeout=10).stdout.strip()  # fmt: skip
        changed = subprocess.run(
            [*git, "diff", "--quiet", "HEAD", "--", ".", "../notebooks"], timeout=10
        ).returncode
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return f"{name}-dirty" if changed else name
