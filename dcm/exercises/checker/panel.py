"""The student's curve beside the reference's."""

from __future__ import annotations

import numpy as np

from dcm.exercises.checker.diagnosis import numbers
from dcm.exercises.checker.running import Failed, evaluate
from dcm.lab.drawing import COLOURS, STYLE


def beside(exercise, answer):
    """A figure with both curves of ``exercise``; None where it has none or the answer's cannot be computed."""
    import matplotlib.pyplot as plt

    curve = exercise.curve
    if curve is None:
        return None
    try:
        yours = numbers(evaluate(curve.y, {"the curve": (answer,)})[0])
    except (Failed, TypeError):
        return None
    if yours.shape != curve.x.shape or not np.isfinite(yours).any():
        return None
    with plt.style.context(STYLE):
        figure, ax = plt.subplots(figsize=(5, 3))
        curves(ax, curve, yours, curve.y(exercise.solution))
    return figure


def curves(ax, curve, yours, reference):
    """Draw ``yours`` (n_points,) over ``reference`` (n_points,); returns both lines."""
    lines = ax.plot(curve.x, reference, color=COLOURS["target"], lw=4, alpha=0.35, label="target")
    lines += ax.plot(curve.x, yours, color=COLOURS["apical"], ls="--", label="yours")
    ax.set(xlabel=curve.xlabel, ylabel=curve.ylabel)
    ax.legend()
    return lines
