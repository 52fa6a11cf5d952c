"""Kubernetes, offline: what is generated and rendered is what its sources say, and fits its schemas.

Core kinds are checked with the schemas of Kubernetes itself, custom resources with those in deploy/k8s/schemas.
"""

import copy
import json
from collections.abc import Callable
from typing import cast

import jsonschema
import kubernetes_validate
import pytest
import yaml

from deploy.k8s import export
from shared.contracts.topics import SERVICES, TOPICS
from tests.unit.deploy.rendered import MANIFESTS, Manifest, name_of, of_kind

SCHEMAS = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in (export.HERE / "schemas").glob("*.json")}
OLDEST, NEWEST = "1.29", "1.37"  # of Kubernetes


def check(manifest: Manifest, version: str = NEWEST) -> None:
    """ValidationError of either validator if `manifest` does not fit."""
    if manifest["kind"] in SCHEMAS:
        jsonschema.Draft202012Validator(SCHEMAS[manifest["kind"]]).validate(manifest)
    else:
        kubernetes_validate.validate(manifest, version, strict=True)


def test_what_is_generated_and_rendered_is_what_its_sources_say() -> None:
    assert export.problems() == []


def test_a_base_that_was_changed_and_not_rendered_is_seen_without_kustomize(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "kustomize", lambda: None)
    assert export.problems() == []
    monkeypatch.setattr(export, "base_digest", lambda: "of other files")
    assert any("rendered.yaml" in problem for problem in export.problems())


def test_every_manifest_fits_its_schema() -> None:
    for manifest in MANIFESTS:
        check(manifest)


def test_every_kind_of_manifest_fits_the_oldest_kubernetes_too() -> None:
    for manifest in {item["kind"]: item for item in MANIFESTS}.values():
        check(manifest, OLDEST)


def misspelt(manifest: Manifest) -> None:
    manifest["spec"]["replica"] = 3


def of_wrong_type(manifest: Manifest) -> None:
    first = next(iter(manifest["spec"]))
    manifest["spec"][first] = 3.5


@pytest.mark.parametrize("kind", ["Deployment", "NetworkPolicy", "PodDisruptionBudget", "Job", *sorted(SCHEMAS)])
@pytest.mark.parametrize("harm", [misspelt, of_wrong_type])
def test_a_misspelt_or_wrong_field_is_seen(kind: str, harm: Callable[[Manifest], None]) -> None:
    manifest = copy.deepcopy(next(iter(of_kind(kind).values())))
    check(manifest)
    harm(manifest)
    with pytest.raises((jsonschema.ValidationError, kubernetes_validate.ValidationError)):
        check(manifest)


def test_every_schema_is_one_and_is_used() -> None:
    for schema in SCHEMAS.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    assert set(SCHEMAS) == {item["kind"] for item in MANIFESTS if "." in item["apiVersion"].split("/")[0]} - {
        "NetworkPolicy"
    }


def test_names_are_given_once_and_in_one_namespace() -> None:
    assert len({name_of(item) for item in MANIFESTS}) == len(MANIFESTS)
    places = {item["metadata"].get("namespace") for item in MANIFESTS if item["kind"] != "Namespace"}
    assert places == {"tumbuh"}


def test_the_alerts_are_those_of_the_compose_file() -> None:
    rules = yaml.safe_load(export.ALERT_RULES.read_text(encoding="utf-8"))
    assert of_kind("PrometheusRule")["tumbuh"]["spec"] == rules


@pytest.mark.parametrize("service", SERVICES)
def test_an_account_of_kafka_may_write_its_own_topics_and_read_those_it_consumes(service: str) -> None:
    """The same as the access list of every other installation; spelt out for one service as a cross-check."""
    acls = of_kind("KafkaUser")[service]["spec"]["authorization"]["acls"]
    lines = {
        (item["resource"]["type"], item["resource"]["name"], item["resource"]["patternType"], *item["operations"])
        for item in acls
    }
    assert ("group", f"tumbuh-{service}", "prefix", "Read") in lines
    assert {line for line in lines if line[3] == "Write"} == {
        ("topic", topic.name, "literal", "Write") for topic in TOPICS if topic.producer == service
    }
    if service == "lab":
        assert {line[1] for line in lines if line[0] == "topic" and line[3] == "Read"} == {
            "tumbuh.measurement.v1",
            "tumbuh.risk.v1",
        }


def test_every_topic_survives_the_loss_of_a_node() -> None:
    nodes = of_kind("KafkaNodePool")["node"]["spec"]["replicas"]
    topics = of_kind("KafkaTopic")
    assert set(topics) == {topic.name for topic in TOPICS}
    for topic in topics.values():
        spec = topic["spec"]
        assert nodes >= cast("int", spec["replicas"]) > spec["config"]["min.insync.replicas"] > 1
