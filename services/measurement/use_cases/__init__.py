"""One verb a file: takes the open transaction and a batch, writes state and messages together."""
