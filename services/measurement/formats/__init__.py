"""Bytes of ministry files to judged rows, and back."""
