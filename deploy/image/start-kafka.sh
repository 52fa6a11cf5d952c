#!/bin/bash
# One Kafka node in a container: accounts and access as on every other installation, made at its first start.
# Wants KAFKA_CLUSTER_ID, KAFKA_ADVERTISED, and KAFKA_PASSWORD_<ACCOUNT> of admin, controller and the four services.
set -euo pipefail
home=${KAFKA_HOME:-/opt/kafka}
data=${KAFKA_DATA:-/var/lib/kafka/data}
settings=$(mktemp)
module=org.apache.kafka.common.security

cat >"$settings" <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:9093
listeners=CLIENTS://:9092,CONTROLLER://127.0.0.1:9093
advertised.listeners=CLIENTS://$KAFKA_ADVERTISED
controller.listener.names=CONTROLLER
inter.broker.listener.name=CLIENTS
listener.security.protocol.map=CLIENTS:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-256
sasl.mechanism.controller.protocol=PLAIN
listener.name.clients.sasl.enabled.mechanisms=SCRAM-SHA-256
listener.name.clients.scram-sha-256.sasl.jaas.config=$module.scram.ScramLoginModule required username="admin" password="$KAFKA_PASSWORD_ADMIN";
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config=$module.plain.PlainLoginModule required username="controller" password="$KAFKA_PASSWORD_CONTROLLER" user_controller="$KAFKA_PASSWORD_CONTROLLER";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:admin;User:controller
log.dirs=$data
auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
PROPERTIES

accounts=()
for account in admin measurement lab scoring reporting; do
  variable=KAFKA_PASSWORD_${account^^}
  accounts+=(--add-scram "SCRAM-SHA-256=[name=$account,password=${!variable}]")
done
# Only the first start lays anything out: later ones find the directory formatted and leave it as it is.
"$home/bin/kafka-storage.sh" format --ignore-formatted --cluster-id "$KAFKA_CLUSTER_ID" --config "$settings" "${accounts[@]}"
exec "$home/bin/kafka-server-start.sh" "$settings"
