"""What a rule set says about growth velocity and about the early warning."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.scoring.domain.early_warning.coefficients import VERSIONS, Coefficients, load
from services.scoring.domain.early_warning.recalibration import NONE, Recalibration
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


@dataclass(frozen=True, slots=True)
class EarlyWarningRules:
    """The model a rule set uses, and the recalibration of its population."""

    model: Coefficients
    recalibration: Recalibration


def early_warning_rules(checks: Checks) -> EarlyWarningRules:
    """The table `early_warning`. Recalibration `none` must change nothing."""
    table = checks.table("early_warning")
    version = table.one_of("model", VERSIONS[1:], VERSIONS[-1])
    local = table.inner("recalibration")
    recalibration = Recalibration(
        local.word("version"), local.number("intercept", -5, 5), local.number("slope", 0.1, 3)
    )
    changes = (recalibration.intercept, recalibration.slope) != (NONE.intercept, NONE.slope)
    local.require(recalibration.version != NONE.version or not changes, "version none has intercept 0 and slope 1")
    return EarlyWarningRules(load(version), recalibration)
