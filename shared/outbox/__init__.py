"""From a transaction to Kafka: append inside the transaction, one relay per service."""
