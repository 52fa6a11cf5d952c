"""Rules of the laboratory: catalogue, units, orders, critical values. Pure."""
