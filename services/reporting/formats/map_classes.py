"""Classes of a share of stunted children, by which maps are coloured."""
# ruff: noqa: RUF001 - people read these texts: a dash is a dash

from __future__ import annotations

from typing import Final

# Public-health classes of stunting in children (WHO and UNICEF, 2018): lower limits of low, medium, high, very high.
CLASS_LIMITS: Final = (0.025, 0.10, 0.20, 0.30)
CLASS_NAMES: Final = ("< 2,5 %", "2,5–< 10 %", "10–< 20 %", "20–< 30 %", "≥ 30 %")


def share_class(share: float | None) -> str:
    """CSS class of a share on the map; hatched where there is no data."""
    return "no-data" if share is None else f"class-{sum(share >= limit for limit in CLASS_LIMITS)}"
