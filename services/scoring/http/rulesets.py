"""`/v1/rulesets`: every rule set that is kept, with the source of each number, and which one judges.

A rule set is uploaded here or by `./tumbuh replay`; it judges only after a replay, by `./tumbuh replay --switch`.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request, Response

from services.scoring.domain.ruleset import RuleSetError, read
from services.scoring.http.rules_now import rules_now
from services.scoring.store import rule_sets
from services.scoring.use_cases.show_rule_set import rule_set_head, rules_told
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import raw_body
from shared.http.cursor import PageRequest, page_request
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading, write_once
from shared.postgres.pool import Connection
from shared.problems import FieldProblem, ProblemKind

router = APIRouter(prefix="/v1/rulesets", tags=["rules"])
LONGEST_ACCOUNT: Final = 80
LIMIT_BYTES: Final = 1_000_000
TOML_TYPES: Final = ("application/toml", "text/plain")
Version = Annotated[str, Path(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,39}$", description="or `active`")]

RULESET_BROKEN: Final = ProblemKind(
    code="ruleset_broken",
    status=422,
    title_id="Berkas aturan ini tidak dapat dipakai",
    title_en="This rule set cannot be used",
    remedy_id="Betulkan setiap tempat yang disebut di `errors`, lalu kirim lagi.",
    remedy_en="Mend every place named in `errors`, then send it again.",
)
RULESET_VERSION_TAKEN: Final = ProblemKind(
    code="ruleset_version_taken",
    status=409,
    title_id="Versi ini sudah dipakai aturan lain",
    title_en="Another rule set has this version",
    remedy_id="Beri `version` yang baru di berkas: isi sebuah versi tidak pernah berubah.",
    remedy_en="Give a new `version` in the file: the content of a version never changes.",
)


@router.get("", summary="Rule sets that are kept, by version")
async def get_rule_sets(
    request: Request,
    caller: Annotated[Caller, require("rules:read")],  # noqa: ARG001
    page: Annotated[PageRequest, Depends(page_request)],
) -> Response:
    """`active` judges now. `source`: shipped with the program, given to the command, or uploaded here."""
    after = page.after(str)
    async with reading(request) as connection:
        rows = await rule_sets.list_rule_sets(connection, None, after[0] if after else None, page.limit + 1)
    return json_response(page.page([rule_set_head(row) for row in rows], "version"))


@router.get("/{version}", summary="One rule set: every number with its source and status")
async def get_rule_set(
    request: Request,
    caller: Annotated[Caller, require("rules:read")],  # noqa: ARG001
    version: Version,
) -> Response:
    """`status`: S read in the source, S2 in a secondary one, P provisional. `toml` is the file, to change and send."""
    async with reading(request) as connection:
        asked = (await rules_now(request, connection)).version if version == "active" else version
        rows = await rule_sets.list_rule_sets(connection, asked)
        content = await rule_sets.content_of(connection, asked)
    if not rows or content is None:
        raise NOT_FOUND.problem()
    return json_response({**rule_set_head(rows[0]), "rules": rules_told(content), "toml": content.decode()})


@router.post("", status_code=201, summary="Keep a rule set, to be replayed")
async def post_rule_set(
    request: Request,
    caller: Annotated[Caller, require("rules:write")],
    content: Annotated[bytes, raw_body(TOML_TYPES, limit_bytes=LIMIT_BYTES)],
) -> Response:
    """Checked and kept under its own `version`; nothing is judged by it before it was replayed and switched on."""
    try:
        version = read(content).version
    except RuleSetError as error:
        raise RULESET_BROKEN.problem(errors=[_problem(each) for each in error.problems]) from None

    async def effect(connection: Connection) -> Answer:
        account = caller.subject[:LONGEST_ACCOUNT]
        sha256 = await rule_sets.add_rule_set(connection, version, content, "api", account)
        if sha256 != rule_sets.digest(content):
            raise RULESET_VERSION_TAKEN.problem()
        kept: dict[str, Any] = {"version": version, "sha256": sha256}
        return json_answer(201, kept, {"Location": f"/v1/rulesets/{version}"})

    return await write_once(request, effect)


def _problem(told: str) -> FieldProblem:
    """One problem of the file; its place stands before the colon."""
    place, _, what = told.partition(": ")
    return FieldProblem(
        field=place if what else "",
        code="ruleset_broken",
        problem_id=f"tidak sesuai: {what or told}",
        problem_en=what or told,
        remedy_id="Betulkan nilai di tempat ini.",
        remedy_en="Mend the value at this place.",
    )
