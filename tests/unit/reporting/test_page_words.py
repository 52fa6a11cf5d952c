"""The page has a word for everybody who may see it."""

from __future__ import annotations

from services.reporting.http.page_texts import texts
from shared.auth.roles import ROLES


def test_every_role_that_may_see_figures_has_a_name_in_both_languages() -> None:
    readers = {f"role_{role}" for role, scopes in ROLES.items() if "aggregates:read" in scopes}
    assert readers <= set(texts("id"))
    assert readers <= set(texts("en"))
