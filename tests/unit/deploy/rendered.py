"""The rendered base, and what several tests ask of it."""

from collections.abc import Iterator
from typing import Any

from deploy.k8s import export

Manifest = dict[str, Any]
MANIFESTS = export.manifests_of(export.RENDERED.read_text(encoding="utf-8"))


def name_of(manifest: Manifest) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def of_kind(kind: str) -> dict[str, Manifest]:
    return {item["metadata"]["name"]: item for item in MANIFESTS if item["kind"] == kind}


def pods() -> dict[str, Manifest]:
    """By kind and name of what makes them."""
    owners = [item for item in MANIFESTS if item["kind"] in {"Deployment", "Job"}]
    return {name_of(item): item["spec"]["template"]["spec"] for item in owners}


def containers(pod: Manifest) -> Iterator[Manifest]:
    yield from pod.get("initContainers", ())
    yield from pod["containers"]


def environment(container: Manifest) -> dict[str, Any]:
    """Name → value, or where a secret comes from."""
    given: dict[str, Any] = {}
    for source in container["envFrom"]:
        given |= of_kind("ConfigMap")[source["configMapRef"]["name"]]["data"]
    return given | {item["name"]: item.get("value") or item["valueFrom"]["secretKeyRef"] for item in container["env"]}


def matches(selector: Manifest, labels: Manifest) -> bool:
    wanted = selector.get("matchLabels", {}).items() <= labels.items()
    return wanted and all(labels.get(item["key"]) in item["values"] for item in selector.get("matchExpressions", ()))
