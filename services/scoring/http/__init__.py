"""Routes: parse, use case or read, answer."""
