"""SQL of the laboratory service and nothing else."""
