"""Notebook 06: ten mistakes that keep a replication from working, each beside the correct run."""
