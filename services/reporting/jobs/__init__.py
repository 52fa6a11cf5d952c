"""Work beside requests and records."""
