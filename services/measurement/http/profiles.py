"""`/v1/profiles`: how files are read, as data: heads, words, kinds of export. No version ever changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request, Response

from services.measurement.domain.file_row import FileRow
from services.measurement.formats.profile_additions import AdditionProblem, problems_of, shipped
from services.measurement.http.requests import ProfileIn
from services.measurement.store import file_profiles
from services.measurement.store.file_profiles import StoredProfile
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import now_utc, today_jakarta
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import json_body
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading, write_once
from shared.postgres.pool import Connection
from shared.problems import FieldProblem, ProblemKind

router = APIRouter(prefix="/v1/profiles", tags=["intake"])
WRONG_PROFILE: Final = ProblemKind(
    "wrong_profile", 422, "Profil tidak dapat dipakai", "The profile cannot be used",
    "Perbaiki isian yang disebut di `errors`, lalu kirim ulang.", "Correct what `errors` names and send it again.",
)  # fmt: skip
_TEXTS: Final = {
    "unknown_field": (
        "isian `{value}` tidak dikenal", "no row has the field `{value}`",
        "Pakai nama isian dari `fields` di GET /v1/profiles.", "Use a field named under `fields` of GET /v1/profiles."),
    "unknown_meaning": (
        "arti `{value}` tidak dikenal", "`{value}` is no meaning of this field",
        "Pakai salah satu dari: {other}.", "Use one of: {other}."),
    "alias_clash": (
        "`{value}` sudah berarti `{other}`", "`{value}` means `{other}` already",
        "Satu judul atau kata hanya boleh punya satu arti: hapus dari salah satunya.",
        "A head or word has one meaning: leave it out of one of the two."),
    "nothing_required": (
        "tidak ada kolom wajib", "no column is required",
        "Sebut kolom wajib agar berkas lain tidak dikira profil ini.",
        "Name the columns a file must have, so that no other file is taken for this profile."),
    "effective_in_past": (
        "tanggal berlaku sudah lewat", "the effective date lies in the past",
        "Pakai hari ini atau sesudahnya: yang sudah dibaca tidak berubah.",
        "Use today or later: what has been read does not change."),
}  # fmt: skip


@router.get("", summary="Profiles in effect, shipped and added")
async def get_profiles(request: Request, _caller: Annotated[Caller, require("intake:read")]) -> Response:
    """The newest version in effect of each; `fields` are what a head may mean."""
    today = today_jakarta()
    async with reading(request) as connection:
        stored = await file_profiles.all_versions(connection)
    newest = {item["name"]: item for item in _shipped_json()}
    newest |= {profile.name: _json(profile) for profile in stored if profile.effective_from <= today}
    fields = [name for name in FileRow._fields if name != "row_number"]
    return json_response({"items": list(newest.values()), "fields": fields})


@router.get("/{name}", summary="Every version of a profile")
async def get_profile(request: Request, _caller: Annotated[Caller, require("intake:read")], name: str) -> Response:
    """Oldest first."""
    async with reading(request) as connection:
        stored = await file_profiles.all_versions(connection)
    versions = [item for item in _shipped_json() if item["name"] == name]
    versions += [_json(profile) for profile in stored if profile.name == name]
    if not versions:
        raise NOT_FOUND.problem()
    return json_response({"items": versions})


@router.post("", status_code=201, summary="Add a profile, or a new version of one")
async def post_profile(
    request: Request,
    caller: Annotated[Caller, require("register:write")],
    body: Annotated[ProfileIn, json_body(ProfileIn)],
) -> Response:
    """Files diagnosed from `effective_from` on are read with it; heads and words add to those that are shipped."""
    today = today_jakarta()
    effective_from = body.effective_from or today

    async def effect(connection: Connection) -> Answer:
        await file_profiles.lock_profiles(connection)
        stored = await file_profiles.all_versions(connection)
        content = body.model_dump(exclude={"effective_from"})
        name = content.pop("name")
        # Every version counts that is or will be in effect beside this one.
        others = {profile.name: profile for profile in stored if profile.name != name}
        beside = [{**profile.content, "name": profile.name} for profile in others.values()]
        problems = problems_of({**content, "name": name}, beside)
        if effective_from < today:
            problems.append(AdditionProblem("effective_in_past", "effective_from", effective_from.isoformat()))
        if problems:
            raise WRONG_PROFILE.problem(errors=_field_problems(problems))
        versions = [profile.version for profile in stored if profile.name == name]
        versions += [1 for item in shipped()["profiles"] if item["code"] == name]
        profile = StoredProfile(name, max(versions, default=0) + 1, effective_from, now_utc(), caller.subject, content)
        await file_profiles.add_version(connection, profile)
        return json_answer(201, _json(profile), {"Location": f"/v1/profiles/{name}"})

    return await write_once(request, effect)


def _shipped_json() -> list[dict[str, Any]]:
    source = shipped()
    return [
        {
            "name": item["code"],
            "version": 1,
            "title": item["name"],
            "effective_from": None,
            "created_at": None,
            "created_by": None,
            "needs": item["needs"],
            "lacks": item["lacks"],
            "heads": source["heads"],
            "words": source["words"],
            "date_order": None,
        }
        for item in source["profiles"]
    ]


def _json(profile: StoredProfile) -> dict[str, Any]:
    return {
        "name": profile.name,
        "version": profile.version,
        "effective_from": profile.effective_from.isoformat(),
        "created_at": profile.created_at.isoformat(),
        "created_by": profile.created_by,
        **profile.content,
    }


def _field_problems(problems: Sequence[AdditionProblem]) -> list[FieldProblem]:
    found = []
    for problem in problems:
        texts = [text.format(value=problem.value, other=problem.other) for text in _TEXTS[problem.code]]
        found.append(FieldProblem(problem.field, problem.code, texts[0], texts[1], texts[2], texts[3], problem.value))
    return found
