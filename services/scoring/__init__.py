"""Scoring: growth scores, risk status with its reasons, cases and follow-ups."""
