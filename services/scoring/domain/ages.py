"""Ages over columns of dates: completed days for scores, completed calendar months for bands and lists."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from services.scoring.domain.assessment_codes import NO_AGE

Dates = npt.NDArray[np.datetime64]  # datetime64[D]; NaT = unknown
Ints = npt.NDArray[np.int32]


def age_days(birth_date: Dates, on: Dates) -> Ints:
    """Completed days, negative before birth, `NO_AGE` where a date is unknown."""
    days = (on - birth_date).astype(np.int64)
    return np.where(np.isnat(birth_date) | np.isnat(on), NO_AGE, days).astype(np.int32)


def completed_months(birth_date: Dates, on: Dates) -> Ints:
    """Completed calendar months, `NO_AGE` where a date is unknown.

    A month is complete when the day number is reached: born on the 31st, on the 1st after a shorter month.
    """
    birth_month, month = birth_date.astype("M8[M]"), on.astype("M8[M]")
    short = (on - month.astype("M8[D]")) < (birth_date - birth_month.astype("M8[D]"))
    months = (month - birth_month).astype(np.int64) - short
    return np.where(np.isnat(birth_date) | np.isnat(on), NO_AGE, months).astype(np.int32)


def month_number(on: Dates) -> npt.NDArray[np.int64]:
    """Calendar months as consecutive whole numbers."""
    return on.astype("M8[M]").astype(np.int64)
