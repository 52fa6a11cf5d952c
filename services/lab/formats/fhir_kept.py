"""What is kept of a bundle: all that it says of specimens, tests and values, nothing that says who the child is.

Names, numbers of persons and free text belong to `measurement`, sealed; here a child is our id or nobody.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import orjson

from shared.redaction import mask_text

LABORATORY: Final = ("Bundle", "Observation", "DiagnosticReport", "Specimen", "ServiceRequest")
# Free text and references to persons; `text` as an object is a narrative, as a string the name of a test.
LEFT_OUT: Final = frozenset({"note", "conclusion", "presentedForm", "extension", "modifierExtension", "div"})
PERSONS: Final = frozenset({"subject", "patient", "encounter", "requester", "collector", "resultsInterpreter"})


def kept_of(content: bytes) -> str:
    """The bundle as JSON without identities; `content` is JSON."""
    return mask_text(orjson.dumps(_less(orjson.loads(content))).decode())


def _less(value: Any) -> Any:
    if isinstance(value, list):
        return [_less(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "resourceType" in value and value["resourceType"] not in LABORATORY:
        ours = [item for item in value.get("identifier", ()) if _ours(item)]
        return {name: value[name] for name in ("resourceType", "id") if name in value} | {"identifier": ours}
    kept = {name: _less(item) for name, item in value.items() if name not in LEFT_OUT}
    if isinstance(kept.get("text"), dict):
        del kept["text"]
    if "code" not in kept:
        kept.pop("display", None)
    for name in PERSONS & kept.keys():
        kept[name] = _person(value[name])
    return kept


def _person(reference: Any) -> Any:
    if not isinstance(reference, dict):
        return None
    return {
        name: item for name, item in reference.items() if name == "reference" or (name == "identifier" and _ours(item))
    }


def _ours(identifier: Any) -> bool:
    try:
        UUID(str(identifier["value"]).removeprefix("urn:uuid:"))
    except (KeyError, TypeError, ValueError):
        return False
    return True
