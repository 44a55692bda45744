"""Notebook 05: updates become backprop's as the mixing factor falls (Section 3.1)."""
