"""The command line: ``dcm figures`` rebuilds the paper's figures by running the notebooks, ``dcm bench`` measures."""

from __future__ import annotations

import os
import time
from ast import literal_eval

import click

HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class BadInput(click.ClickException):
    """One readable line on standard error, exit code 2."""

    exit_code = 2


def _check_jobs(context, option, jobs: int) -> int:
    """``jobs``, with a note when the user asks for more than there are cores."""
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    if jobs > cores and context.get_parameter_source(option.name).name != "DEFAULT":
        click.echo(
            f"note: --jobs {jobs} on {cores} cores: they will share cores; --jobs {cores} is as fast",
            err=True,
        )
    return jobs


@click.group(context_settings=HELP)
@click.version_option(package_name="dcm")
def main():
    """Companion to Sacramento et al. (2018): rebuild the paper's figures from simulations run now.

    \b
    dcm figures                        every figure, quick profile (minutes)
    dcm figures mnist --seed 3         one notebook, another seed
    dcm figures --profile paper        the paper's own scale
    dcm claims                         the paper's values beside ours
    dcm bench                          how fast the kernels are here
    """


@main.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--profile",
    default="quick",
    show_default=True,
    help="quick: minutes; paper: the paper's scale.",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(min=0),
    help="Seed of every random number.",
)
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1, 64), callback=_check_jobs,
              help="Processes at a time, one core each.")  # fmt: skip
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    help="Profile paper: seeds 0…K-1 of every run (default 5).",
)
@click.option(
    "--force", is_flag=True, help="Profile paper: compute again what results/ already holds."
)
@click.option(
    "-p",
    "--parameter",
    "extra",
    multiple=True,
    metavar="KEY=VALUE",
    help="Another notebook parameter.",
)
def figures(names, profile, seed, jobs, seeds, force, extra):
    """Run notebooks headlessly and draw their figures.

    Profile paper first computes the paper-scale results that results/ does not hold yet: hours for everything, in
    processes of their own, with checkpoints (Ctrl-C and the same command again go on where it stopped).

    NAME is a notebook's name without its number (the_circuit, self_predicting_state, error_in_the_dendrite,
    teacher_regression, mnist, backprop_approximation, why_replications_fail); without any, all are run.

    Figures go to figures/quick/ (profile quick, not committed) or figures/ (profile paper), as SVG and PNG, with a
    summary.json of parameters, versions and runtimes; executed notebooks go to build/notebooks/.

    \b
    dcm figures                                   all, quick
    dcm figures teacher_regression --seed 7       one, another seed
    dcm figures backprop_approximation --profile paper
    """
    from dcm.commands import figures as console
    from dcm.commands import notebooks
    from dcm.lab import progress as runs

    try:
        planned, wanted = _planned(names, profile, seed, seeds, force, extra)
    except (ValueError, OSError) as error:
        raise BadInput(str(error)) from error
    began = time.time()
    try:
        if profile == "paper" and not console.compute(wanted, jobs, force):
            raise SystemExit(1)
        console.run_notebooks(planned, jobs)
    except KeyboardInterrupt:
        finished = [job for job in planned if job.process and job.error is None]
        notebooks.summarise(finished, profile, began)
        click.echo(
            f"\ninterrupted; notebooks finished before: {', '.join(job.name for job in finished) or 'none'}",
            err=True,
        )
        raise SystemExit(130) from None
    summary, drawn = notebooks.summarise(planned, profile, began)
    for path in (*drawn, summary):
        click.echo(f"  {path.relative_to(runs.repository())}")
    failed = [job for job in planned if job.error]
    took = f"{time.time() - began:.0f} s"
    click.echo(
        f"{len(planned) - len(failed)} of {len(planned)} notebooks, {len(drawn)} figure files in {took}"
    )
    if failed:
        raise SystemExit(1)


@main.command()
@click.option(
    "--json", "as_json", is_flag=True, help="Print a list of objects instead; write nothing."
)
def claims(as_json):
    """Print the paper's claims beside what was measured, from the results in results/; nothing is run.

    Also writes figures/claims.md and the table in README.md, if they changed.
    """
    import json

    from dcm.commands import claims
    from dcm.commands import plan as paper_scale
    from dcm.lab import jobs as scheduler
    from dcm.lab import store as results

    try:
        rows = claims.table()
    except results.ResultError as error:
        raise BadInput(str(error)) from error
    if as_json:
        click.echo(json.dumps(claims.as_json(rows), indent=1, ensure_ascii=False))
        return
    click.echo(claims.text(rows))
    if missing := [run for run in paper_scale.plan() if not run.path().is_file()]:
        words = f"{len(missing)} results are missing ({scheduler.named(missing)})"
        click.echo(f"note: {words}; dcm figures --profile paper computes them", err=True)
    for path in claims.publish(rows):
        click.echo(f"wrote {path}", err=True)


@main.command()
@click.option(
    "--repeats",
    default=7,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="Repetitions of each loop.",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(min=0),
    help="Seed of every random number.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON in place of the table.")
@click.option(
    "--figure",
    type=click.Path(dir_okay=False),
    help="Where to draw, in place of figures/quick/benchmark.*.",
)
@click.option(
    "--tiny", is_flag=True, hidden=True, help="Numbers that mean nothing, in seconds: for tests."
)
def bench(**options):
    """Measure the kernels' speed on one core, in a minute or two; print a table and draw it.

    Each kernel beside its plain NumPy twin, the MNIST loops beside PyTorch (if it is installed), all beside this core's
    own matrix products and exponentials; every ratio within one repetition. Then how far kernels end from their twins.
    """
    from dcm.commands.bench.report import publish

    try:
        publish(**options)
    except ValueError as error:
        raise BadInput(str(error)) from error


def _planned(names, profile, seed, seeds, force, extra) -> tuple[list, list]:
    """(notebooks to run, paper-scale results that they show); mistakes are ``ValueError``s before anything runs."""
    from dcm.commands import notebooks
    from dcm.commands import plan as paper_scale
    from dcm.lab import progress as runs

    if profile not in runs.PROFILES:
        raise ValueError(
            f"no profile is called {profile!r}; choose from {', '.join(runs.PROFILES)}"
        )
    given = dict(map(_key_value, extra))
    if "profile" in given:
        raise ValueError("parameter profile has an option of its own: use --profile")
    if profile != "paper" and (seeds or force):
        raise ValueError("--seeds and --force belong to paper-scale results: add --profile paper")
    planned = notebooks.prepare(names, profile, {"seed": seed, **given})
    return planned, [
        run for job in planned for run in paper_scale.of_notebook(job.name, seeds or 5)
    ]


def _key_value(text: str):
    key, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"parameter {text!r} has no value; write --parameter KEY=VALUE")
    try:
        return key, literal_eval(value)
    except (ValueError, SyntaxError):
        return key, value
