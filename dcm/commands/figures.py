"""What ``dcm figures`` shows while it works: a bar with the time left, and a line for each run or notebook done."""

from __future__ import annotations

import time

import click
from tqdm import tqdm

from dcm.commands import notebooks
from dcm.lab import jobs as scheduler

BAR = "{percentage:3.0f}% |{bar}| {elapsed}, about {remaining} left {postfix}"


def compute(wanted, jobs: int, force: bool) -> bool:
    """Compute the missing results (all, with ``force``) with a bar of the estimated total; whether all are there now.

    Results that are computed again stay until the new ones replace them.
    """

    def notice(text):
        click.echo(text, err=True)

    if force:
        for run in wanted:
            scheduler.checkpoint_of(run).remove()
    missing = [run for run in wanted if force or scheduler.finished(run, notice) is None]
    click.echo(
        f"{len(wanted) - len(missing)} of {len(wanted)} results are there, {len(missing)} to compute"
    )
    if missing:
        minutes = sum(run.seconds for run in missing) / jobs / 60
        click.echo(f"computing {scheduler.named(missing)}: about {max(1, round(minutes))} min")
    total, failed = sum(run.seconds for run in missing), []
    with tqdm(total=total, bar_format=BAR, disable=None, leave=False) as bar:

        def report(run, error):
            failed.extend([run] if error else [])
            tqdm.write(
                f"{'FAILED' if error else 'done  '} {run.name}, seed {run.seed}"
                + (f"  {error}" if error else "")
            )

        def tick(shares):
            bar.n = sum(share * run.seconds for share, run in zip(shares, missing, strict=True))
            bar.refresh()

        scheduler.execute(missing, jobs, report, tick)
    return not failed


def run_notebooks(planned, jobs: int) -> None:
    """Execute with a bar of the estimated total and a line per finished notebook."""
    total = sum(notebooks.expected(job) for job in planned)
    with tqdm(total=total, bar_format=BAR, disable=None, leave=False) as bar:

        def report(job):
            state = "done" if job.error is None else "FAILED"
            tqdm.write(
                f"{state:6s} {job.source.stem:28s} {job.seconds:5.0f} s"
                + (f"  {job.error}" if job.error else "")
            )

        def tick(running, done):
            spent = [
                min(time.monotonic() - job.started, notebooks.expected(job)) for job in running
            ]
            bar.n = sum(spent) + sum(notebooks.expected(job) for job in done)
            bar.set_postfix_str(", ".join(job.name for job in running))

        notebooks.execute(planned, jobs, report, tick)
