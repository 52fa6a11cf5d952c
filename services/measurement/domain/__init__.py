"""Pure rules of what a child, a measurement and a row of a file may be."""
