"""Notebook 00: the circuit, and one pattern on its way to the steady state (Fig. 1A, Eqs. 1-5)."""
