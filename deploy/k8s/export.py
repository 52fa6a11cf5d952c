"""Manifests that follow from other files: topics and accounts, alert rules, and the base as kustomize renders it.

`python -m deploy.k8s.export` writes them, `--check` fails when one is not what its source says. Rendering needs
kustomize 5 (its own or kubectl's). Where there is none, `--check` compares the digest of the sources that
`rendered.yaml` names.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import yaml

from shared.contracts.topics import SERVICES, TOPICS, Topic
from shared.messaging.registry import GROUP, LITERAL, READ, TOPIC, WRITE, Access, access_list

HERE: Final = Path(__file__).parent
BASE: Final = HERE / "base"
TOPICS_FILE: Final = BASE / "topics.yaml"
ALERTS_FILE: Final = BASE / "alerts.yaml"
ALERT_RULES: Final = HERE.parent / "prometheus" / "alerts.yml"
RENDERED: Final = HERE / "rendered.yaml"
CLUSTER: Final = "tumbuh"
REPLICAS: Final = 3
IN_SYNC_REPLICAS: Final = 2
MADE: Final = "# Made by `python -m deploy.k8s.export` from {source}. Do not edit.\n"
DIGEST: Final = "# sha256 of the base: "
RESOURCE_NAMES: Final = {TOPIC: "topic", GROUP: "group"}
OPERATION_NAMES: Final = {READ: "Read", WRITE: "Write"}

Manifest = dict[str, Any]


def topic_manifest(topic: Topic) -> Manifest:
    """One topic of the registry, for Strimzi's topic operator."""
    config = {
        "cleanup.policy": topic.cleanup_policy,
        "retention.ms": topic.retention_ms,
        "min.insync.replicas": IN_SYNC_REPLICAS,
    }
    spec = {"partitions": topic.partitions, "replicas": REPLICAS, "config": config}
    return _manifest("kafka.strimzi.io/v1", "KafkaTopic", topic.name, spec)


def user_manifest(service: str) -> Manifest:
    """The account of `service` with its lines of the access list, for Strimzi's user operator.

    The operator makes the password, in a Secret of the account's name.
    """
    lines = sorted(line for line in access_list() if line.principal == f"User:{service}")
    authorization = {"type": "simple", "acls": [_acl(line) for line in lines]}
    spec = {"authentication": {"type": "scram-sha-512"}, "authorization": authorization}
    return _manifest("kafka.strimzi.io/v1", "KafkaUser", service, spec)


def _acl(line: Access) -> Manifest:
    return {
        "resource": {
            "type": RESOURCE_NAMES[line.resource_type],
            "name": line.resource_name,
            "patternType": "literal" if line.pattern_type == LITERAL else "prefix",
        },
        "operations": [OPERATION_NAMES[line.operation]],
        "host": line.host,
    }


def alert_manifest(rules: Manifest) -> Manifest:
    """The alert rules, for the Prometheus operator."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "tumbuh"},
        "spec": rules,
    }


def _manifest(api: str, kind: str, name: str, spec: Manifest) -> Manifest:
    metadata = {"name": name, "labels": {"strimzi.io/cluster": CLUSTER}}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec}


def generated() -> dict[Path, str]:
    """The files of the base that are made, and what should be in them."""
    rules = yaml.safe_load(ALERT_RULES.read_text(encoding="utf-8"))
    kafka = [*map(topic_manifest, TOPICS), *map(user_manifest, SERVICES)]
    return {
        TOPICS_FILE: MADE.format(source="shared/contracts/topics.py") + _text(kafka),
        ALERTS_FILE: MADE.format(source="deploy/prometheus/alerts.yml") + _text([alert_manifest(rules)]),
    }


def _text(manifests: Iterable[Manifest]) -> str:
    return yaml.safe_dump_all(manifests, sort_keys=False, width=120, allow_unicode=True)


def base_digest() -> str:
    """Of all files of the base, names and contents."""
    digest = hashlib.sha256()
    for file in sorted(BASE.glob("*.yaml")):
        digest.update(f"{file.name}\0{file.stat().st_size}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def kustomize() -> list[str] | None:
    """The words that render a folder with kustomize 5; None if this machine cannot."""
    if program := shutil.which("kustomize"):
        return [program, "build"] if _said(program, "version").lstrip("{").startswith("v5.") else None
    if (program := shutil.which("kubectl")) and "Kustomize Version: v5." in _said(program, "version", "--client"):
        return [program, "kustomize"]
    return None


def _said(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout


def rendered(words: list[str]) -> str:
    """The base as `words` render it, under the digest of its sources. CalledProcessError shows why it cannot."""
    done = subprocess.run([*words, str(BASE)], capture_output=True, text=True, check=True)
    return MADE.format(source="deploy/k8s/base") + f"{DIGEST}{base_digest()}\n" + done.stdout


def write() -> int:
    """Write all; 1 if this machine cannot render."""
    for file, text in generated().items():
        file.write_text(text, encoding="utf-8")
    words = kustomize()
    if words is None:
        sys.stderr.write("rendered.yaml is not written: no kustomize 5 and no kubectl that has it\n")
        return 1
    RENDERED.write_text(rendered(words), encoding="utf-8")
    return 0


def problems() -> list[str]:
    """What is not as its source says; empty if nothing."""
    remedy = "run python -m deploy.k8s.export"
    found = [
        f"{file.name} is out of date: {remedy}"
        for file, text in generated().items()
        if not file.exists() or file.read_text(encoding="utf-8") != text
    ]
    committed = RENDERED.read_text(encoding="utf-8") if RENDERED.exists() else ""
    words = kustomize()
    if f"{DIGEST}{base_digest()}\n" not in committed or (words is not None and _differs(committed, rendered(words))):
        found.append(f"{RENDERED.name} is out of date: {remedy}")
    return found


def _differs(committed: str, fresh: str) -> bool:
    """As manifests, not as text: releases of kustomize order them differently."""
    return _by_name(committed) != _by_name(fresh)


def manifests_of(text: str) -> list[Manifest]:
    """All manifests of a file. The parser in C reads what is rendered ten times as fast."""
    return list(yaml.load_all(text, Loader=yaml.CSafeLoader))


def _by_name(text: str) -> dict[tuple[str, str], Manifest]:
    return {(manifest["kind"], manifest["metadata"]["name"]): manifest for manifest in manifests_of(text)}


def main(arguments: list[str]) -> int:
    """Exit code 1 when `--check` finds something."""
    if "--check" not in arguments:
        return write()
    found = problems()
    for problem in found:
        sys.stderr.write(problem + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
