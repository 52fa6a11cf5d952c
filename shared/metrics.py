"""Every metric of Tumbuh, declared once: name, unit, meaning, labels.

Labels are bounded by construction: a route is its template, a status its class, a topic one of the registry. No id of
a child, person, posyandu or event may ever become one, since each value is a series that Prometheus keeps, and shows
to people who may not read children's records. `service` is added to every series on the way out (`render`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.metrics_core import Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.samples import Sample

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
ALLOWED_LABELS: Final = frozenset(
    {"method", "route", "status", "topic", "partition", "outcome", "kind", "channel", "version"}
)
REGISTRY: Final = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)


@dataclass(frozen=True, slots=True)
class Declared:
    """A metric as operators read of it."""

    name: str
    unit: str
    meaning: str
    labels: tuple[str, ...]


DECLARED: Final[list[Declared]] = []


def _declare(name: str, unit: str, meaning: str, labels: Sequence[str]) -> None:
    DECLARED.append(Declared(f"tumbuh_{name}", unit, meaning, tuple(labels)))


def _counter(name: str, unit: str, meaning: str, labels: Sequence[str] = ()) -> Counter:
    _declare(name, unit, meaning, labels)
    return Counter(f"tumbuh_{name}", meaning, labels, registry=REGISTRY)


def _gauge(name: str, unit: str, meaning: str, labels: Sequence[str] = ()) -> Gauge:
    _declare(name, unit, meaning, labels)
    return Gauge(f"tumbuh_{name}", meaning, labels, registry=REGISTRY)


def _histogram(name: str, meaning: str, labels: Sequence[str], buckets: Sequence[float]) -> Histogram:
    _declare(name, "seconds", meaning, labels)
    return Histogram(f"tumbuh_{name}", meaning, labels, buckets=buckets, registry=REGISTRY)


REQUEST_BUCKETS_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
WORK_BUCKETS_SECONDS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
LATENCY_BUCKETS_SECONDS: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)

# HTTP
HTTP_REQUEST_SECONDS: Final = _histogram(
    "http_request_seconds",
    "Time from request line to last byte of the answer, by route template and status class.",
    ("method", "route", "status"),
    REQUEST_BUCKETS_SECONDS,
)
HTTP_IN_FLIGHT: Final = _gauge("http_in_flight", "requests", "Requests being answered now.")
HTTP_REFUSED: Final = _counter(
    "http_refused_total", "requests", "Requests refused by the shell, by problem code (outcome).", ("outcome",)
)
IDEMPOTENT_ANSWERS: Final = _counter(
    "idempotent_answers_total", "requests", "Writes by outcome: first, replayed, conflict.", ("outcome",)
)

# Consumers
CONSUMER_RECORDS: Final = _counter(
    "consumer_records_total", "records", "Records by outcome: done, dead.", ("topic", "outcome")
)
CONSUMER_BATCH_SECONDS: Final = _histogram(
    "consumer_batch_seconds", "Time of one batch, from decoding to commit.", ("topic",), WORK_BUCKETS_SECONDS
)
CONSUMER_LAG_RECORDS: Final = _gauge(
    "consumer_lag_records", "records", "End offset minus next offset of the stored position.", ("topic", "partition")
)
CONSUMER_OLDEST_UNPROCESSED_SECONDS: Final = _gauge(
    "consumer_oldest_unprocessed_seconds",
    "seconds",
    "Age of the oldest record not yet applied; 0 when none.",
    ("topic",),
)
CONSUMER_PAUSED: Final = _gauge(
    "consumer_paused", "bool", "1 while the consumer waits for something that is not there now.", ("topic",)
)
CONSUMER_NOT_NOW: Final = _counter(
    "consumer_not_now_total", "batches", "Batches put back to be tried again (database or broker away).", ("topic",)
)
CONSUMER_CRASHES_AT_OFFSET: Final = _gauge(
    "consumer_crashes_at_offset", "crashes", "How often the consumer fell at the same offset.", ("topic", "partition")
)
DEAD_LETTERS_OPEN: Final = _gauge("dead_letters_open", "records", "Dead letters nobody has decided on.", ("topic",))

# Outbox
OUTBOX_PENDING_MESSAGES: Final = _gauge("outbox_pending_messages", "messages", "Committed, not yet acknowledged.")
OUTBOX_OLDEST_SECONDS: Final = _gauge("outbox_oldest_seconds", "seconds", "Age of the oldest pending row; 0 if none.")
OUTBOX_PUBLISHED: Final = _counter("outbox_published_total", "messages", "Acknowledged by the broker.", ("topic",))

# From the door to the figure
INTAKE_ROWS: Final = _counter(
    "intake_rows_total",
    "rows",
    "Received rows by outcome (accepted, unchanged, rejected, quarantined) and channel (api, batch, file).",
    ("outcome", "channel"),
)
QUARANTINE_OPEN_ROWS: Final = _gauge("quarantine_open_rows", "rows", "Rows waiting for somebody to correct them.")
PROJECTION_LATENCY_SECONDS: Final = _histogram(
    "projection_latency_seconds",
    "From the acceptance of a fact (known_at) to the commit of the figure that counts it, by kind of fact.",
    ("kind",),
    LATENCY_BUCKETS_SECONDS,
)
LEDGER_IMBALANCE: Final = _gauge(
    "ledger_imbalance",
    "rows or records",
    "What a ledger of this service cannot account for (kind: intake, bus); 0 is right. Facts take two services.",
    ("kind",),
)
CRITICAL_VALUES_UNACKNOWLEDGED_AGE_SECONDS: Final = _gauge(
    "critical_values_unacknowledged_age_seconds",
    "seconds",
    "Age of the oldest critical laboratory value that nobody has acknowledged; 0 when none.",
)
HINTS_OPENED: Final = _counter(
    "hints_opened_total", "hints", "Hints at probably wrong values that were opened, by kind of error.", ("kind",)
)
SESSIONS_WAITING: Final = _gauge(
    "sessions_waiting", "sessions", "Sessions with changed facts whose values are to be judged (again) for hints."
)
SESSIONS_OLDEST_SECONDS: Final = _gauge(
    "sessions_oldest_seconds", "seconds", "Age of the oldest session that waits for judging; 0 when none."
)
QUALITY_WAITING: Final = _gauge(
    "quality_waiting", "posyandu-months", "Posyandu-months with changed facts whose quality is to be judged (again)."
)
QUALITY_OLDEST_SECONDS: Final = _gauge(
    "quality_oldest_seconds", "seconds", "Age of the oldest posyandu-month that waits for judging; 0 when none."
)
QUALITY_SET_ASIDE: Final = _gauge(
    "quality_set_aside",
    "posyandu-months",
    "Posyandu-months whose judging failed by our own fault; tried again later, the others go on.",
)
TALLIES_WAITING: Final = _gauge(
    "tallies_waiting", "area-months", "Areas and months with changed facts that are to be counted anew."
)
TALLIES_SET_ASIDE: Final = _gauge(
    "tallies_set_aside", "areas", "Areas whose counting failed by our own fault; each is tried again later."
)
TALLIES_OLDEST_SECONDS: Final = _gauge(
    "tallies_oldest_seconds", "seconds", "Age of the oldest area and month that waits for being counted; 0 when none."
)
RELEASES_WAITING: Final = _gauge(
    "releases_waiting",
    "periods",
    "Periods that are to be told outside and are not released yet.",
)
RELEASES_SET_ASIDE: Final = _gauge(
    "releases_set_aside", "periods", "Periods whose release failed by our own fault; each is tried again later."
)
RELEASES_OLDEST_SECONDS: Final = _gauge(
    "releases_oldest_seconds", "seconds", "For how long the oldest release has been due; 0 when none is."
)
RULESET_INFO: Final = _gauge("ruleset_info", "info", "1 for the rule set that judges now.", ("version",))

FEED_MARKS_GATHERED: Final = _counter(
    "feed_marks_gathered_total", "batches", "Batches whose changed figures were numbered for the feed."
)

FEED_STREAMS_OPEN: Final = _gauge("feed_streams_open", "connections", "Listeners of the feed's stream now.")

WEBHOOK_ATTEMPTS: Final = _counter(
    "webhook_attempts_total",
    "attempts",
    "Deliveries by outcome: acknowledged, failed.",
    ("outcome",),
)
WEBHOOKS_STOPPED: Final = _gauge(
    "webhooks_stopped", "subscriptions", "Subscriptions that stand still after too many failures, until re-driven."
)
WEBHOOK_FAILING_SECONDS: Final = _gauge(
    "webhook_failing_seconds", "seconds", "How long the subscriber that fails longest has failed; 0 when none does."
)

# Jobs and process
JOBS: Final = _gauge("jobs", "jobs", "Jobs by kind and state (outcome).", ("kind", "outcome"))
JOB_CHUNK_SECONDS: Final = _histogram("job_chunk_seconds", "Time of one chunk.", ("kind",), WORK_BUCKETS_SECONDS)
JOB_LEASES_LOST: Final = _counter(
    "job_leases_lost_total", "leases", "Chunks refused since the lease was lost.", ("kind",)
)
LOOP_DELAY_SECONDS: Final = _histogram(
    "loop_delay_seconds", "How late the event loop woke a timer; heartbeats share it.", (), REQUEST_BUCKETS_SECONDS
)
SERVICE_INFO: Final = _gauge("service_info", "info", "1, with the version that runs.", ("version",))


def status_class(status: int) -> str:
    """404 → `4xx`."""
    return f"{status // 100}xx"


class _Labelled:
    """The registry with `service` on every sample: the process knows it, the call sites need not."""

    def __init__(self, service: str) -> None:
        self.service = service

    def collect(self) -> Iterator[Metric]:
        for metric in REGISTRY.collect():
            labelled = Metric(metric.name, metric.documentation, metric.type, metric.unit)
            labelled.samples = list(self._with_service(metric.samples))
            yield labelled

    def _with_service(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        for sample in samples:
            yield sample._replace(labels={**sample.labels, "service": self.service})


def render(service: str) -> bytes:
    """All metrics of this process in Prometheus' text format."""
    return generate_latest(_Labelled(service))
