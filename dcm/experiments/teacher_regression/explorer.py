"""Explorer of notebook 03: curves of Figs. 2 and S1 for weak and strong feedback, from results."""

from dataclasses import dataclass

import numpy as np

from dcm.experiments.teacher_regression.runs import FEEDBACK
from dcm.lab.drawing import COLOURS
from dcm.lab.store import Result
from dcm.lab.widgets import Choice, canvas, styled

MEASURES = {
    "error": r"squared error $\|r_2 - r^*\|^2$",
    "distance_ip": r"relative distance of $W^{IP}$",
    "distance_pi": r"relative distance of $W^{PI}$",
    "angle_weights": r"angle of $W_{2,1}^T$ to $W_{1,2}$ (degrees)",
}
WORDS = {
    "squared error": "error",
    "distance of w_ip": "distance_ip",
    "distance of w_pi": "distance_pi",
    "angle up to down": "angle_weights",
}
CONTROLS = {
    "strength": Choice("feedback and nudging $g_A = g_{som}$", tuple(FEEDBACK)),
    "measure": Choice("shown", WORDS),
}
LINES = ((COLOURS["pyramidal"], "--"), (COLOURS["apical"], "-"), (COLOURS["interneuron"], "-."))


@dataclass(frozen=True)
class Course:
    """One measure over ``patterns`` (n,) at one strength of feedback."""

    strength: float
    measure: str
    patterns: np.ndarray
    values: np.ndarray

    def __str__(self):
        least = self.values.argmin()
        words = f"{self.measure} at g_A = g_som = {self.strength:g}: "
        words += f"{self.values[0]:.3g} at the start, "
        words += f"{self.values[-1]:.3g} after {self.patterns[-1]:,.0f} patterns, "
        return words + f"smallest {self.values[least]:.3g} after {self.patterns[least]:,.0f}"


def committed() -> dict[float, Result]:
    """The first paper-scale result of each strength g_A = g_som that has any."""
    per_strength = {g: variant.results() for g, variant in FEEDBACK.items()}
    return {g: results[0] for g, results in per_strength.items() if results}


@styled
def feedback_strength(results, strength=0.8, measure="error") -> Course:
    """One measure of the full circuit over the patterns shown, the chosen strength in front.

    ``results`` maps g_A = g_som to results. A strength or measure that is not there is an error.
    """
    for name, given, known in (("strength", strength, results), ("measure", measure, MEASURES)):
        if given not in known:
            names = ", ".join(map(str, known))
            raise ValueError(f"there is no result for {name} {given!r}; choose from {names}")
    _, (ax,) = canvas(1, 1, (8, 4), left=0.1, right=0.97, bottom=0.14, top=0.91)
    for (colour, style), (g, result) in zip(LINES, sorted(results.items()), strict=False):
        front = {"lw": 3.0, "zorder": 3} if g == strength else {"lw": 1.0}
        look = {"color": colour, "ls": style, "label": f"{g:g}", **front}
        ax.plot(result["patterns"], result[measure], **look)
    ax.set(xlabel="patterns shown", ylabel=MEASURES[measure], ylim=(0, None))
    ax.set_title("Full circuit, from weak to strong feedback")
    ax.legend(title="$g_A = g_{som}$")
    return Course(strength, measure, results[strength]["patterns"], results[strength][measure])
