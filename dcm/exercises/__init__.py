"""Exercises that check themselves.

``check("2.1", answer)``, ``hint("2.1")``, ``solution("2.1")`` and ``use("2.1", answer)`` are what
a student calls; the notebooks are in ``notebooks/exercises``, the solutions in the chapters here.
"""

from dcm.exercises.desk import CATALOGUE, TOPICS, Desk

_desk = Desk()
begin = _desk.begin
check = _desk.check
hint = _desk.hint
solution = _desk.solution
use = _desk.use

__all__ = ["CATALOGUE", "TOPICS", "Desk", "begin", "check", "hint", "solution", "use"]
