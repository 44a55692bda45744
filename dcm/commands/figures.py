"""``dcm figures``: compute missing paper-scale results, run the notebooks, name what they drew."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from pathlib import Path

import click
from tqdm import tqdm

from dcm.commands import notebooks, plan
from dcm.lab import paths
from dcm.lab.jobs import INTERRUPTED, Attempt, Job, execute
from dcm.lab.run import Run, in_words

BAR = "{percentage:3.0f}% |{bar}| {elapsed}, about {remaining} left{postfix}"


@dataclass(frozen=True)
class Request:
    """What to do: the notebooks to run, and the paper-scale runs whose results they show."""

    profile: str
    notebooks: list[notebooks.Notebook]
    runs: list[Run]


def prepare(
    names, profile: str, seed: int, parameters: dict, seeds: int | None, force: bool
) -> Request:
    """Check everything that can be checked before anything runs; mistakes are ``ValueError``s."""
    if profile not in paths.PROFILES:
        raise ValueError(
            f"no profile is called {profile!r}; choose from {', '.join(paths.PROFILES)}"
        )
    if "profile" in parameters:
        raise ValueError("parameter profile has an option of its own: use --profile")
    if profile != "paper" and (seeds or force):
        raise ValueError("--seeds and --force belong to paper-scale results: add --profile paper")
    chosen = notebooks.prepare(names, profile, {"seed": seed, **parameters})
    runs = []
    if profile == "paper":
        for notebook in chosen:
            runs += plan.plan(seeds or plan.SEEDS, notebook.name)
    return Request(profile, chosen, runs)


def rebuild(request: Request, n_parallel: int, force: bool) -> int:
    """Do what was asked for; the exit status of the command."""
    if request.runs:
        status = compute(request.runs, n_parallel, force)
        if status:
            return status
    return draw(request, n_parallel)


def compute(runs: list[Run], n_parallel: int, force: bool) -> int:
    """Compute the missing results (all, with ``force``); 0, or the exit status if some still miss.

    Results that are computed again stay until the new ones replace them.
    """
    if force:
        for run in runs:
            run.checkpoint.remove()
        missing = runs
    else:
        missing = [run for run in runs if run.finished(notice=_say) is None]
    there = len(runs) - len(missing)
    click.echo(f"{there} of {len(runs)} results are there, {len(missing)} to compute")
    if not missing:
        return 0
    minutes = sum(run.seconds for run in missing) / n_parallel / 60
    click.echo(f"computing {in_words(missing)}: about {max(1, round(minutes))} min")
    ended, interrupted = perform([run.job for run in missing], n_parallel)
    failed = [attempt for attempt in ended if attempt.error]
    if interrupted:
        n_done = there + len(ended) - len(failed)
        _say(
            f"interrupted; {n_done} of {len(runs)} results are there; "
            "the same command goes on where it stopped"
        )
        return INTERRUPTED
    return 1 if failed else 0


def draw(request: Request, n_parallel: int) -> int:
    """Run the notebooks and name the files they wrote; the exit status of the command."""
    began = time.time()
    jobs = [notebook.job for notebook in request.notebooks]
    ended, interrupted = perform(jobs, n_parallel)
    done = [attempt.job.name for attempt in ended if attempt.error is None]
    summary = notebooks.summarise(request.notebooks, ended, request.profile)
    if interrupted:
        _say(f"interrupted; notebooks finished before: {', '.join(done) or 'none'}")
        return INTERRUPTED
    drawn = notebooks.drawn_since(request.profile, began)
    for path in (*drawn, summary):
        click.echo(f"  {_from_here(path)}")
    click.echo(
        f"{len(done)} of {len(jobs)} notebooks, {len(drawn)} figure files "
        f"in {time.time() - began:.0f} s"
    )
    return 0 if len(done) == len(jobs) else 1


def perform(jobs: list[Job], n_parallel: int) -> tuple[list[Attempt], bool]:
    """Do ``jobs`` with a bar of the work done and a line per job that ended.

    Returns the attempts that ended, and whether the user interrupted the others.
    """
    ended = []
    width = max(len(job.name) for job in jobs)
    total = sum(job.seconds for job in jobs)
    with tqdm(total=total, bar_format=BAR, disable=None, leave=False, dynamic_ncols=True) as bar:

        def report(attempt):
            ended.append(attempt)
            tqdm.write(line(attempt, width))

        def tick(attempts):
            bar.n = sum(attempt.job.seconds * attempt.share for attempt in attempts)
            # What a resumed run had done before took no time now: no part of its speed.
            bar.initial = sum(
                attempt.job.seconds * (attempt.share_before or 0.0) for attempt in attempts
            )
            under_way = [attempt.job.name for attempt in attempts if attempt not in ended]
            bar.set_postfix_str(", ".join(under_way))

        try:
            execute(jobs, n_parallel, report, tick)
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # let us sum up what is done, then end
            return ended, True
    return ended, False


def line(attempt: Attempt, width: int) -> str:
    """«done   03_teacher_regression    31 s», or FAILED with the error."""
    state = "FAILED" if attempt.error else "done"
    words = f"{state:6s} {attempt.job.name:{width}s} {attempt.seconds:5.0f} s"
    return f"{words}  {attempt.error}" if attempt.error else words


def _say(text: str) -> None:
    click.echo(text, err=True)


def _from_here(path: Path) -> Path:
    return path.relative_to(paths.repository())
