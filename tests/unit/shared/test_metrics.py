"""Metrics: declared once, with unit and meaning, and labels that cannot grow."""

import re

import pytest

from shared import metrics

FORBIDDEN = re.compile(r"child|nik|posyandu|desa|kecamatan|event|user|subject|person|name|_id$|^id$|address|token")


@pytest.mark.parametrize("declared", metrics.DECLARED, ids=lambda item: item.name)
def test_every_metric_has_unit_meaning_and_bounded_labels_only_b126(declared: metrics.Declared) -> None:
    """B126: no label may hold a NIK, child, user, posyandu or event id."""
    assert declared.unit
    assert len(declared.meaning) > 10
    assert set(declared.labels) <= metrics.ALLOWED_LABELS
    assert not [label for label in declared.labels if FORBIDDEN.search(label)]


def test_the_allowed_labels_themselves_name_no_person_or_place_b126() -> None:
    """B126."""
    assert not [label for label in metrics.ALLOWED_LABELS if FORBIDDEN.search(label)]


def test_every_registered_metric_is_declared() -> None:
    registered = {metric.name for metric in metrics.REGISTRY.collect() if metric.name.startswith("tumbuh_")}
    declared = {item.name.removesuffix("_total") for item in metrics.DECLARED}
    assert registered == declared
    assert len(declared) == len(metrics.DECLARED)


def test_the_age_of_the_oldest_unprocessed_event_is_a_metric_b128() -> None:
    """B128: lag must be seen in seconds too, not only as records or as up/down."""
    declared = {item.name: item.unit for item in metrics.DECLARED}
    assert declared["tumbuh_consumer_oldest_unprocessed_seconds"] == "seconds"
    assert declared["tumbuh_outbox_oldest_seconds"] == "seconds"


def test_the_service_is_on_every_sample() -> None:
    metrics.HTTP_REQUEST_SECONDS.labels("GET", "/v1/orders", "2xx").observe(0.1)
    text = metrics.render("lab").decode()
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert samples
    assert all('service="lab"' in line for line in samples)
    assert 'tumbuh_http_request_seconds_count{method="GET",route="/v1/orders",service="lab",status="2xx"}' in text
