"""Which addresses a subscription may have: https, and reached from the internet."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from fastapi import Request

from services.reporting.domain.addresses import is_host_allowed
from shared.problems import FieldProblem, ProblemKind

PLAIN_HTTP: Final = "webhooks_plain_http"  # names on `app.state`
PRIVATE_NETWORKS: Final = "webhooks_private_networks"
HTTPS_NEEDED: Final = ProblemKind(
    code="https_needed",
    status=422,
    title_id="Alamat harus memakai https",
    title_en="The address must use https",
    remedy_id="Pakai alamat https; tanpa itu siapa pun di jalan dapat membaca dan mengubah kiriman.",
    remedy_en="Use an https address; without it anybody on the way could read and change what is sent.",
)
NOT_PUBLIC: Final = ProblemKind(
    code="address_not_public",
    status=422,
    title_id="Alamat itu bukan alamat publik",
    title_en="The address is not a public one",
    remedy_id="Pakai nama host yang dapat dicapai dari internet. Jaringan sendiri diizinkan oleh pengelola sistem "
    "dengan TUMBUH_WEBHOOK_PRIVATE_NETWORKS.",
    remedy_en="Use a host name that is reached from the internet. Networks of one's own are allowed by who runs the "
    "system, with TUMBUH_WEBHOOK_PRIVATE_NETWORKS.",
)


def demand_allowed(request: Request, url: str) -> None:
    """What can be refused before anything is sent; where a name leads is looked up at each delivery."""
    state, parts = request.app.state, urlsplit(url)
    kind = None
    if parts.scheme != "https" and not getattr(state, PLAIN_HTTP):
        kind = HTTPS_NEEDED
    elif not is_host_allowed(str(parts.hostname), getattr(state, PRIVATE_NETWORKS)):
        kind = NOT_PUBLIC
    if kind is not None:
        problem = FieldProblem(
            "url", kind.code, kind.title_id, kind.title_en, kind.remedy_id, kind.remedy_en, value=url
        )
        raise kind.problem(errors=[problem])
