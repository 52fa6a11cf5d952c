"""Alerts, runbooks and the dashboard: they speak of metrics that exist, and each alert is seen firing and silent."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared import metrics
from tests.unit.deploy import promtool

CHECKOUT = Path(__file__).resolve().parents[3]
PROMETHEUS = CHECKOUT / "deploy" / "prometheus"
DASHBOARDS = sorted((CHECKOUT / "deploy" / "grafana" / "dashboards").glob("*.json"))
DECLARED = {item.name: item for item in metrics.DECLARED}
HISTOGRAMS = {item.name for item in metrics.REGISTRY.collect() if item.type == "histogram"}
OF_PROMETHEUS = {"service", "job", "instance", "le"}
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((PROMETHEUS / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
REQUIRED = {
    "TumbuhEventsWaiting": "tumbuh_consumer_oldest_unprocessed_seconds",
    "TumbuhOutboxOld": "tumbuh_outbox_oldest_seconds",
    "TumbuhDeadLettersOpen": "tumbuh_dead_letters_open",
    "TumbuhLedgerImbalance": "tumbuh_ledger_imbalance",
    "TumbuhSessionsWaiting": "tumbuh_sessions_oldest_seconds",
    "TumbuhQualityWaiting": "tumbuh_quality_oldest_seconds",
    "TumbuhTalliesWaiting": "tumbuh_tallies_oldest_seconds",
    "TumbuhTalliesSetAside": "tumbuh_tallies_set_aside",
    "TumbuhReleaseLate": "tumbuh_releases_oldest_seconds",
    "TumbuhReleaseSetAside": "tumbuh_releases_set_aside",
    "TumbuhCriticalValueUnacknowledged": "tumbuh_critical_values_unacknowledged_age_seconds",
}


def panels(dashboard: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(dashboard.read_text(encoding="utf-8"))["panels"]
    return found


def of_dashboards() -> Iterator[str]:
    for dashboard in DASHBOARDS:
        yield from (target["expr"] for panel in panels(dashboard) for target in panel.get("targets", ()))


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in RULES)
    yield from of_dashboards()


def unknown_names(expression: str) -> list[str]:
    """Metrics that are declared nowhere, and labels their metric does not have."""
    unknown = []
    for name, labels in re.findall(r"\b(tumbuh_\w+)(?:\{([^}]*)\})?", expression):
        base = re.sub(r"_(bucket|count|sum)$", "", name)
        metric = DECLARED.get(base if base in HISTOGRAMS else name)
        if metric is None or (base in HISTOGRAMS and base == name):
            unknown.append(name)
            continue
        unknown += [f"{name}.{key}" for key in re.findall(r"(\w+)=", labels) if key not in {*metric.labels, "service"}]
    for labels in re.findall(r"\bby \(([^)]*)\)", expression):
        names = {label for name in re.findall(r"tumbuh_\w+", expression) for label in labels_of(name)}
        unknown += [f"by {key}" for key in labels.split(", ") if key not in names | OF_PROMETHEUS]
    return unknown


def labels_of(name: str) -> tuple[str, ...]:
    metric = DECLARED.get(re.sub(r"_(bucket|count|sum)$", "", name)) or DECLARED.get(name)
    return metric.labels if metric else ()


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_rules_and_dashboards_use_metrics_that_exist_with_labels_they_have(expression: str) -> None:
    assert unknown_names(expression) == []


@pytest.mark.parametrize(
    "wrong",
    [
        "tumbuh_outbox_age > 1",
        'tumbuh_dead_letters_open{kind="x"}',
        "max by (posyandu) (tumbuh_jobs)",
        "tumbuh_http_request_seconds > 1",
    ],
)
def test_a_name_that_does_not_exist_is_seen(wrong: str) -> None:
    assert unknown_names(wrong) != []


def test_what_must_wake_somebody_has_an_alert_b128() -> None:
    """B128: above all the age of the oldest unprocessed event, not only whether a process is up."""
    by_name = {rule["alert"]: rule["expr"] for rule in RULES}
    assert {name: metric for name, metric in REQUIRED.items() if metric not in by_name.get(name, "")} == {}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alert_names_a_runbook_that_says_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["runbook"] == f"docs/runbooks/{rule['alert']}.md"
    text = (CHECKOUT / rule["annotations"]["runbook"]).read_text(encoding="utf-8")
    assert text.startswith(f"# {rule['alert']}\n")
    assert all(part in text for part in ("**Means.**", "**Look at.**", "**Do.**"))


def test_no_runbook_is_left_without_its_alert() -> None:
    runbooks = {file.stem for file in (CHECKOUT / "docs" / "runbooks").glob("*.md")}
    assert runbooks == {rule["alert"] for rule in RULES}


def test_every_alert_is_seen_firing_and_silent() -> None:
    tests = yaml.safe_load((PROMETHEUS / "alerts_test.yml").read_text(encoding="utf-8"))["tests"]
    cases = [case for test in tests for case in test["alert_rule_test"]]
    for expected in (True, False):
        seen = {case["alertname"] for case in cases if bool(case["exp_alerts"]) is expected}
        assert seen == {rule["alert"] for rule in RULES}


def test_promtool_finds_the_rules_right_and_their_tests_pass() -> None:
    for words in (
        ("check", "config", PROMETHEUS / "prometheus.yml"),
        ("test", "rules", PROMETHEUS / "alerts_test.yml"),
    ):
        done = promtool.run(*words)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_changed_threshold_fails_the_rules_tests(tmp_path: Path) -> None:
    shutil.copy(PROMETHEUS / "alerts_test.yml", tmp_path)
    text = (PROMETHEUS / "alerts.yml").read_text(encoding="utf-8")
    (tmp_path / "alerts.yml").write_text(text.replace("_seconds) > 1800", "_seconds) > 3600"), encoding="utf-8")
    assert promtool.run("test", "rules", tmp_path / "alerts_test.yml").returncode != 0


def test_promtool_can_read_every_expression_of_the_dashboards(tmp_path: Path) -> None:
    shown = sorted({expression.replace("$__rate_interval", "5m") for expression in of_dashboards()})
    rules = [{"record": f"panel:{number}", "expr": expression} for number, expression in enumerate(shown)]
    file = tmp_path / "panels.yml"
    broken = {"record": "panel:broken", "expr": "sum by (service (up)"}
    for extra in ([], [broken]):
        file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules + extra}]}), encoding="utf-8")
        done = promtool.run("check", "rules", file)
        assert (done.returncode == 0) is (extra == []), done.stderr


def test_prometheus_asks_every_service_of_the_compose_file() -> None:
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8"))
    targets = config["scrape_configs"][0]["static_configs"][0]["targets"]
    services = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    ours = {name for name, service in services.items() if service.get("command", [""])[-1] in {"all", "api", "worker"}}
    assert {target.removesuffix(":8080") for target in targets} == ours
    assert config["scrape_configs"][0]["job_name"] == "tumbuh"  # the alert on `up` names it


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda file: file.stem)
def test_a_dashboard_shows_what_it_promises_from_the_provisioned_source(dashboard: Path) -> None:
    source = yaml.safe_load(
        (CHECKOUT / "deploy/grafana/provisioning/datasources/prometheus.yml").read_text(encoding="utf-8")
    )["datasources"][0]
    shown = [panel for panel in panels(dashboard) if panel["type"] != "row"]
    assert shown
    assert len({panel["id"] for panel in panels(dashboard)}) == len(panels(dashboard))
    for panel in shown:
        assert panel["title"]
        assert panel["targets"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {source["uid"]}


def test_panels_of_a_dashboard_do_not_lie_over_one_another() -> None:
    for dashboard in DASHBOARDS:
        cells: set[tuple[int, int]] = set()
        for panel in panels(dashboard):
            at = panel["gridPos"]
            own = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
            assert max(x for x, _ in own) < 24
            assert not own & cells, panel["title"]
            cells |= own
