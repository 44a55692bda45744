"""Notebook 04: handwritten digits with the two-pass dynamics (Fig. 3)."""
