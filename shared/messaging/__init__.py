"""From Kafka to a transaction: batch consumer, three outcomes, dead letters, positions."""
