"""Laboratory: for now what it must know before it can order anything, children and their cases."""
