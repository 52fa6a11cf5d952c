"""Groups of children by sex and age: each child of an area and period is in one of them.

Sex and age at the last measurement in the period; of a target who was not measured, the age at the end of its last
month as one (59 in the month of the fifth birthday). So the groups of an area add up to its figures.
"""

from __future__ import annotations

from itertools import product
from typing import Final, Literal, NamedTuple

By = Literal["sex", "age", "sex,age"]
EVERY_WAY: Final[tuple[By, ...]] = ("sex", "age", "sex,age")
UNKNOWN: Final = "unknown"

# Code → words. L and P as in the ministry's files.
SEXES: Final = {
    "L": ("Laki-laki", "Boys"),
    "P": ("Perempuan", "Girls"),
    UNKNOWN: ("Jenis kelamin tidak diketahui", "Sex unknown"),
}
CODE_OF_SEX: Final = {"male": "L", "female": "P", None: UNKNOWN}
FIRST_MONTHS: Final = (0, 6, 12, 24, 36, 48)  # of the bands; completed calendar months (domain: ages)
BANDS: Final = ("0-5", "6-11", "12-23", "24-35", "36-47", "48-59")
BADUTA: Final = "0-23"  # under two: the programme tells them apart (domain: figures)
BADUTA_BANDS: Final = BANDS[:3]
AGES: Final = (*BANDS, UNKNOWN)


class Group(NamedTuple):
    """A sex, a band of ages, or both; None = all."""

    sex: str | None
    age: str | None

    @property
    def code(self) -> str:
        """`P`, `12-23` or `P,12-23`."""
        return ",".join(part for part in self if part is not None)

    def wider(self, by: By) -> Group:
        """Of a sex and age the group of `by` that it is part of."""
        return Group(self.sex if by != "age" else None, self.age if by != "sex" else None)

    def names(self) -> dict[str, str]:
        """In both languages."""
        of_age = ("", "") if self.age is None else _age_names(self.age)
        of_sex = ("", "") if self.sex is None else SEXES[self.sex]
        return {
            f"name_{language}": ", ".join(filter(None, (of_sex[number], of_age[number])))
            for number, language in enumerate(("id", "en"))
        }


def _age_names(age: str) -> tuple[str, str]:
    return ("Umur tidak diketahui", "Age unknown") if age == UNKNOWN else (f"{age} bulan", f"{age} months")


def group_of(sex: str | None, band: int | None, by: By) -> Group:
    """The group of a child: `sex` as facts say it, `band` = number of BANDS, None = not known."""
    age = UNKNOWN if band is None else BANDS[band]
    return Group(CODE_OF_SEX.get(sex, UNKNOWN) if by != "age" else None, age if by != "sex" else None)


def groups_by(by: By) -> list[Group]:
    """Every group that an answer shows, also where nobody is in it."""
    sexes = list(SEXES) if by != "age" else [None]
    ages = list(BANDS) if by != "sex" else [None]
    return [Group(sex, age) for sex, age in product(sexes, ages)]
