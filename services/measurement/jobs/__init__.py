"""Work that outlives a request: a file is diagnosed, then taken in chunk by chunk."""
