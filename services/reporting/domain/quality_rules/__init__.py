"""What makes measurements doubtful, as data: one TOML file a version, every number with its source."""
