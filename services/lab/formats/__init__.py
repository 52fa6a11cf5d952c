"""Messages of laboratories: bytes in, rows out."""
