"""Where batches of events come in."""
