"""Kubernetes: what must hold of every pod holds of each, and no process is given or reaches more than it needs."""

import base64
import os
import re
import secrets
import tomllib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deploy.k8s import export
from shared.contracts.topics import SERVICES
from shared.messaging.kafka import Broker
from shared.setting_groups import Door
from shared.setting_problems import PREFIX
from shared.settings import load_settings, required_variables
from tests.unit.deploy.rendered import Manifest, containers, environment, matches, of_kind, pods

CHECKOUT = Path(__file__).resolve().parents[3]
POD = pytest.mark.parametrize("pod", pods().values(), ids=pods().keys())
API_AND_WORKER = pytest.mark.parametrize("door", [Door.API, Door.WORKER])
EVERY_SERVICE = pytest.mark.parametrize("service", SERVICES)
Put = Callable[[Manifest], None]


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Put:
    """Give this process the environment of a container, with a key drawn at random for each secret."""

    def given(container: Manifest) -> None:
        for name in list(os.environ):
            if name.startswith(PREFIX):
                monkeypatch.delenv(name)
        for name, value in environment(container).items():
            drawn = base64.b64encode(secrets.token_bytes(32)).decode()
            monkeypatch.setenv(name, drawn if isinstance(value, dict) else value)

    return given


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


@EVERY_SERVICE
@API_AND_WORKER
def test_a_process_starts_with_what_it_is_given_and_is_given_no_secret_beyond(
    service: str, door: Door, put: Put
) -> None:
    (container,) = pods()[f"Deployment/{service}-{door}"]["containers"]
    put(container)
    load_settings(service, door)
    given = environment(container)
    refers = {name for name, value in given.items() if isinstance(value, dict)}
    assert refers <= set(required_variables(service, door, given))


@EVERY_SERVICE
def test_a_worker_speaks_to_kafka_as_strimzi_expects_it(service: str, put: Put) -> None:
    (container,) = pods()[f"Deployment/{service}-worker"]["containers"]
    put(container)
    broker = Broker.of(load_settings(service, Door.WORKER))
    (listener,) = of_kind("Kafka")["tumbuh"]["spec"]["kafka"]["listeners"]
    account = of_kind("KafkaUser")[broker.username]["spec"]["authentication"]["type"]
    assert broker.mechanism.lower() == account == listener["authentication"]["type"]
    assert broker.tls is listener["tls"] is True
    assert broker.bootstrap == f"tumbuh-kafka-bootstrap:{listener['port']}"
    trusted = environment(container)["SSL_CERT_FILE"].rpartition("/")
    (mount,) = [mount for mount in container["volumeMounts"] if mount["mountPath"] == trusted[0]]
    (volume,) = [v for v in pods()[f"Deployment/{service}-worker"]["volumes"] if v["name"] == mount["name"]]
    assert volume["secret"]["secretName"] == "tumbuh-cluster-ca-cert"
    assert trusted[2] in {item["path"] for item in volume["secret"]["items"]}


@EVERY_SERVICE
def test_migrations_run_as_the_owner_after_the_roles_are_made(service: str, put: Put) -> None:
    job = pods()["Job/migrate"]
    order = [container["name"] for container in containers(job)]
    assert order == ["roles", *SERVICES]
    container = next(item for item in containers(job) if item["name"] == service)
    assert container["args"] == [f"services.{service}", "migrate"]
    put(container)
    load_settings(service, Door.MIGRATE)


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


def test_the_page_may_ask_scoring_and_no_other_service_may_ask_any(put: Put) -> None:
    apis = {service: {"app.kubernetes.io/name": service, "app.kubernetes.io/component": "api"} for service in SERVICES}

    def opened(caller: str, direction: str, side: str, called: str) -> bool:
        peers = [peer for _, rules in allowed(apis[caller], direction) for rule in rules for peer in rule.get(side, ())]
        return any("podSelector" in peer and matches(peer["podSelector"], apis[called]) for peer in peers)

    pairs = {(one, other) for one in SERVICES for other in SERVICES if one != other}
    assert {pair for pair in pairs if opened(pair[0], "Egress", "to", pair[1])} == {("reporting", "scoring")}
    assert {pair for pair in pairs if opened(pair[1], "Ingress", "from", pair[0])} == {("reporting", "scoring")}
    (container,) = pods()["Deployment/reporting-api"]["containers"]
    put(container)
    url = urlsplit(load_settings("reporting", Door.API).login.scoring_url or "")
    (port,) = of_kind("Service")[str(url.hostname)]["spec"]["ports"]
    assert (url.scheme, url.port) == ("http", port["port"])


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
