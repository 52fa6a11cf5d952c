"""Event kinds to use cases."""
