"""The command line: ``dcm figures`` draws, ``dcm claims`` judges, ``dcm bench`` measures."""

import errno
import os
import signal
import sys
from ast import literal_eval
from functools import partial

import click

from dcm.lab import interrupt
from dcm.lab.lacking import lacking
from dcm.lab.paths import NoClone, WrongCode, mixed
from dcm.lab.store import ResultError
from dcm.model.files import REMEDIES, WriteError

HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100, "show_default": True}
SEED = click.IntRange(0, 2**32 - 1)
WORDS = {  # on the options of ``dcm figures``
    "profile": "quick: run the notebooks.  paper: first compute the missing paper-scale results.",
    "seed": "Seed of the notebooks' own runs; paper-scale results have the seeds of --seeds.",
    "jobs": "Processes at a time, one core each.",
    "seeds": "Profile paper: seeds 0…K-1 of every paper-scale result (default 5).",
    "force": "Profile paper: compute again what results/ already holds. Interrupted, the same "
    "command goes on; an old result stays until a new one replaces it.",
    "parameter": "Another notebook parameter.",
}


class BadInput(click.ClickException):
    """One readable line on standard error, exit code 2."""

    exit_code = 2


class Commands(click.Group):
    """Ctrl-C, or a file that must not be used or cannot be written, ends a command in one line."""

    def main(self, *arguments, **options):
        """Begin; what the terminal's encoding does not hold is printed as an escape.

        Signals are answered at once, except where a command holds them back.
        """
        for name in [name for name in os.environ if name.startswith("TQDM_")]:
            del os.environ[name]  # settings of other bars; one bad value ends every command
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        try:
            with interrupt.handled(interrupt.leave):
                return super().main(*arguments, **options)
        except OSError as error:  # also of the help, on a full disk
            BadInput(_in_words(error)).show()
            sys.exit(1)

    def invoke(self, context):
        """Run the command that was typed."""
        try:
            return super().invoke(context)
        except (ResultError, WriteError, NoClone, WrongCode) as error:
            raise BadInput(str(error)) from error
        except ModuleNotFoundError as error:
            raise BadInput(lacking(error.name) or str(error)) from error
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            context.exit(interrupt.status(signal.SIGINT))


def _in_words(error: OSError) -> str:
    """One line on what none of our own errors says: mostly that nothing more can be printed."""
    remedy = REMEDIES.get(errno.errorcode.get(error.errno))
    if remedy is None:
        return str(error)
    return f"{error.filename or 'the output'}: {error.strerror}; {remedy}, then run the same again"


def _was_given(context, name: str) -> bool:
    return context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT


def _note(text: str) -> None:
    click.echo(f"note: {text}", err=True)


@click.group(cls=Commands, context_settings=HELP)
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
@click.option("--profile", default="quick", help=WORDS["profile"])
@click.option("--seed", default=0, type=SEED, help=WORDS["seed"])
@click.option("--jobs", default=2, type=click.IntRange(1, 64), help=WORDS["jobs"])
@click.option("--seeds", type=click.IntRange(min=1), help=WORDS["seeds"])
@click.option("--force", is_flag=True, help=WORDS["force"])
@click.option("-p", "--parameter", multiple=True, metavar="KEY=VALUE", help=WORDS["parameter"])
@click.pass_context
def figures(context, names, profile, seed, jobs, seeds, force, parameter):
    """Run notebooks headlessly and draw their figures.

    NAME is a notebook's name or its number (0 the_circuit, 1 self_predicting_state,
    2 error_in_the_dendrite, 3 teacher_regression, 4 mnist, 5 backprop_approximation,
    6 why_replications_fail); without any, all are run.

    Profile quick: each notebook makes its own short run and draws it; the paper-scale figures
    beside it are drawn from the results in results/. All go to figures/quick/, which is not
    committed.

    Profile paper: first computes the paper-scale results that results/ lacks: hours for everything,
    in processes of their own, with checkpoints (Ctrl-C and the same command again go on where it
    stopped). Then it runs the notebooks in the same way, but the paper-scale figures go to
    figures/. (6 keeps no results: here the profile makes its own run longer.)

    Figures are SVG and PNG, beside a summary.json of parameters, versions and runtimes; executed
    notebooks go to build/notebooks/.

    \b
    dcm figures                                   all, quick
    dcm figures teacher_regression --seed 7       one, another seed
    dcm figures 5 --profile paper
    """
    from dcm.commands.figures import compute, draw, prepare

    affinity = getattr(os, "sched_getaffinity", None)  # where the system can tell
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    if jobs > cores and _was_given(context, "jobs"):
        _note(f"--jobs {jobs} on {cores} cores: they will share cores; --jobs {cores} is as fast")
    try:
        parameters = {"seed": seed, **dict(map(_key_value, parameter))}
        if isinstance(parameters["seed"], int) and not 0 <= parameters["seed"] <= SEED.max:
            raise ValueError(f"parameter seed is {parameters['seed']}; give 0 to {SEED.max}")
        notebooks, runs = prepare(names, profile, parameters, seeds, force)
    except (ValueError, OSError) as error:
        raise BadInput(str(error)) from error
    if runs and _was_given(context, "seed"):
        others = "paper-scale results have the seeds 0, 1, … (--seeds)"
        _note(f"--seed {seed} is of the notebooks' own runs; {others}")
    context.exit(compute(runs, jobs, force) or draw(notebooks, profile, jobs))


def _key_value(text: str):
    """``KEY=VALUE`` as a pair; a value that is no Python literal is a string."""
    key, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"parameter {text!r} has no value; write --parameter KEY=VALUE")
    try:
        return key, literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):  # the latter: deeply nested
        return key, value


@main.command()
@click.option(
    "--json", "as_json", is_flag=True, help="Print a list of objects instead; write nothing."
)
def claims(as_json):
    """Print the paper's claims beside what was measured. Reads results/; nothing is run.

    Also writes figures/claims.md and the table in README.md, if they changed.
    """
    import json
    from dataclasses import asdict

    from dcm.commands import claims
    from dcm.commands.plan import MOST_SEEDS, plan
    from dcm.lab import outdated
    from dcm.lab.run import in_words

    if words := mixed(writes=not as_json, notebooks=False):
        _note(words)
    rows = claims.table()
    if as_json:
        click.echo(json.dumps(list(map(asdict, rows)), indent=1))
        return
    click.echo(claims.text(rows))
    outdated.remark(partial(click.echo, err=True), lambda: plan(MOST_SEEDS))
    missing = [run for run in plan() if not run.path.is_file()]
    if missing:
        remedy = "dcm figures --profile paper computes them"
        _note(f"{len(missing)} results are missing ({in_words(missing)}); {remedy}")
    with interrupt.held_back():
        changed = claims.publish(rows)
    for path in changed:
        click.echo(f"wrote {path}", err=True)


@main.command()
@click.option(
    "--repeats", default=7, type=click.IntRange(1, 1000), help="Repetitions of each loop."
)
@click.option("--seed", default=0, type=SEED, help="Seed of weights and data.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON in place of the table.")
@click.option("--tiny", is_flag=True, hidden=True, help="For tests: numbers that mean nothing.")
def bench(**options):
    """Measure the kernels' speed on one core, in a minute or two.

    Each kernel beside its plain NumPy twin, the MNIST loops beside PyTorch too if it is installed;
    every ratio within one repetition. Then how far the kernels end from their twins.
    """
    from dcm.commands.bench import publish
    from dcm.experiments.mnist.sources import DataError

    try:
        publish(**options)
    except DataError as error:
        raise BadInput(str(error)) from error
