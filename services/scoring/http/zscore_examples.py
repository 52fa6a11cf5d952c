"""Examples of `/v1/zscores` in the document of the API; a test sends and compares them."""

from __future__ import annotations

from typing import Any, Final

VALUES: Final[dict[str, Any]] = {
    "row_id": "visit-17",
    "sex": "male",
    "birth_date": "2024-09-03",
    "measured_on": "2025-10-14",
    "weight_kg": 8.4,
    "length_height_cm": 72.0,
    "measurement_position": "lying",
    "muac_cm": 12.9,
}
SHEET: Final = (
    "row_id,sex,age,is_age_in_month,weight,lenhei,measure,headc,armc,triskin,subskin,oedema\n"
    "1,1,406,0,8.4,72.0,l,,12.9,,,n\n"
)
SCORED_SHEET: Final = (
    "row_id,sex,age,is_age_in_month,weight,lenhei,measure,headc,armc,triskin,subskin,oedema,"
    "clenhei,cmeasure,c9mo_flag,cbmi,csex,zlen,flen,zwei,fwei,zwfl,fwfl,zbmi,fbmi,zhc,fhc,zac,fac,zts,fts,zss,fss,"
    "reasons\n"
    "1,1,406,0,8.4,72.0,l,,12.9,,,n,"
    "72,l,0,16.2037037037037,1,-2.17,0,-1.54,0,-0.67,0,-0.33,0,,,-1.67,0,,,,,"
    "zhc:head_circumference_missing;zts:triceps_skinfold_missing;zss:subscapular_skinfold_missing\n"
)
SCORED: Final[dict[str, Any]] = {
    "row_id": "visit-17",
    "age_days": 406,
    "adjusted_length_height_cm": 72.0,
    "measurement_position": "lying",
    "position_implausible": False,
    "bmi_kg_m2": 16.203703703703706,
    "scores": {
        "haz": {
            "z": -2.17,
            "flagged": False,
            "class": {"code": "stunted", "name_id": "pendek", "name_en": "stunted"},
            "reason": None,
        },
        "waz": {
            "z": -1.54,
            "flagged": False,
            "class": {"code": "normal", "name_id": "berat badan normal", "name_en": "normal weight"},
            "reason": None,
        },
        "whz": {
            "z": -0.67,
            "flagged": False,
            "class": {"code": "normal", "name_id": "gizi baik", "name_en": "normal"},
            "reason": None,
        },
        "baz": {
            "z": -0.33,
            "flagged": False,
            "class": {"code": "normal", "name_id": "gizi baik", "name_en": "normal"},
            "reason": None,
        },
        "hcz": {
            "z": None,
            "flagged": False,
            "class": None,
            "reason": {
                "code": "head_circumference_missing",
                "text_id": "lingkar kepala tidak diukur",
                "text_en": "head circumference was not taken",
            },
        },
        "acz": {"z": -1.67, "flagged": False, "class": None, "reason": None},
        "tsz": {
            "z": None,
            "flagged": False,
            "class": None,
            "reason": {
                "code": "triceps_skinfold_missing",
                "text_id": "tebal lipatan kulit tidak diukur",
                "text_en": "the skinfold was not taken",
            },
        },
        "ssz": {
            "z": None,
            "flagged": False,
            "class": None,
            "reason": {
                "code": "subscapular_skinfold_missing",
                "text_id": "tebal lipatan kulit punggung tidak diukur",
                "text_en": "the skinfold of the back was not taken",
            },
        },
    },
    "muac_class": {"code": "normal", "name_id": "gizi baik", "name_en": "normal"},
    "if_other_position": None,
    "ruleset_version": "2026-01",
}
ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The row with its scores; of a batch, a report in `rows`; of a sheet, the sheet with its scores",
        "content": {"application/json": {"example": SCORED}, "text/csv": {"example": SCORED_SHEET}},
    }
}
