"""Long work that survives a crash: one job table, one claim loop, chunks that commit with their cursor."""
