"""Shared by all experiments: result files, checkpoints, processes, progress, drawing, verdicts."""
