"""What kind of anaemia it may be: a hint beside the reading of haemoglobin, never a diagnosis (domain.md §4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from services.scoring.domain.lab_results import Reading
from services.scoring.domain.laboratory_rules import HAEMOGLOBIN, LaboratoryRules


def with_anaemia_type(readings: Sequence[Reading], rules: LaboratoryRules) -> tuple[Reading, ...]:
    """The readings; that of an anaemia carries as notes what the blood drawn with it hints at.

    Where a test is missing there is no hint: which tests an anaemia asks for is the reflex's matter.
    """
    found = {reading.rule_id: reading for reading in readings}
    blood = found.get(HAEMOGLOBIN[0])
    if blood is None or blood.abnormal != "yes":
        return tuple(readings)
    together = {
        rule_id: reading
        for rule_id, reading in found.items()
        if abs((reading.drawn_on - blood.drawn_on).days) <= rules.together_at_most_days
    }
    hints = tuple(_hints(together))
    if not hints:
        return tuple(readings)
    told = replace(blood, notes=(*blood.notes, *hints), provisional=blood.provisional or rules.anaemia_type_provisional)
    return tuple(told if reading is blood else reading for reading in readings)


def _hints(found: Mapping[str, Reading]) -> Iterator[str]:
    cells = found.get("mcv")
    iron = found["ferritin"].abnormal if "ferritin" in found else None
    small = cells is not None and cells.abnormal == "yes"
    if small and iron == "yes":
        yield "hint_iron_deficiency"
    if cells is not None and small and iron == "no" and "mentzer_low" in cells.notes:
        yield "hint_thalassaemia_trait"
    if iron == "no" and any(found[name].abnormal == "yes" for name in ("crp", "agp") if name in found):
        yield "hint_inflammation"
