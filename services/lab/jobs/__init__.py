"""Background work of the laboratory service."""
