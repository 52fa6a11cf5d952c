"""Roles and what they may do (interfaces: roles, scopes, areas).

A token carries a role and scopes. What counts is the intersection: an identity provider may give a person less than
the role allows, never more, so that a wrong mapping there cannot open a door here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

# One scope per thing that a route guards. Reading and writing are apart; identity is apart from everything.
SCOPES: Final[dict[str, str]] = {
    "measurement:write": "record measurements and interventions",
    "measurement:correct": "correct and void measurements and interventions",
    "children:read": "children of the own area, identity masked",
    "children:register": "register a new child",
    "children:write": "correct a child, relocate it, record death or departure",
    "identity:read": "names and NIK unmasked; every read is audited",
    "intake:write": "upload, commit and void files",
    "intake:read": "state, rows and error file of the own uploads",
    "review:read": "possible duplicates, quarantine and mapping queues",
    "review:write": "decide review items, quarantine and mappings",
    "merge:write": "merge and unmerge children",
    "register:read": "areas, posyandu, puskesmas, targets",
    "register:write": "load the register",
    "exports:read": "export files of the own area",
    "reconciliation:write": "compare with a file of the ministry",
    "lists:read": "work lists of the own area",
    "zscores:compute": "z-scores of given values, nothing stored",
    "orders:read": "laboratory orders",
    "orders:write": "open, change and cancel laboratory orders",
    "specimens:write": "specimens drawn for an order",
    "results:read": "laboratory results",
    "results:confidential": "results of confidential tests (HIV), and what rests on them",
    "results:write": "results, corrections and rejected specimens",
    "catalogue:read": "test catalogue",
    "catalogue:write": "versions of tests in the catalogue",
    "laboratories:write": "enter laboratories and the areas they serve",
    "critical:write": "acknowledge critical values",
    "status:read": "risk status and its reasons",
    "cases:read": "cases and their history",
    "cases:write": "confirm, refer and close cases",
    "followups:write": "plan and complete follow-ups, answer referrals",
    "audits:read": "case audits (AKS), confidential",
    "audits:write": "hold case audits and follow their recommendations",
    "rules:read": "rule sets",
    "rules:write": "replay, switch and drop rule sets",
    "aggregates:read": "figures by area and period",
    "aggregates:exact": "figures without suppression of small cells",
    "alerts:read": "alerts at the measuring of posyandu",
    "alerts:write": "take up and close alerts at the measuring of posyandu",
    "reports:read": "published reports",
    "reports:write": "publish and revise reports",
    "aksi:read": "the convergence board",
    "aksi:write": "enter convergence figures",
    "aksi:verify": "verify entries that another person made",
    "aksi:submit": "submit the board to the province, load its programmes and templates",
    "aksi:review": "record the province's review of a submission",
    "aksi:exchange": "submissions of the board as the official report: read, follow, acknowledge",
    "decisions:write": "recommendations of the TPPS and their state",
    "feed:read": "change feed and stream of aggregates",
    "subscriptions:read": "to whom changed figures are sent, and how that goes",
    "subscriptions:write": "decide to whom changed figures are sent",
    "audit:read": "access log and breach report",
    "ops:read": "ledger and dead letters, without personal data",
    "ops:write": "redrive and discard dead letters",
}

_KADER: Final = frozenset(
    {
        *("measurement:write", "children:read", "children:register", "lists:read", "status:read"),
        *("register:read", "zscores:compute", "aggregates:read", "aggregates:exact"),
    }
)
_PUSKESMAS: Final = _KADER | {
    *("intake:write", "intake:read", "measurement:correct", "children:write", "identity:read"),
    *("review:read", "review:write", "merge:write", "exports:read", "reconciliation:write"),
    *("orders:read", "orders:write", "specimens:write", "results:read", "catalogue:read", "cases:read"),
    "followups:write",
    *("rules:read", "reports:read", "alerts:read", "alerts:write"),
}
_CLINICIAN: Final = _PUSKESMAS | {
    *("cases:write", "critical:write", "audits:read", "audits:write", "results:confidential"),
}
_LABORATORY: Final = frozenset(
    {
        *("orders:read", "specimens:write", "results:read", "results:write", "catalogue:read"),
        *("critical:write", "lists:read", "zscores:compute", "results:confidential"),
    }
)
_AREA_OFFICE: Final = frozenset(
    {"aggregates:read", "aggregates:exact", "register:read", "reports:read", "rules:read", "aksi:read", "alerts:read"}
)
_KECAMATAN: Final = _AREA_OFFICE | {"aksi:write"}
_CAMAT: Final = _AREA_OFFICE | {"aksi:verify"}
_DISTRICT: Final = _AREA_OFFICE | {
    *("children:read", "lists:read", "status:read", "cases:read", "orders:read", "catalogue:read"),
    *("intake:write", "intake:read", "review:read", "review:write", "exports:read", "reconciliation:write"),
    *("register:write", "rules:write", "reports:write", "aksi:write", "aksi:verify", "decisions:write", "feed:read"),
    *("aksi:submit", "aksi:review", "aksi:exchange"),
    *("zscores:compute", "laboratories:write", "catalogue:write"),
    *("children:write", "merge:write"),  # what crosses two puskesmas: only who sees both can move or merge
    *("audits:read", "audits:write", "alerts:write"),
    *("subscriptions:read", "subscriptions:write"),
}
# Aggregates only, small cells suppressed: no `aggregates:exact`.
_PROVINCE: Final = frozenset(
    {"aggregates:read", "register:read", "reports:read", "rules:read", "feed:read", "aksi:read", "aksi:review"}
)
# A machine gets what its client registration grants, out of these.
_PARTNER: Final = frozenset(
    {
        *("measurement:write", "children:register", "intake:write", "intake:read", "results:write", "orders:read"),
        *("catalogue:read", "register:read", "aggregates:read", "reports:read", "feed:read", "zscores:compute"),
        "aksi:exchange",
    }
)

ROLES: Final[dict[str, frozenset[str]]] = {
    "kader": _KADER,
    "puskesmas": _PUSKESMAS,
    "clinician": _CLINICIAN,
    "laboratory": _LABORATORY,
    "kecamatan": _KECAMATAN,
    "camat": _CAMAT,
    "district": _DISTRICT,
    "province": _PROVINCE,
    "partner": _PARTNER,
    "ops": frozenset({"ops:read", "ops:write"}),
    "auditor": frozenset({"audit:read"}),
}
# Roles that work without an area; every other needs one, or sees nothing.
AREALESS_ROLES: Final = frozenset({"ops"})


def scopes_of(role: str) -> frozenset[str]:
    """All scopes of `role`; none for a role that does not exist."""
    return ROLES.get(role, frozenset())


def effective_scopes(role: str, granted: Iterable[str]) -> frozenset[str]:
    """What a token may do: granted, and allowed to its role."""
    return scopes_of(role) & frozenset(granted)
