"""One folder, one database schema, one process family each; they share nothing but the wire."""
