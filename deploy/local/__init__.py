"""The real parts on one machine: PostgreSQL, Apache Kafka and the services as processes, behind `./tumbuh`."""
