"""What must never reach a log: identities, free text, secrets. Redacted by key, by shape, and in exceptions.

Logs are read by people who may not read children's records and are kept by systems we do not own. So whatever could
quote a row is removed here, in one place, instead of trusting every caller to think of it.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final

REDACTED: Final = "[redacted]"
MAX_DEPTH: Final = 6
MAX_FRAMES: Final = 30

# Words of a key (split at _, - and capitals) under which personal data or secrets may hide, in both languages.
_PERSONAL_WORDS: Final = frozenset(
    {
        *("name", "names", "nama", "nik", "nokk", "kk", "mother", "father", "parent", "parents", "guardian"),
        *("ibu", "ayah", "ortu", "wali", "address", "alamat", "rt", "rw", "phone", "telepon", "hp", "email"),
        *("text", "note", "notes", "comment", "remark", "catatan", "birth", "lahir", "query"),
        *("authorization", "token", "cookie", "password", "secret", "credentials", "jwt"),
        *("body", "payload", "content", "input", "args", "value", "values"),
    }
)
# Keys made of such a word that name a thing of ours, not a person.
_HARMLESS_KEYS: Final = frozenset({"topic_name", "metric_name", "task_name", "job_name", "file_kind", "lease_token"})
_KEY_WORDS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
# Sixteen digits, also typed with blanks or dots between them: an NIK or a family-card number.
_NIK_LIKE: Final = re.compile(r"(?<!\d)\d(?:[ .\u00a0]?\d){15}(?!\d)")
_NIK_INTEGERS: Final = range(10**15, 10**16)


def is_personal_key(key: str) -> bool:
    """Whether a value under `key` may be personal: `mother_name`, `motherName`, `NIK`, `request-body`."""
    if key in _HARMLESS_KEYS:
        return False
    return any(word.lower() in _PERSONAL_WORDS for word in _KEY_WORDS.findall(key))


def mask_text(text: str) -> str:
    """`text` without anything that looks like an NIK."""
    return _NIK_LIKE.sub(REDACTED, text)


def redact(value: Any, depth: int = 0) -> Any:
    """A copy of `value` fit for a log: personal keys blanked at every depth, NIK-like digits masked."""
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return REDACTED if depth >= MAX_DEPTH else _redact_inside(value, depth + 1)
    if isinstance(value, BaseException):
        return describe_exception(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return REDACTED
    if isinstance(value, bool | float | None):
        return value
    if isinstance(value, int):
        return REDACTED if value in _NIK_INTEGERS else value
    return mask_text(str(value))


def _redact_inside(value: Any, depth: int) -> Any:
    if isinstance(value, Mapping):
        return {
            str(key): REDACTED if is_personal_key(str(key)) else redact(inner, depth) for key, inner in value.items()
        }
    return [redact(inner, depth) for inner in value]


def describe_exception(error: BaseException) -> str:
    """Type, and what is known to be free of row values: SQLSTATE and constraint, or the text of a system error.

    The text of any other exception is dropped on purpose: PostgreSQL quotes the key of a conflicting row, pydantic
    the input it refused, `float()` the string it could not read.
    """
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    sqlstate = getattr(error, "sqlstate", None)
    if isinstance(sqlstate, str):
        constraint = getattr(error, "constraint_name", None)
        return f"{kind} sqlstate={sqlstate}" + (f" constraint={constraint}" if constraint else "")
    if isinstance(error, OSError) or kind.startswith("aiokafka."):
        return f"{kind}: {mask_text(str(error))}"
    return kind


def describe_traceback(error: BaseException) -> str:
    """The chain of exceptions with their frames (file, line, function), innermost last, without their texts."""
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        parts.append("\n".join([describe_exception(current), *_frames(current.__traceback__)]))
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\ncaused by ".join(parts)


def _frames(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-MAX_FRAMES:]
    return [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
