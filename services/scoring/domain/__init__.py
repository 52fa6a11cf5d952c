"""Pure rules of growth and risk over numpy columns: no I/O but the tables beside the code, no clock."""
