"""What every experiment needs and none owns: result files, checkpoints, processes, progress, drawing, verdicts."""
