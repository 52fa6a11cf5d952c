"""Routes of the measurement API: parse, call a use case or a read, answer."""
