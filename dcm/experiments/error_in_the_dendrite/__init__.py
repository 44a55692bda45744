"""Notebook 02: a new target breaks the balance of an apical dendrite; learning restores it (Figs. 1B, 1C)."""
