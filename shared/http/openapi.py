"""The OpenAPI document: FastAPI's own, completed by what the shell adds (bodies, scopes, keys, problems)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from shared.http.routes import RouteInfo, RouteTable
from shared.problems import MEDIA_TYPE

_REF: Final = "#/components/schemas/{model}"
_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type", "title", "status", "code", "instance", "remedy_id", "remedy_en", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable; decide by this"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "remedy_id": {"type": "string"},
        "remedy_en": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "problem_id", "problem_en", "remedy_id", "remedy_en"],
                "properties": {
                    name: {"type": "string"}
                    for name in ("field", "code", "problem_id", "problem_en", "remedy_id", "remedy_en")
                }
                | {"value": {"type": ["string", "number", "boolean"]}},
            },
        },
    },
}
# What a field holds that was not sent, where null would mean something: nobody may send it.
_NOT_SENT: Final = (date.min.isoformat(), str(UUID(int=0)))
_KEY_PARAMETER: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "A new UUID for each write; the same one when it is sent again. Kept for seven days.",
    "schema": {"type": "string", "minLength": 8, "maxLength": 128},
}


def openapi_of(app: FastAPI, table: RouteTable) -> Callable[[], dict[str, Any]]:
    """A replacement for `app.openapi`; the document is made once."""

    def make() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(title=app.title, version=app.version, routes=app.routes)
            _complete(document, table)
            app.openapi_schema = document
        return app.openapi_schema

    return make


def _complete(document: dict[str, Any], table: RouteTable) -> None:
    models = {info.json_model for info in table if info.json_model is not None}
    references, definitions = models_json_schema(
        [(model, "validation") for model in sorted(models, key=lambda item: str(item.__name__))], ref_template=_REF
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas.update(definitions.get("$defs", {}))
    _drop_placeholders(
        schemas, {info.json_model.__name__ for info in table if info.json_model and "PATCH" in info.methods}
    )
    schemas["Problem"] = _PROBLEM
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    components["responses"] = {
        "Problem": {
            "description": "Any refusal (RFC 9457)",
            "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}},
        }
    }
    for info in table:
        for method in info.methods:
            operation = document["paths"].get(info.template, {}).get(method.lower())
            if operation is not None:
                _complete_operation(operation, info, method, references)


def _drop_placeholders(schemas: Mapping[str, Any], patches: Collection[str]) -> None:
    """Defaults that say something false: what a correction leaves out stays as it is, whatever our models hold then."""
    for name, schema in schemas.items():
        for told in schema.get("properties", {}).values():
            if name in patches or told.get("default") in _NOT_SENT:
                told.pop("default", None)


def _complete_operation(operation: dict[str, Any], info: RouteInfo, method: str, references: Mapping[Any, Any]) -> None:
    operation["responses"].pop("422", None)  # FastAPI's own shape, which we never send
    operation["responses"]["default"] = {"$ref": "#/components/responses/Problem"}
    if info.scope is not None:
        operation["security"] = [{"bearer": []}]
        operation["x-required-scope"] = info.scope
    if method == "POST":
        operation.setdefault("parameters", []).append({**_KEY_PARAMETER, "required": not info.own_number})
    content: dict[str, Any] = {name: {"schema": {"type": "string", "format": "binary"}} for name in info.media_types}
    if info.json_model is not None:
        content["application/json"] = {"schema": references[info.json_model, "validation"]}
    if content:
        operation["requestBody"] = {"required": True, "content": content}
