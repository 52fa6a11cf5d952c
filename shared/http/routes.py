"""What the shell knows of each route, found out once at start; a route that breaks the rules stops the start."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from shared.auth.dependency import REQUIRED_SCOPE
from shared.http.bodies import JSON_MODEL, MEDIA_TYPES, OWN_NUMBER

OPEN_PATHS: Final = frozenset({"/livez", "/readyz", "/metrics"})  # beside /openapi.json, which is no API route


class RouteRuleError(Exception):
    """A route without scope, with a FastAPI body parameter, or not async: a mistake of ours, found at start."""


@dataclass(frozen=True, slots=True)
class RouteInfo:
    """One route as the guard and the OpenAPI document need it."""

    template: str
    methods: frozenset[str]
    scope: str | None  # None = open
    query_names: frozenset[str]
    json_model: Any
    media_types: tuple[str, ...]
    own_number: bool  # of the message, in place of an idempotency key


class RouteTable:
    """The API routes of one application, by identity: Starlette's routes have no hash."""

    def __init__(self, infos: Mapping[int, RouteInfo]) -> None:
        self._infos = dict(infos)

    def __iter__(self) -> Iterator[RouteInfo]:
        return iter(self._infos.values())

    def find(self, route: object) -> RouteInfo | None:
        """What is known of `route`; None for those that are not of the API."""
        return self._infos.get(id(route))

    def allowed_methods(self, template: str) -> str:
        """All methods of a template, for `Allow`: GET and PATCH of one address are two routes."""
        return ", ".join(sorted({method for info in self if info.template == template for method in info.methods}))


def route_table(app: FastAPI, open_paths: frozenset[str]) -> RouteTable:
    """Every API route of `app`. RouteRuleError names those that break a rule."""
    table: dict[int, RouteInfo] = {}
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if not isinstance(route, APIRoute):
            continue
        template = str(context.path)
        dependants = list(_walk(context.dependant))
        scope = _marker(dependants, REQUIRED_SCOPE)
        _demand_rules(template, route.endpoint, dependants, has_scope=scope is not None or template in open_paths)
        table[id(route)] = RouteInfo(
            template=template,
            methods=frozenset(context.methods or ()),
            scope=None if template in open_paths else scope,
            query_names=frozenset(field.alias for item in dependants for field in item.query_params),
            json_model=_marker(dependants, JSON_MODEL),
            media_types=_marker(dependants, MEDIA_TYPES) or (),
            own_number=bool(_marker(dependants, OWN_NUMBER)),
        )
    return RouteTable(table)


def _walk(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for inner in dependant.dependencies:
        yield from _walk(inner)


def _marker(dependants: list[Dependant], name: str) -> Any:
    return next((getattr(item.call, name) for item in dependants if hasattr(item.call, name)), None)


def _demand_rules(template: str, endpoint: Callable[..., Any], dependants: list[Dependant], *, has_scope: bool) -> None:
    if not has_scope:
        raise RouteRuleError(f"{template} demands no scope: add `require(…)` or name it among the open paths")
    if any(item.body_params for item in dependants):
        raise RouteRuleError(f"{template} has a FastAPI body parameter: use `json_body` or `raw_body`")
    # In a thread a route would neither share the loop's context (log ids, trace) nor its connections.
    if not inspect.iscoroutinefunction(endpoint):
        raise RouteRuleError(f"{template} is not async")
