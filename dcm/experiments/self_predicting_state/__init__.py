"""Notebook 01: lateral plasticity alone finds the self-predicting state (Figs. S1, 1C)."""
