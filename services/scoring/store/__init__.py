"""SQL of scoring and nothing else."""
