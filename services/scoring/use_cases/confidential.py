"""What a status and a case say to somebody who does not treat the child: nothing of confidential tests (HIV).

Left out is the reading, what waits for such a test, and a reading that rests on it: a lower limit of the Mantoux test
would tell. The tier and a referral stay: who cares for the child must know that a doctor is needed, not why.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

RESTS_ON_THEM: Final = "weak_immunity"


def status_without(content: Mapping[str, Any], hidden: AbstractSet[str]) -> dict[str, Any]:
    """A status as published, less what it says of the `hidden` tests."""
    told = {
        reading["result_id"]
        for reading in content["readings"]
        if reading["test_code"] in hidden or (hidden and RESTS_ON_THEM in reading["notes"])
    }
    return {
        **content,
        "readings": [reading for reading in content["readings"] if reading["result_id"] not in told],
        "unknowns": [
            unknown
            for unknown in content["unknowns"]
            if unknown["fact_id"] not in told and hidden.isdisjoint({unknown["what"], unknown["settle_with"]})
        ],
    }


def case_without(content: Mapping[str, Any], hidden: AbstractSet[str]) -> dict[str, Any]:
    """A case as published, less the `hidden` tests that it requires."""
    return {**content, "required_tests": [test for test in content["required_tests"] if test not in hidden]}
