"""pydantic's findings as field problems: stable code, dotted path, remedy in two languages.

A domain rule inside a model says its own texts by `PydanticCustomError(code, message, {"problem_id": …, …})`; the four
texts in the context are used as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from shared.problems import FieldProblem
from shared.redaction import is_personal_key, mask_text

# Only what looks like a number, a date or a code word is ever shown back; never text that could be a name or an NIK.
_HARMLESS_TEXT: Final = re.compile(r"[-+]?[0-9]{0,6}[.,]?[0-9]{0,4}|\d{1,4}[-/]\d{1,2}[-/]\d{1,4}|\d{4}-(\d|[A-Z])\d")
_DECIMAL_COMMA: Final = re.compile(r"\s*[-+]?\d+,\d+\s*")
_NUMBER_TEXT: Final = re.compile(r"\s*[-+]?\d+(\.\d+)?\s*")
MAX_SHOWN_PROBLEMS: Final = 200
MAX_PATH_LENGTH: Final = 200  # an unknown field is named as the client wrote it

Texts = tuple[str, str, str, str]  # problem and remedy, each in Bahasa Indonesia and English

_COMMA: Final[Texts] = (
    "angka ditulis dengan koma desimal",
    "the number is written with a decimal comma",
    "Tulis angka JSON dengan titik dan tanpa tanda kutip, misalnya 8.5.",
    "Write a JSON number with a point and without quotes, for instance 8.5.",
)
_NUMBER_AS_TEXT: Final[Texts] = (
    "angka dikirim sebagai teks",
    "the number is sent as text",
    "Hapus tanda kutip di sekeliling angka.",
    "Remove the quotes around the number.",
)
_TEXTS: Final[Mapping[str, Texts]] = {
    "missing": ("wajib diisi", "is required", "Isi kolom ini.", "Fill in this field."),
    "unknown_field": (
        "kolom tidak dikenal",
        "is not a known field",
        "Hapus kolom ini atau periksa ejaannya.",
        "Remove the field or check its spelling.",
    ),
    "not_a_number": ("bukan angka", "is not a number", "Kirim angka JSON.", "Send a JSON number."),
    "not_a_whole_number": (
        "bukan bilangan bulat",
        "is not a whole number",
        "Kirim bilangan bulat.",
        "Send a whole number.",
    ),
    "not_a_boolean": (
        "bukan benar atau salah",
        "is not true or false",
        "Kirim true atau false, tanpa tanda kutip.",
        "Send true or false, without quotes.",
    ),
    "not_a_text": ("bukan teks", "is not text", "Kirim teks dalam tanda kutip.", "Send text in quotes."),
    "not_a_date": (
        "bukan tanggal",
        "is not a date",
        "Kirim tanggal sebagai YYYY-MM-DD, misalnya 2026-04-30.",
        "Send the date as YYYY-MM-DD, for instance 2026-04-30.",
    ),
    "not_an_instant": (
        "bukan tanggal dan jam",
        "is not a date and time",
        "Kirim sebagai 2026-04-30T09:15:00+07:00, dengan zona waktu.",
        "Send it as 2026-04-30T09:15:00+07:00, with the time zone.",
    ),
    "not_a_uuid": (
        "bukan pengenal yang sah",
        "is not a valid identifier",
        "Pakai pengenal (UUID) persis seperti diterima.",
        "Use the identifier (UUID) exactly as received.",
    ),
    "not_allowed_value": (
        "bukan salah satu pilihan",
        "is not one of the choices",
        "Pakai salah satu dari: {expected}.",
        "Use one of: {expected}.",
    ),
    "out_of_range": (
        "di luar batas",
        "is out of range",
        "Nilai harus {expected}.",
        "The value must be {expected}.",
    ),
    "wrong_length": (
        "terlalu pendek atau terlalu panjang",
        "is too short or too long",
        "Panjangnya harus {expected}.",
        "The length must be {expected}.",
    ),
    "wrong_form": (
        "bentuknya salah",
        "has the wrong form",
        "Periksa penulisannya pada dokumen API.",
        "Check how it is written in the API document.",
    ),
    "wrong_shape": (
        "susunannya salah",
        "has the wrong shape",
        "Kirim objek atau daftar seperti pada dokumen API.",
        "Send an object or a list as in the API document.",
    ),
    "invalid_value": (
        "isinya tidak sah",
        "is not valid",
        "Periksa isian ini pada dokumen API.",
        "Check this field in the API document.",
    ),
}
_CODES: Final[Mapping[str, str]] = {
    "missing": "missing",
    "extra_forbidden": "unknown_field",
    "unexpected_keyword_argument": "unknown_field",
    "finite_number": "not_a_number",
    "literal_error": "not_allowed_value",
    "enum": "not_allowed_value",
    "greater_than": "out_of_range",
    "greater_than_equal": "out_of_range",
    "less_than": "out_of_range",
    "less_than_equal": "out_of_range",
    "string_too_short": "wrong_length",
    "string_too_long": "wrong_length",
    "too_short": "wrong_length",
    "too_long": "wrong_length",
    "string_pattern_mismatch": "wrong_form",
    "timezone_naive": "not_an_instant",
}
_PREFIX_CODES: Final = (
    ("int_", "not_a_number"),
    ("float_", "not_a_number"),
    ("decimal_", "not_a_number"),
    ("bool_", "not_a_boolean"),
    ("string_", "not_a_text"),
    ("datetime_", "not_an_instant"),
    ("date_", "not_a_date"),
    ("time_", "not_an_instant"),
    ("uuid_", "not_a_uuid"),
    ("model_", "wrong_shape"),
    ("list_", "wrong_shape"),
    ("tuple_", "wrong_shape"),
    ("set_", "wrong_shape"),
    ("dict_", "wrong_shape"),
    ("union_", "wrong_shape"),
)
_OWN_TEXTS: Final = ("problem_id", "problem_en", "remedy_id", "remedy_en")


def field_problems(error: ValidationError, prefix: Sequence[str | int] = ()) -> list[FieldProblem]:
    """All findings of `error`, at most 200, with paths below `prefix` (a batch's `("rows", 3)`)."""
    return [
        _field_problem((*prefix, *item["loc"]), item) for item in error.errors(include_url=False)[:MAX_SHOWN_PROBLEMS]
    ]


def problems_of_items(items: Sequence[Mapping[str, Any]], *, skip: int) -> list[FieldProblem]:
    """The same for FastAPI's list of query, path and header findings; `skip` drops the source from their paths."""
    return [_field_problem(tuple(item["loc"])[skip:], item) for item in items[:MAX_SHOWN_PROBLEMS]]


def _field_problem(path: Sequence[str | int], item: Mapping[str, Any]) -> FieldProblem:
    context: Mapping[str, Any] = item.get("ctx") or {}
    if all(name in context for name in _OWN_TEXTS):
        code, texts = str(item["type"]), tuple(str(context[name]) for name in _OWN_TEXTS)
    else:
        code, texts = _known(str(item["type"]), item.get("input"))
    expected = _expected(context)
    problem_id, problem_en, remedy_id, remedy_en = (text.replace("{expected}", expected) for text in texts)
    return FieldProblem(
        field=mask_text(".".join(str(part) for part in path))[:MAX_PATH_LENGTH],
        code=code,
        problem_id=problem_id,
        problem_en=problem_en,
        remedy_id=remedy_id,
        remedy_en=remedy_en,
        value=_shown(path, item.get("input"), code),
    )


def _known(kind: str, value: object) -> tuple[str, Texts]:
    code = _CODES.get(kind) or next((code for start, code in _PREFIX_CODES if kind.startswith(start)), "invalid_value")
    if kind.startswith("int_") and isinstance(value, float):
        return "not_a_whole_number", _TEXTS["not_a_whole_number"]
    if code == "not_a_number" and isinstance(value, str):
        if _DECIMAL_COMMA.fullmatch(value):
            return "decimal_comma", _COMMA
        if _NUMBER_TEXT.fullmatch(value):
            return "number_as_text", _NUMBER_AS_TEXT
    return code, _TEXTS[code]


def _expected(context: Mapping[str, Any]) -> str:
    """What pydantic says it expected, in signs that need no translation."""
    signs = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤", "min_length": "≥", "max_length": "≤"}
    for name, sign in signs.items():
        if name in context:
            return f"{sign} {context[name]}"
    return str(context.get("expected", "")).replace(" or ", ", ")


def _shown(path: Sequence[str | int], value: object, code: str) -> str | float | bool | None:
    if code in {"missing", "unknown_field"} or any(is_personal_key(str(part)) for part in path):
        return None
    if isinstance(value, str) and _HARMLESS_TEXT.fullmatch(value.strip()):
        return value
    if isinstance(value, bool) or (isinstance(value, int | float) and abs(value) < 10**6):
        return value
    return None
