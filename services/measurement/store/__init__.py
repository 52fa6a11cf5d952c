"""What the measurement service keeps: SQL and the sealing of identities, nothing else."""
