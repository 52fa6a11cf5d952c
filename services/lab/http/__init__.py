"""Routes of the laboratory service."""
