"""What a rule set says about growth velocity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.scoring.domain.ruleset_checks import Checks
from shared.growth.velocity import fitting_months


@dataclass(frozen=True, slots=True)
class VelocityRules:
    """`fitting`: by whole days apart, the months of increment an interval fits (0 = none); `low_below`: z."""

    fitting: npt.NDArray[np.int8]
    low_below: float


def velocity_rules(checks: Checks) -> VelocityRules:
    """The tables `velocity.interval` and `velocity.low`."""
    interval, low = checks.table("velocity", "interval"), checks.table("velocity", "low")
    # Wider than this an interval of 30 days would fit one month and two.
    one_month, others = interval.whole("one_month_within_days", 0, 7), interval.whole("others_within_days", 0, 15)
    return VelocityRules(fitting_months(one_month, others), low.number("below", -6, 0))
