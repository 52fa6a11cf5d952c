"""Kubernetes, offline: what is rendered fits its schemas, and what must hold of every pod holds of each.

Core kinds are checked with the schemas of Kubernetes itself, custom resources with those in deploy/k8s/schemas.
"""

import copy
import json
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import jsonschema
import kubernetes_validate
import pytest
import yaml

from deploy.k8s import export
from shared.contracts.topics import SERVICES, TOPICS
from shared.setting_groups import Door
from shared.settings import required_variables

CHECKOUT = Path(__file__).resolve().parents[3]
SCHEMAS = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in (export.HERE / "schemas").glob("*.json")}
OLDEST, NEWEST = "1.29", "1.37"  # of Kubernetes

Manifest = dict[str, Any]
MANIFESTS = export.manifests_of(export.RENDERED.read_text(encoding="utf-8"))


def name_of(manifest: Manifest) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def of_kind(kind: str) -> dict[str, Manifest]:
    return {item["metadata"]["name"]: item for item in MANIFESTS if item["kind"] == kind}


def check(manifest: Manifest, version: str = NEWEST) -> None:
    """ValidationError of either validator if `manifest` does not fit."""
    if manifest["kind"] in SCHEMAS:
        jsonschema.Draft202012Validator(SCHEMAS[manifest["kind"]]).validate(manifest)
    else:
        kubernetes_validate.validate(manifest, version, strict=True)


def pods() -> dict[str, Manifest]:
    owners = [item for item in MANIFESTS if item["kind"] in {"Deployment", "Job"}]
    return {name_of(item): item["spec"]["template"]["spec"] for item in owners}


def containers(pod: Manifest) -> Iterator[Manifest]:
    yield from pod.get("initContainers", ())
    yield from pod["containers"]


POD = pytest.mark.parametrize("pod", pods().values(), ids=pods().keys())
API_AND_WORKER = pytest.mark.parametrize("door", [Door.API, Door.WORKER])
EVERY_SERVICE = pytest.mark.parametrize("service", SERVICES)


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


@POD
def test_a_pod_runs_as_nobody_in_particular_and_can_change_nothing(pod: Manifest) -> None:
    assert pod["automountServiceAccountToken"] is False
    assert pod["serviceAccountName"] in of_kind("ServiceAccount")
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] >= 10_000
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in containers(pod):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


@POD
def test_a_pod_says_what_it_needs_and_may_take(pod: Manifest) -> None:
    for container in containers(pod):
        resources = container["resources"]
        assert resources["requests"].keys() == resources["limits"].keys() == {"cpu", "memory"}


def test_service_accounts_hold_no_token() -> None:
    assert {item["automountServiceAccountToken"] for item in of_kind("ServiceAccount").values()} == {False}


@POD
def test_images_have_the_version_of_the_project(pod: Manifest) -> None:
    version = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert {container["image"] for container in containers(pod)} == {f"tumbuh:{version}"}


@POD
def test_what_a_container_mounts_is_a_volume_of_its_pod(pod: Manifest) -> None:
    volumes = {volume["name"] for volume in pod["volumes"]}
    mounted = {mount["name"] for container in containers(pod) for mount in container["volumeMounts"]}
    assert mounted == volumes


@EVERY_SERVICE
@API_AND_WORKER
def test_api_and_worker_are_apart_and_each_is_probed(service: str, door: Door) -> None:
    (container,) = pods()[f"Deployment/{service}-{door}"]["containers"]
    assert container["args"] == [f"services.{service}", door]
    assert container["startupProbe"]["httpGet"] == {"path": "/livez", "port": "http"}
    assert container["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "http"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    assert container["ports"] == [{"name": "http", "containerPort": 8080}]


def environment(container: Manifest) -> dict[str, Any]:
    """Name → value, or where a secret comes from."""
    given: dict[str, Any] = {}
    for source in container["envFrom"]:
        given |= of_kind("ConfigMap")[source["configMapRef"]["name"]]["data"]
    return given | {item["name"]: item.get("value") or item["valueFrom"]["secretKeyRef"] for item in container["env"]}


@EVERY_SERVICE
@API_AND_WORKER
def test_a_process_is_given_what_it_needs_and_no_secret_beyond(service: str, door: Door) -> None:
    (container,) = pods()[f"Deployment/{service}-{door}"]["containers"]
    given = environment(container)
    required = required_variables(service, door, given)
    assert set(required) <= set(given)
    secrets = {name for name, value in given.items() if isinstance(value, dict)}
    assert secrets <= set(required)


@EVERY_SERVICE
def test_migrations_run_as_the_owner_after_the_roles_are_made(service: str) -> None:
    job = pods()["Job/migrate"]
    order = [container["name"] for container in containers(job)]
    assert order == ["roles", *SERVICES]
    container = next(item for item in containers(job) if item["name"] == service)
    assert container["args"] == [f"services.{service}", "migrate"]
    assert set(required_variables(service, Door.MIGRATE, ())) <= set(environment(container))


def test_a_secret_is_referred_to_and_never_written_down() -> None:
    assert of_kind("Secret") == {}
    for text in (file.read_text(encoding="utf-8") for file in export.BASE.glob("*.yaml")):
        assert not re.search(r"(PASSWORD|_KEY)\s*\n\s*value:", text)


def test_every_secret_the_readme_makes_is_one_that_is_used_and_the_other_way_round() -> None:
    readme = (export.HERE / "README.md").read_text(encoding="utf-8")
    used = set()
    for pod in pods().values():
        for container in containers(pod):
            used |= {
                (value["name"], value["key"]) for value in environment(container).values() if isinstance(value, dict)
            }
    ours = {(name, key) for name, key in used if name.startswith("tumbuh-")}
    assert {name for name, _ in used - ours} == set(SERVICES)  # made by Strimzi with each account
    for name, key in ours:
        assert f"`{name}`" in readme
        assert f"`{key}`" in readme or f"`{re.sub(r'_(owner|worker|api)$', '', key)}_{{owner,worker,api}}`" in readme


def matches(selector: Manifest, labels: Manifest) -> bool:
    wanted = selector.get("matchLabels", {}).items() <= labels.items()
    return wanted and all(labels.get(item["key"]) in item["values"] for item in selector.get("matchExpressions", ()))


def allowed(labels: Manifest, direction: str) -> list[tuple[str, list[Manifest]]]:
    """Policies that open `direction` for a pod with these labels, and what they open."""
    return [
        (name, item["spec"].get(direction.lower(), []))
        for name, item in of_kind("NetworkPolicy").items()
        if matches(item["spec"]["podSelector"], labels) and direction in item["spec"]["policyTypes"]
    ]


@pytest.mark.parametrize(
    ("component", "outwards", "inwards"),
    [
        ("api", {"names", "to-database", "apis-to-identity-provider"}, {"entry-to-apis", "prometheus-to-metrics"}),
        ("worker", {"names", "to-database", "workers-to-kafka"}, {"prometheus-to-metrics"}),
        ("migrate", {"names", "to-database"}, set()),
        ("stranger", {"names"}, set()),
    ],
)
def test_a_pod_reaches_what_it_needs_and_nothing_else(component: str, outwards: set[str], inwards: set[str]) -> None:
    labels = {"app.kubernetes.io/component": component}
    assert {name for name, rules in allowed(labels, "Egress") if rules} == outwards
    assert {name for name, rules in allowed(labels, "Ingress") if rules} == inwards
    assert ("deny-all", []) in allowed(labels, "Egress")
    assert ("deny-all", []) in allowed(labels, "Ingress")
    for name, rules in allowed(labels, "Ingress"):
        assert all(rule["from"] and rule["ports"] for rule in rules), name


@EVERY_SERVICE
def test_an_api_is_never_taken_away_as_a_whole(service: str) -> None:
    budget = of_kind("PodDisruptionBudget")[f"{service}-api"]["spec"]
    deployment = of_kind("Deployment")[f"{service}-api"]["spec"]
    assert deployment["replicas"] > budget["maxUnavailable"]
    assert budget["selector"] == deployment["selector"]
    assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


@pytest.mark.parametrize("name", of_kind("Service"))
def test_a_service_finds_exactly_its_pods_and_prometheus_finds_the_service(name: str) -> None:
    service = of_kind("Service")[name]
    found = [
        owner
        for owner, item in of_kind("Deployment").items()
        if matches({"matchLabels": service["spec"]["selector"]}, item["spec"]["template"]["metadata"]["labels"])
    ]
    assert len(found) == 1
    monitor = of_kind("ServiceMonitor")["tumbuh"]["spec"]
    assert matches(monitor["selector"], service["metadata"]["labels"])
    assert monitor["endpoints"][0]["port"] in {port["name"] for port in service["spec"]["ports"]}
    assert monitor["endpoints"][0]["honorLabels"] is True  # `service` is said by the process, not by the target
    assert service["metadata"]["labels"][monitor["jobLabel"]] == "tumbuh"  # the alert on `up` names the job


def test_the_alerts_are_those_of_the_compose_file() -> None:
    rules = yaml.safe_load(export.ALERT_RULES.read_text(encoding="utf-8"))
    assert of_kind("PrometheusRule")["tumbuh"]["spec"] == rules


@EVERY_SERVICE
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
