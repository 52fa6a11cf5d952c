"""How the system is run: on one machine, as a simulated district, on a cluster."""
