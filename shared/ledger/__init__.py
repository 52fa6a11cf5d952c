"""Three ledgers: intake, bus, facts. No term is a remainder of the others."""
