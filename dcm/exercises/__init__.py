"""Exercises that check themselves.

``check("2.1", answer)``, ``hint("2.1")``, ``solution("2.1")`` and ``use("2.1", answer)`` are what a student calls; the
student notebooks are in ``notebooks/exercises``, the reference solutions in the topic modules here.
"""

from dcm.exercises.checker.desk import CATALOGUE, TOPICS, Desk

_desk = Desk()
begin, check, hint, solution, use = _desk.begin, _desk.check, _desk.hint, _desk.solution, _desk.use

__all__ = ["CATALOGUE", "TOPICS", "Desk", "begin", "check", "hint", "solution", "use"]
