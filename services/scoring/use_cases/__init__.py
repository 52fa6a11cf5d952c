"""One verb a file: takes the open transaction and a batch."""
