"""Work beside the consumer."""
