"""Which hints at a value stand, once it has been judged again."""

from typing import get_args

from services.scoring.domain.hint_states import KeptHint, next_states
from services.scoring.domain.plausibility.verdicts import KIND_CODES
from shared.contracts.hint import ErrorKind


def test_what_is_found_is_open_and_what_is_not_found_any_more_is_withdrawn() -> None:
    kept = {"decimal_shift": KeptHint("open", 58.0), "wrong_sex": KeptHint("withdrawn", 58.0)}
    assert next_states(kept, 58.0, "wrong_sex") == {"decimal_shift": "withdrawn", "wrong_sex": "open"}
    assert next_states({}, 58.0, "other") == {"other": "open"}
    assert next_states({}, 58.0, None) == {}


def test_an_accepted_value_is_doubted_no_more_in_any_way() -> None:
    kept = {"decimal_shift": KeptHint("accepted", 58.0)}
    assert next_states(kept, 58.0, "decimal_shift") == {"decimal_shift": "accepted"}
    assert next_states(kept, 58.0, "tem_outlier") == {"decimal_shift": "accepted"}
    assert next_states(kept, 58.0, None) == {"decimal_shift": "accepted"}


def test_another_value_is_judged_anew() -> None:
    kept = {"decimal_shift": KeptHint("accepted", 58.0)}
    assert next_states(kept, 57.0, "decimal_shift") == {"decimal_shift": "open"}
    assert next_states(kept, 5.8, None) == {"decimal_shift": "withdrawn"}


def test_a_voided_value_has_no_hint() -> None:
    assert next_states({"decimal_shift": KeptHint("accepted", 58.0)}, None, None) == {"decimal_shift": "withdrawn"}


def test_the_contract_names_every_kind_of_the_detector() -> None:
    assert set(get_args(ErrorKind)) == set(KIND_CODES[1:])
