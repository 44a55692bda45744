"""Where things are read and written: the clone that holds the notebooks, results and figures."""

from pathlib import Path

PROFILES = ("quick", "paper")


def repository() -> Path:
    """The clone that holds ``notebooks/``: here or above, else the one that the package lies in."""
    for folder in (Path.cwd(), *Path.cwd().parents, Path(__file__).resolve().parents[2]):
        if (folder / "notebooks" / "00_the_circuit.ipynb").is_file():
            return folder
    remedy = "run this inside a clone of the repository"
    raise FileNotFoundError(f"no notebooks/00_the_circuit.ipynb here or above; {remedy}")


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
