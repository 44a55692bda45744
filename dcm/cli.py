"""The command line: ``dcm figures`` rebuilds the paper's figures by running the notebooks, ``dcm bench`` measures."""

from __future__ import annotations

import os
import time
from ast import literal_eval
from pathlib import Path

import click
from click.core import ParameterSource

HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class BadInput(click.ClickException):
    """One readable line on standard error, exit code 2."""

    exit_code = 2


def _check_jobs(context, option, jobs: int) -> int:
    """``jobs``, with a note when there are fewer cores than that."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if jobs > cores and context.get_parameter_source(option.name) is not ParameterSource.DEFAULT:
        click.echo(f"note: --jobs {jobs} on {cores} cores: they will share cores; --jobs {cores} is as fast", err=True)
    return jobs


@click.group(context_settings=HELP)
@click.version_option(package_name="dcm")
def main():
    """Companion to Sacramento et al. (2018): rebuild the paper's figures from simulations run now.

    \b
    dcm figures                        every figure, quick profile (minutes)
    dcm figures mnist --seed 3         one notebook, another seed
    dcm figures --profile paper        the paper's own scale
    dcm bench                          how fast the kernels are here
    """


@main.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--profile", default="quick", show_default=True, help="quick: minutes; paper: the paper's scale.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0), help="Seed of every random number.")
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1, 64), callback=_check_jobs,
              help="Notebooks at a time, one core each.")  # fmt: skip
@click.option("-p", "--parameter", "extra", multiple=True, metavar="KEY=VALUE", help="Another notebook parameter.")
def figures(names, profile, seed, jobs, extra):
    """Run notebooks headlessly and draw their figures.

    NAME is a notebook's name without its number (the_circuit, self_predicting_state, error_in_the_dendrite,
    teacher_regression, mnist, backprop_approximation); without any, all are run.

    Figures go to figures/quick/ (profile quick, not committed) or figures/ (profile paper), as SVG and PNG, with a
    summary.json of parameters, versions and runtimes; executed notebooks go to build/notebooks/.

    \b
    dcm figures                                   all, quick
    dcm figures teacher_regression --seed 7       one, another seed
    dcm figures backprop_approximation --profile paper
    """
    from dcm import notebooks, runs

    try:
        if profile not in runs.PROFILES:
            raise ValueError(f"no profile is called {profile!r}; choose from {', '.join(runs.PROFILES)}")
        given = dict(map(_key_value, extra))
        if "profile" in given:
            raise ValueError("parameter profile has an option of its own: use --profile")
        planned = notebooks.prepare(names, profile, {"seed": seed, **given})
    except (ValueError, OSError) as error:
        raise BadInput(str(error)) from error
    began = time.time()
    try:
        _run(planned, profile, jobs)
    except KeyboardInterrupt:
        finished = [job for job in planned if job.process and job.error is None]
        notebooks.summarise(finished, profile, began)
        click.echo(f"\ninterrupted; finished before: {', '.join(job.name for job in finished) or 'none'}", err=True)
        raise SystemExit(130) from None
    summary, drawn = notebooks.summarise(planned, profile, began)
    for path in (*drawn, summary):
        click.echo(f"  {path.relative_to(runs.repository())}")
    failed = [job for job in planned if job.error]
    took = f"{time.time() - began:.0f} s"
    click.echo(f"{len(planned) - len(failed)} of {len(planned)} notebooks, {len(drawn)} figure files in {took}")
    if failed:
        raise SystemExit(1)


@main.command()
@click.option("--repeats", default=7, show_default=True, type=click.IntRange(1, 1000), help="Repetitions of each loop.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0), help="Seed of every random number.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON in place of the table.")
@click.option("--figure", type=click.Path(dir_okay=False), help="Where to draw, in place of figures/quick/benchmark.*.")
@click.option("--tiny", is_flag=True, hidden=True, help="Numbers that mean nothing, in seconds: for tests.")
def bench(repeats, seed, as_json, figure, tiny):
    """Measure the kernels' speed on one core, about a minute.

    Each kernel beside its plain NumPy twin, the two MNIST loops beside PyTorch (if it is installed), all beside this
    core's own matrix products and exponentials; then how far each kernel ends from its twin. Loops take turns, and
    every ratio is taken within one repetition. Draws figures/quick/benchmark.svg and .png.

    \b
    dcm bench                                 table and figure
    dcm bench --json > benchmark.json         everything, as JSON
    """
    import json

    import numpy as np

    from dcm.bench import Counts, report, run
    from dcm.runs import progress_bar

    if figure and Path(figure).suffix not in (".svg", ".png", ".pdf"):
        raise BadInput(f"--figure {figure}: give a file name that ends in .svg, .png or .pdf")
    if figure and not Path(figure).resolve().parent.is_dir():
        raise BadInput(f"--figure {figure}: there is no folder {Path(figure).parent}; make it first")
    counts = Counts.tiny() if tiny else Counts()
    result = run(np.random.default_rng(seed), repeats, counts, progress_bar)
    click.echo(json.dumps(result, indent=1) if as_json else report.table(result))
    for path in report.draw(result, figure):
        click.echo(f"  {path}", err=as_json)


def _run(planned, profile, jobs):
    """Execute with a bar of the estimated total and a line per finished notebook."""
    from tqdm import tqdm

    from dcm import notebooks

    total = sum(notebooks.expected(job, profile) for job in planned)
    form = "{percentage:3.0f}% |{bar}| {elapsed}, about {remaining} left {postfix}"
    with tqdm(total=total, bar_format=form, disable=None, leave=False) as bar:

        def report(job):
            state = "done" if job.error is None else "FAILED"
            tqdm.write(
                f"{state:6s} {job.source.stem:28s} {job.seconds:5.0f} s" + (f"  {job.error}" if job.error else "")
            )

        def tick(running, done):
            spent = [min(time.monotonic() - job.started, notebooks.expected(job, profile)) for job in running]
            bar.n = sum(spent) + sum(notebooks.expected(job, profile) for job in done)
            bar.set_postfix_str(", ".join(job.name for job in running))

        notebooks.execute(planned, jobs, report, tick)


def _key_value(text: str):
    key, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"parameter {text!r} has no value; write --parameter KEY=VALUE")
    try:
        return key, literal_eval(value)
    except (ValueError, SyntaxError):
        return key, value
