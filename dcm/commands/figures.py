"""``dcm figures``: compute missing paper-scale results, run the notebooks, name what they drew."""

import signal
import time
from dataclasses import replace
from functools import partial

import click
from tqdm import tqdm

from dcm.commands import notebooks
from dcm.commands.plan import MOST_SEEDS, SEEDS, plan
from dcm.lab import interrupt, outdated, paths
from dcm.lab.jobs import Attempt, Job, execute
from dcm.lab.provenance import provenance, since
from dcm.lab.run import Run, in_words

say = partial(click.echo, err=True)
BAR = "{percentage:3.0f}% |{bar:20}| {elapsed}, about {remaining} left{postfix}"


def prepare(names, profile: str, parameters: dict, seeds: int | None, force: bool) -> tuple:
    """The notebooks to run, and the runs whose results they show; mistakes are ``ValueError``s."""
    if profile not in paths.PROFILES:
        known = ", ".join(paths.PROFILES)
        raise ValueError(f"no profile is called {profile!r}; choose from {known}")
    if "profile" in parameters:
        raise ValueError("parameter profile has an option of its own: use --profile")
    if profile != "paper" and (seeds or force):
        raise ValueError("--seeds and --force belong to paper-scale results: add --profile paper")
    mixed = paths.mixed(writes=profile == "paper")
    chosen = notebooks.prepare(names, profile, parameters)
    runs = []
    if profile == "paper":
        runs = plan(seeds or SEEDS, [notebook.name for notebook in chosen])
    if mixed:
        say(f"note: {mixed}")
    return [with_data(notebook) for notebook in chosen], runs


def with_data(notebook: notebooks.Notebook) -> notebooks.Notebook:
    """The notebook, with the data found that it reads, if any: all processes use these."""
    if notebook.name != "mnist":
        return notebook
    from dcm.experiments.mnist.sources import for_children

    data, details = for_children(paths.repository() / "build" / "mnist")
    say(f"note: {notebook.name} uses {data}: {details}")
    return replace(notebook, data=data)


def compute(runs: list[Run], n_parallel: int, force: bool) -> int:
    """Compute the missing results (with ``force`` the old ones too); 0 if none misses then."""
    if not runs:
        return 0
    old = outdated.begin(runs) if force else []
    missing = [run for run in runs if run in old or run.finished(notice=say) is None]
    there = len(runs) - len(missing)
    click.echo(f"{there} of {len(runs)} results are there, {len(missing)} to compute")
    if not force:
        outdated.remark(say, lambda: runs)
    if missing:
        jobs = [run.job for run in missing]
        minutes = sum(job.seconds for job in jobs) / n_parallel / 60
        click.echo(f"computing {in_words(missing)}: about {max(1, round(minutes))} min")
        ended, number = perform(jobs, n_parallel)
        done = [attempt.job.name for attempt in ended if attempt.error is None]
        if number:
            there = f"{there + len(done)} of {len(runs)} results are there"
            say(f"interrupted; {there}; the same command goes on where it stopped")
            return interrupt.status(number)
        if len(done) < len(missing):
            return 1
    if force:
        outdated.finish(runs)
    return 0


def draw(chosen: list[notebooks.Notebook], profile: str, n_parallel: int) -> int:
    """Run the notebooks and name the files they wrote; the exit status of the command."""
    if profile == "quick":  # it shows paper-scale results too
        shown = [notebook.name for notebook in chosen]
        outdated.remark(say, lambda: plan(MOST_SEEDS, shown))
    began = time.monotonic()
    files = notebooks.figure_files(profile)
    before = provenance()
    with interrupt.held_back():  # what is done is summed up
        ended, number = perform([notebook.job for notebook in chosen], n_parallel)
        summary = notebooks.summarise(chosen, ended, profile, since(before))
    done = [attempt.job.name for attempt in ended if attempt.error is None]
    if number:
        say(f"interrupted; notebooks finished before: {', '.join(done) or 'none'}")
        return interrupt.status(number)
    after = notebooks.figure_files(profile)
    drawn = [path for path, state in after.items() if files.get(path) != state]
    for notebook in chosen:
        if notebook.data:
            click.echo(f"{notebook.name} used {notebook.data}")
    for path in (*drawn, summary):
        click.echo(f"  {path.relative_to(paths.repository())}")
    figures = f"{len(drawn)} figure files in {time.monotonic() - began:.0f} s"
    click.echo(f"{len(done)} of {len(chosen)} notebooks, {figures}")
    return 0 if len(done) == len(chosen) else 1


def perform(jobs: list[Job], n_parallel: int) -> tuple[list[Attempt], int]:
    """Do ``jobs`` with a bar and a line per job; the attempts that ended, and 0 or a signal."""
    ended = []
    width = max(len(job.name) for job in jobs)
    total = sum(job.seconds for job in jobs)
    with tqdm(total=total, bar_format=BAR, disable=None, leave=False, dynamic_ncols=True) as bar:

        def report(attempt):
            ended.append(attempt)
            state = "FAILED" if attempt.error else "done"
            line = f"{state:6s} {attempt.job.name:{width}s} {attempt.seconds:5.0f} s"
            tqdm.write(f"{line}  {attempt.error or ''}".rstrip())

        def tick(attempts):
            bar.n = sum(attempt.job.seconds * attempt.share for attempt in attempts)
            # What a resumed run had done before took no time now: no part of its speed.
            bar.initial = sum(a.job.seconds * (a.share_before or 0.0) for a in attempts)
            bar.set_postfix_str(", ".join(a.job.name for a in attempts if a not in ended))

        try:
            execute(jobs, n_parallel, report, tick)
        except KeyboardInterrupt as interruption:
            interrupt.ignore()  # let us sum up what is done, then end
            (number,) = interruption.args or (signal.SIGINT,)
            return ended, number
    return ended, 0
