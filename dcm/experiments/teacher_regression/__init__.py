"""Notebook 03: the circuit learns a teacher network's function (Figs. 2, S1)."""
