"""What reporting does: project facts, rebuild, verify, answer for an area."""
