"""Runs of notebook 04 at the paper's scale, and the table of their recipes (found by tools/mnist_search.py)."""

from __future__ import annotations

from dataclasses import replace

from dcm.experiments.mnist.experiment import Config, backprop_net, compute
from dcm.lab.run import Variant

DIGITS = Config.paper()
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


def _digits() -> dict[str, Variant]:
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
        "backprop": (backprop_net(SHORTER), 90),
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
        name: Variant(f"mnist/{name}", compute, config, seconds)
        for name, (config, seconds) in learners.items()
    }
    for lam, rates in MIXINGS.items():
        case = replace(MIXED, mixing_hidden=lam, mixing_output=lam, mixing_interneuron=lam, **rates)
        rows[f"mixing-{lam:g}"] = Variant(f"mnist/mixing-{lam:g}", compute, case, 70, 3)
    return rows


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
    for name, variant in VARIANTS.items():
        config = variant.config
        given = {field: getattr(config, field) for field in columns} | dict.fromkeys(
            absent.get(config.learner, ()), "–"
        )
        given["base_rate"] = getattr(config, rate.get(config.learner, "base_rate"))
        if config.learner == "hidden to hidden frozen":
            given["hidden_rate"] = (*given["hidden_rate"][:1], "–")
        factors = ", ".join(map(_short, given.pop("hidden_rate")))
        cells = "".join(f"{_short(value):>7s}" for value in given.values())
        lines.append(f"{name:24s}{cells}   {factors}")
    return "\n".join(lines)


def _short(value) -> str:
    return value if isinstance(value, str) else f"{value:g}"


VARIANTS = _digits()
MICROCIRCUIT, BACKPROP = VARIANTS["microcircuit"], VARIANTS["backprop"]
MIXING = {lam: VARIANTS[f"mixing-{lam:g}"] for lam in MIXINGS}
RUNS = tuple(VARIANTS.values())
