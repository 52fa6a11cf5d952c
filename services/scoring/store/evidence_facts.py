"""How facts of measurement are kept as evidence: the tables a batch is merged into, and the codes of their columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import orjson
from pydantic import BaseModel

from services.scoring.domain.assessment_codes import Channel, Letter, Oedema
from services.scoring.domain.danger_signs import mask_of
from shared.contracts.child import ChildV1, MeasurementV1
from shared.growth.codes import Position, Sex
from shared.postgres.merge import Column, FactTable, plain

SEX_CODES: Final = {None: Sex.MISSING, "male": Sex.MALE, "female": Sex.FEMALE}
POSITION_CODES: Final = {None: Position.UNKNOWN, "lying": Position.LYING, "standing": Position.STANDING}
OEDEMA_CODES: Final = {None: Oedema.UNKNOWN, False: Oedema.NO, True: Oedema.YES}
LETTER_CODES: Final = {None: Letter.NONE, "N": Letter.N, "T": Letter.T, "O": Letter.O, "B": Letter.B}
CHANNEL_CODES: Final = {"file": Channel.FILE, "api": Channel.API}


def place_of(fact: MeasurementV1) -> str:
    """Where the session of a visit took place: posyandu, else desa, else the child by itself."""
    return fact.posyandu_code or fact.desa_code or str(fact.child_id)


def json_list(models: Sequence[BaseModel]) -> str | None:
    """A list of models as JSON text; most children have none."""
    return orjson.dumps([model.model_dump(mode="json") for model in models]).decode() if models else None


CHILDREN: FactTable[ChildV1] = FactTable(
    "child",
    (
        plain("child_id", "uuid"),
        Column("root_id", "uuid", lambda child: child.merged_into or child.child_id),
        Column("sex", "smallint", lambda child: int(SEX_CODES[child.sex])),
        plain("birth_date", "date"),
        plain("birth_weight_kg", "double precision"),
        plain("gestation_weeks", "smallint"),
        plain("died_on", "date"),
        plain("departed_on", "date"),
        plain("voided", "boolean"),
        Column("desa_code", "text", lambda child: child.residences[-1].desa_code),
        Column("posyandu_code", "text", lambda child: child.residences[-1].posyandu_code),
        plain("birth_length_cm", "double precision"),
        Column("household", "text", lambda child: json_list(child.household)),
    ),
    key=("child_id",),
)
MEASUREMENTS: FactTable[MeasurementV1] = FactTable(
    "measurement",
    (
        plain("child_id", "uuid"),
        plain("measured_on", "date"),
        plain("recorded_at", "timestamptz"),
        Column("channel", "smallint", lambda fact: int(CHANNEL_CODES[fact.channel])),
        plain("is_remeasurement", "boolean"),
        plain("weight_kg", "double precision"),
        plain("length_height_cm", "double precision"),
        Column("position", "smallint", lambda fact: int(POSITION_CODES[fact.measurement_position])),
        plain("muac_cm", "double precision"),
        Column("oedema", "smallint", lambda fact: int(OEDEMA_CODES[fact.oedema])),
        plain("voided", "boolean"),
        plain("head_circumference_cm", "double precision"),
        Column("reported_letter", "smallint", lambda fact: int(LETTER_CODES[fact.reported_letter])),
        Column("place", "text", place_of),
        Column("danger_signs", "integer", lambda fact: mask_of(fact.danger_signs)),
        plain("temperature_c", "double precision"),
    ),
)
