"""How the services talk: contracts, bus, database, HTTP. Never what a service decides."""
