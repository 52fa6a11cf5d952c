"""WHO growth arithmetic: decided by the WHO, needed by more than one service, hence no service's own."""
