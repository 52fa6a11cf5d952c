"""Whether a resource is FHIR R4B, as the published structures say; the only place that loads them.

Loaded at the first message, not at the start: half a second and some 30 MB that a process without this door never pays.
Not checked by them: terminology (whether a code exists), invariants, and profiles.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError


def structure_errors(resource: Mapping[str, Any]) -> list[str]:
    """FHIR paths, below the resource, of what is not as the standard says; `` is the resource itself."""
    from fhir.resources.R4B import get_fhir_model_class  # noqa: PLC0415 - see above

    try:
        model = get_fhir_model_class(str(resource["resourceType"]))
    except KeyError:
        return ["resourceType"]
    try:
        model.model_validate(dict(resource))
    except ValidationError as error:
        return sorted({_path(item["loc"]) for item in error.errors(include_url=False, include_input=False)})
    return []


def _path(place: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
