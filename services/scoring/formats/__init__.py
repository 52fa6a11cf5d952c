"""Bytes and rows of what is scored for others."""
