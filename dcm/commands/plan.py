"""The runs behind the claims: every experiment, variant and seed at the paper's scale, by notebook."""

from __future__ import annotations

from dataclasses import replace

from dcm.experiments.backprop_approximation import experiment as backprop_approximation
from dcm.experiments.error_in_the_dendrite import experiment as error_in_the_dendrite
from dcm.experiments.mnist import experiment as mnist
from dcm.experiments.self_predicting_state import experiment as self_predicting_state
from dcm.experiments.teacher_regression import experiment as teacher_regression
from dcm.experiments.teacher_regression import in_continuous_time as teacher_continuous
from dcm.lab.paths import repository
from dcm.lab.run import Run
from dcm.lab.store import Result, ResultError, read

TEACHER = teacher_regression.Config.paper()
HALF = replace(TEACHER, n_patterns=5_000_000)
STRENGTHS = (0.2, 0.8, 2.0)  # g_A = g_som of F2n
FACTORS = (0.5, 1.0, 2.0)  # of the learning rates of F2r
DIGITS = mnist.Config.paper()
SHORTER = replace(
    DIGITS, epochs=100, decay=0.25 ** (1 / 100)
)  # all rates fall to a quarter, as over 200 epochs
FIRST = replace(
    SHORTER, scale_up=3.3, scale_output=3.3, gain_hidden=1.2, gain_output=7.0
)  # where the search began
# Its second round: quiet hidden cells and small weights into the output bear more feedback and faster learning.
QUIET = {"hidden_threshold": -2.0, "scale_output": 0.3, "base_rate": 0.015, "inter_rate": 4.0}
# F3g: the same weights for all mixing factors, with feedback that still lets λ = .5 learn; rates tuned for each λ.
MIXED = replace(
    DIGITS, **QUIET, scale_up=2.5, gain_hidden=0.8, gain_output=4.0, epochs=60, decay=0.25 ** (1 / 60)
)  # fmt: skip
MIXINGS = {
    0.1: {"hidden_rate": (3.0, 2.0)},
    0.3: {"hidden_rate": (19.0, 12.5)},
    0.5: {"hidden_rate": (40.0, 12.0), "base_rate": 0.02, "inter_rate": 3.0},
}


def plan(seeds: int = 5) -> list[Run]:
    """All runs; those that the claims ask for fewer seeds of get at most as many."""
    if seeds < 1:
        raise ValueError(f"seeds is {seeds}; give at least 1")
    return [
        Run(name, config, seed, module.compute, seconds)
        for name, (module, config, most, seconds) in variants().items()
        for seed in range(min(seeds, most or seeds))
    ]


def variants() -> dict[str, tuple]:
    """Per result name: (experiment module, config, largest number of seeds or None, rough seconds on one core)."""
    rows = {
        "self_predicting_state/lateral": (
            self_predicting_state,
            self_predicting_state.Config.paper(),
            None,
            4,
        ),
        "error_in_the_dendrite/association": (
            error_in_the_dendrite,
            error_in_the_dendrite.Config.paper(),
            None,
            5,
        ),
        "backprop_approximation/angles": (
            backprop_approximation,
            backprop_approximation.Config.paper(),
            None,
            20,
        ),
        "teacher_regression/full": (teacher_regression, TEACHER, None, 60),
        "teacher_regression/shallow": (
            teacher_regression,
            replace(TEACHER, learner="shallow"),
            None,
            50,
        ),
        "teacher_regression/continuous": (
            teacher_continuous,
            teacher_continuous.Config(),
            None,
            900,
        ),
    }
    weak = replace(TEACHER.conductances, apical=0.2, somatic=0.2)
    rows |= {  # for F2a: what brings the angle closer to 45°?
        "teacher_regression/weak-feedback": (
            teacher_regression,
            replace(TEACHER, conductances=weak),
            3,
            60,
        ),
        "teacher_regression/small-start": (
            teacher_regression,
            replace(TEACHER, scale_up=0.1),
            3,
            60,
        ),
        "teacher_regression/long": (
            teacher_regression,
            replace(TEACHER, n_patterns=40_000_000),
            2,
            240,
        ),
    }
    for g in STRENGTHS:
        case = replace(HALF, conductances=replace(HALF.conductances, apical=g, somatic=g))
        rows[f"teacher_regression/feedback-{g:g}"] = (teacher_regression, case, 3, 30)
    for noise in (0.0, 0.6):  # noise .3 is the first part of «continuous»
        case = replace(teacher_continuous.Config(), noise=noise, n_patterns=200_000)
        rows[f"teacher_regression/noise-{noise:g}"] = (teacher_continuous, case, 1, 400)
    for factor in FACTORS:
        for name, changed in (
            ("rates", ("eta_up", "eta_ip", "eta_pi")),
            ("inter-rate", ("eta_ip",)),
        ):
            if (name, factor) != ("inter-rate", 1.0):  # the same as all rates times 1
                case = replace(
                    HALF, **{field: _times(getattr(HALF, field), factor) for field in changed}
                )
                rows[f"teacher_regression/{name}-x{factor:g}"] = (teacher_regression, case, 2, 30)
    return {**rows, **_digits()}


def _digits() -> dict[str, tuple]:
    """The MNIST rows of ``variants``; recipes as found by tools/mnist_search.py."""
    frozen = {"scale_up": 6.0, "scale_output": 6.0, "base_rate": 0.05, "inter_rate": 1.0}
    fixed = {
        **QUIET,
        "scale_up": 4.5,
        "gain_hidden": 13.0,
        "gain_output": 20.0,
        "hidden_rate": (3.0, 1.0),
    }
    learners = {
        "microcircuit": (DIGITS, 210),
        "backprop": (mnist.backprop_net(SHORTER), 90),
        "single-layer": (replace(FIRST, learner="single layer"), 20),
        "frozen-hidden": (
            replace(
                FIRST, learner="frozen hidden layers", epochs=60, decay=0.25 ** (1 / 60), **frozen
            ),
            40,
        ),
        "hidden-to-hidden-frozen": (
            replace(SHORTER, learner="hidden to hidden frozen", **fixed),
            95,
        ),
        "all-plastic": (
            replace(
                FIRST, learner="all plastic", hidden=(1000,), hidden_rate=(1.0,), gain_output=20.0
            ),
            110,
        ),
    }
    rows = {
        f"mnist/{name}": (mnist, config, None, seconds)
        for name, (config, seconds) in learners.items()
    }
    for lam, rates in MIXINGS.items():
        case = replace(MIXED, mixing_hidden=lam, mixing_output=lam, mixing_interneuron=lam, **rates)
        rows[f"mnist/mixing-{lam:g}"] = (mnist, case, 3, 70)
    return rows


def _times(rate, factor):
    return tuple(factor * r for r in rate) if isinstance(rate, tuple) else factor * rate


def recipes() -> str:
    """What each learner of Fig. 3 was given where the paper leaves it open, as a table; a dash where it has no such."""
    circuit = (
        "mixing_hidden",
        "mixing_output",
        "mixing_interneuron",
        "gain_hidden",
        "gain_output",
        "inter_rate",
    )
    absent = {
        "backprop": circuit,
        "single layer": (*circuit, "scale_up", "hidden_threshold", "hidden_rate"),
        "frozen hidden layers": ("hidden_rate",),
        "all plastic": ("gain_hidden",),  # one hidden layer
    }
    rate = {"backprop": "backprop_rate", "single layer": "single_rate"}
    columns = {
        "mixing_hidden": "λ_hid", "mixing_output": "λ_out", "mixing_interneuron": "λ_I", "scale_up": "scale",
        "scale_output": "…out", "gain_hidden": "gain", "gain_output": "…out", "hidden_threshold": "b_up",
        "inter_rate": "inter", "base_rate": "base", "epochs": "epochs", "hidden_rate": "factors",
    }  # fmt: skip
    *words, last = columns.values()
    lines = [f"{'':24s}" + "".join(f"{word:>7s}" for word in words) + f"   {last}"]
    for name, (_, config, *_) in _digits().items():
        given = {field: getattr(config, field) for field in columns} | dict.fromkeys(
            absent.get(config.learner, ()), "–"
        )
        given["base_rate"] = getattr(config, rate.get(config.learner, "base_rate"))
        if config.learner == "hidden to hidden frozen":
            given["hidden_rate"] = (*given["hidden_rate"][:1], "–")
        factors = ", ".join(map(_short, given.pop("hidden_rate")))
        cells = "".join(f"{_short(value):>7s}" for value in given.values())
        lines.append(f"{name.partition('/')[2]:24s}{cells}   {factors}")
    return "\n".join(lines)


def _short(value) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def of_notebook(name: str, seeds: int = 5) -> list[Run]:
    """The runs whose figure the notebook called ``name`` shows (none for those that only compute on the spot)."""
    return [run for run in plan(seeds) if run.name.startswith(f"{name}/")]


def load(name: str) -> list[Saved]:
    """The committed results called ``name``, «experiment/variant», one a seed; empty where there are none yet.

    Raises ``ResultError`` naming the file if one was truncated, edited, or made with another config than the plan's.
    """
    module, config, _, seconds = variants()[name]
    found = [read(path) for path in sorted((repository() / "results").glob(f"{name}-seed*.npz"))]
    for saved in found:
        run = Run(name, config, saved.about.get("seed"), module.compute, seconds)
        if saved.path.name != run.path().name or not run.made(saved):
            raise ResultError(
                f"{saved.path} was made with another config or seed; dcm figures --profile paper computes it again"
            )
    return found


def labelled(experiment: str, labels: dict[str, str]) -> dict[str, list[Saved]]:
    """Results of several variants by the label that a legend shows; ``labels`` maps variants to labels."""
    return {label: load(f"{experiment}/{variant}") for variant, label in labels.items()}
