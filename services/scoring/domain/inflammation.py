"""Whether there was inflammation at a draw, and in which stage: ferritin, zinc, retinol and albumin are read by it."""

from __future__ import annotations

from typing import Final

from services.scoring.domain.reading_view import View

# Which stage an inflammation is in, by (CRP raised, AGP raised).
STAGES: Final = {
    ("yes", "no"): "inflammation_incubation",
    ("yes", "yes"): "inflammation_early_convalescence",
    ("no", "yes"): "inflammation_late_convalescence",
}


def inflammation(view: View) -> tuple[bool | None, tuple[str, ...]]:
    """Whether there is inflammation, and what is to be noted of it.

    None: not known, for want of a CRP, or because a bound (`<6`) leaves it open.
    """
    crp, agp = view.inflamed("crp"), view.inflamed("agp")
    missing = [f"{name}_missing" for name, answer in (("crp", crp), ("agp", agp)) if answer is None]
    if "yes" in (crp, agp):
        return True, (STAGES.get((str(crp), str(agp)), "inflammation"), *missing)
    return (False if crp == "no" and agp != "indeterminate" else None), tuple(missing)
