"""The student's curve beside the reference's."""

from __future__ import annotations

import numpy as np

from dcm.exercises.checker.diagnosis import numbers
from dcm.exercises.checker.running import Failed, evaluate
from dcm.lab.drawing import COLOURS, STYLE


def draw_comparison(exercise, answer):
    """A figure with both curves of ``exercise``; None without a curve, or if the answer fails."""
    import matplotlib.pyplot as plt

    curve = exercise.curve
    if curve is None:
        return None
    try:
        yours = numbers(evaluate(curve.y, {"the curve": (answer, curve.x)})[0])
    except (Failed, TypeError):
        return None
    if yours.shape != curve.x.shape or not np.isfinite(yours).any():
        return None
    with plt.style.context(STYLE):
        figure, ax = plt.subplots(figsize=(5, 3))
        target = curve.y(exercise.solution, curve.x)
        ax.plot(curve.x, target, color=COLOURS["target"], lw=4, alpha=0.35, label="target")
        ax.plot(curve.x, yours, color=COLOURS["apical"], ls="--", label="yours")
        ax.set(xlabel=curve.xlabel, ylabel=curve.ylabel)
        ax.legend()
    return figure
