"""The recipe of each learner of Fig. 3, where the paper leaves it open, as a table."""

from dcm.experiments.mnist.runs import RUNS
from dcm.lab.run import Variant

COLUMNS = {  # field of ``Config``: heading
    "mixing_hidden": "λ_hid",
    "mixing_output": "λ_out",
    "mixing_interneuron": "λ_I",
    "scale_up": "scale",
    "scale_output": "…out",
    "gain_hidden": "gain",
    "gain_output": "…out",
    "hidden_threshold": "b_up",
    "inter_rate": "inter",
    "base_rate": "base",
    "epochs": "epochs",
}
MIXING = ("mixing_hidden", "mixing_output", "mixing_interneuron")
OF_CIRCUITS = (*MIXING, "gain_hidden", "gain_output", "inter_rate")
ABSENT = {  # what a learner has not got
    "backprop": OF_CIRCUITS,
    "single layer": (*OF_CIRCUITS, "scale_up", "hidden_threshold"),
    "all plastic": ("gain_hidden",),  # one hidden layer
}
# The field that stands for the base rate.
BASE_RATE = {"backprop": "backprop_rate", "single layer": "single_rate"}


def recipes() -> str:
    """The table: one line per variant, a dash where it has no such number."""
    words = "".join(f"{heading:>7s}" for heading in COLUMNS.values())
    return "\n".join([f"{'':24s}{words}   factors", *map(_line, RUNS)])


def _line(variant: Variant) -> str:
    config = variant.config
    values = {name: getattr(config, name) for name in COLUMNS}
    values["base_rate"] = getattr(config, BASE_RATE.get(config.learner, "base_rate"))
    absent = ABSENT.get(config.learner, ())
    cells = ["–" if name in absent else f"{value:g}" for name, value in values.items()]
    factors = [f"{factor:g}" for factor in config.hidden_rate]
    if config.learner in ("single layer", "frozen hidden layers"):
        factors = ["–"]
    elif config.learner == "hidden to hidden frozen":
        factors[1] = "–"
    row = "".join(f"{cell:>7s}" for cell in cells)
    return f"{variant.name.rpartition('/')[2]:24s}{row}   {', '.join(factors)}"
