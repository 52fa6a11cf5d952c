"""The judgement over the ledgers of all services."""

from typing import Any

from shared.ledger.compare import INTAKE_TERMS, judge

INTAKE = dict.fromkeys(("received", *INTAKE_TERMS), 0)


def part(service: str, **more: Any) -> dict[str, Any]:
    """A service where all is settled."""
    return {
        "service": service,
        "bus": {"partitions": [], "outbox_pending": 0, "dead_letters": []},
        "facts": {"owns": {}, "holds": {}},
        **more,
    }


def test_sessions_that_wait_for_judging_leave_the_whole_unsettled() -> None:
    waiting = judge([part("measurement"), part("scoring", sessions_waiting=2)], INTAKE, frozenset())
    assert (waiting["state"], waiting["balanced"], waiting["sessions_waiting"]) == ("unsettled", False, 2)
    settled = judge([part("measurement"), part("scoring", sessions_waiting=0)], INTAKE, frozenset())
    assert (settled["state"], settled["sessions_waiting"]) == ("balanced", 0)


def test_a_switch_of_rules_that_is_not_published_leaves_the_whole_unsettled() -> None:
    switched = judge([part("measurement"), part("scoring", switches_waiting=1)], INTAKE, frozenset())
    assert (switched["state"], switched["switches_waiting"]) == ("unsettled", 1), "verdicts are still to come"
