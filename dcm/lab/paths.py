"""Where things are read and written: the clone that holds the notebooks, results and figures."""

import os
from pathlib import Path

PROFILES = ("quick", "paper")


class WrongCode(ValueError):
    """A clone's results, figures or claims would be written by code of another place."""


class NoClone(FileNotFoundError):
    """There is no clone of the repository here, above, or around the package."""


def code() -> Path:
    """The folder that holds the package ``dcm`` which is running: a clone, or site-packages."""
    return Path(__file__).resolve().parents[2]


def repository() -> Path:
    """The clone that holds ``notebooks/``: here or above, else the one that the package lies in."""
    try:
        here = Path.cwd()
    except FileNotFoundError:
        raise NoClone("the working folder is gone; go to a clone of the repository") from None
    for folder in (here, *here.parents, code()):
        if os.path.isfile(folder / "notebooks" / "00_the_circuit.ipynb"):
            return folder
    remedy = "run this inside a clone of the repository"
    raise NoClone(f"no notebooks/00_the_circuit.ipynb in {here} or above; {remedy}")


def mixed(writes: bool, notebooks: bool = True) -> str:
    """Both folders in words, if the clone here would be served by code that is not its own.

    "" if they are of one place, or the modules are the same; also if the clone has no package and
    no notebooks are to be run. Files that are kept are written by a clone's own code only: with
    ``writes``, ``WrongCode`` if the clone has a package that differs.
    """
    clone = repository()
    own = clone / "dcm"
    running = code() / "dcm"
    if clone == code() or (own.is_dir() and _modules(own) == _modules(running)):
        return ""
    words = f"this is the clone {clone}, but the code that runs is that in {running}"
    if not own.is_dir():
        return words if notebooks else ""
    words += f"; to use the clone's own, run python -m dcm in {clone} or pip install -e it"
    if writes:
        raise WrongCode(words)
    return words


def _modules(package: Path) -> dict[str, bytes]:
    """The text of every module of a package, by its name; line endings do not count."""
    texts = {}
    for path in package.rglob("*.py"):
        name = path.relative_to(package).as_posix()
        texts[name] = path.read_bytes().replace(b"\r\n", b"\n")
    return texts


def results() -> Path:
    """The folder of the paper-scale results, one file per run."""
    return repository() / "results"


def written() -> list[Path]:
    """The folders that runs and notebooks write to."""
    return [repository() / name for name in ("results", "figures", "build")]


def figure_folder(profile: str) -> Path:
    """``figures/`` for paper-scale figures, ``figures/quick/`` (not committed) for quick ones."""
    if profile not in PROFILES:
        raise ValueError(f"profile is {profile!r}; choose from {', '.join(PROFILES)}")
    folder = repository() / "figures" / ("" if profile == "paper" else profile)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
