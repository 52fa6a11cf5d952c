"""What routes of the board have in common: year, area, who acts, and their refusals."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Annotated, Final

from fastapi import Path, Query

from services.reporting.domain.aksi_values import By, Source
from services.reporting.http.aksi_requests import AcknowledgementIn, ReviewIn
from services.reporting.http.aksi_texts import AREA_NEEDED, NO_KECAMATAN, REASONS_MISSING, UNKNOWN_AKSI, UNKNOWN_YEAR
from services.reporting.http.asked import NOT_YET, unknown_area
from services.reporting.http.forms import AREA, code_form
from services.reporting.store.aksi_units import Made
from services.reporting.use_cases.aksi_year import UnknownAksiError, UnknownYearError, Year, read_year
from services.reporting.use_cases.area_figures import UnknownAreaError
from shared.auth.tokens import Caller
from shared.calendar import now_utc
from shared.http.kinds import VALIDATION_FAILED
from shared.http.refusals import fact_refusals
from shared.postgres.pool import Connection
from shared.problems import FieldProblem

LONGEST_ACCOUNT: Final = 255  # of a subject (OpenID Connect Core §2)
YearPath = Annotated[int, Path(ge=2000, le=2100)]
YearQuery = Annotated[int, Query(ge=2000, le=2100)]
Area = Annotated[
    str | None,
    Query(json_schema_extra={"pattern": AREA}, description="Kabupaten, kecamatan or desa; yours by default"),
    code_form(AREA),
]
AksiCode = Annotated[str | None, Query(pattern=r"^[a-z0-9-]{1,40}$", description="Only this action")]
AksiWanted = Annotated[str, Query(pattern=r"^[a-z0-9-]{1,40}$", description="The action")]


@contextmanager
def aksi_refusals() -> Iterator[None]:
    """Around a use case of the board."""
    try:
        with fact_refusals():
            yield
    except UnknownYearError:
        raise UNKNOWN_YEAR.problem() from None
    except UnknownAksiError:
        raise UNKNOWN_AKSI.problem() from None
    except UnknownAreaError:
        raise unknown_area("area") from None


def area_asked(caller: Caller, area: str | None) -> str:
    """The area that is meant: the one named, or the only one the caller has, if it is no province, which has no board.

    Problems `outside_area`, `area_needed`.
    """
    if area is None:
        if len(caller.areas.codes) != 1 or "." not in caller.areas.codes[0]:
            kind = AREA_NEEDED
            texts = (kind.title_id, kind.title_en, kind.remedy_id, kind.remedy_en)
            raise kind.problem(errors=[FieldProblem("area", kind.code, *texts)])
        return caller.areas.codes[0]
    caller.areas.demand_area(area)
    return area


async def year_asked(connection: Connection, caller: Caller, year: int, area: str | None, today: date) -> Year:
    """The year of an area that lies in the caller's. Problems 404, 403, 422."""
    with aksi_refusals():
        return await read_year(connection, year, area_asked(caller, area), today)


def demand_reasons(body: ReviewIn | AcknowledgementIn) -> None:
    """Whoever sends back says why. Problem `validation_failed`."""
    if body.outcome != "accepted" and not body.reasons:
        raise VALIDATION_FAILED.problem(errors=[FieldProblem("reasons", "reasons_missing", *REASONS_MISSING)])


def demand_kecamatan(codes: Collection[str], year: Year) -> None:
    """Who is to revise must be of the kabupaten, or the others would pass as reviewed. Problem `validation_failed`."""
    strangers = [number for number, code in enumerate(codes) if code not in year.kecamatan]
    if strangers:
        problems = [FieldProblem(f"revise.{number}", "unknown_kecamatan", *NO_KECAMATAN) for number in strangers]
        raise VALIDATION_FAILED.problem(errors=problems)


def account_of(caller: Caller) -> str:
    """Who acts: the person's own account, never that of an office."""
    return caller.subject[:LONGEST_ACCOUNT]


def by(caller: Caller, source: Source = "typed") -> By:
    """Who enters, now."""
    return By(account_of(caller), now_utc(), source)


def made_by(caller: Caller, reason: str | None = None) -> Made:
    """Who makes a step, now."""
    return Made(account_of(caller), now_utc(), reason)


def demand_time(year: int, as_of: date, today: date) -> None:
    """Problem `not_yet`: nothing is known of a day to come, nor of a year before it has begun."""
    if as_of > today or as_of.year < year:
        texts = (NOT_YET.title_id, NOT_YET.title_en, NOT_YET.remedy_id, NOT_YET.remedy_en)
        raise NOT_YET.problem(errors=[FieldProblem("as_of", NOT_YET.code, *texts, value=as_of.isoformat())])
