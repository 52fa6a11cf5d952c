"""Two records of one visit, theirs and ours: the one cause of their difference, by trying what recomputes their z.

Before a difference is called an edit every honest explanation is tried: raw and corrected length (0.7 cm), another age,
the other sex, the card's month table, rounding, columns that changed places. An index counts only where both sides have
a score and the child is under 60 months: `-`, or a score after that, is never a difference (domain rule).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from services.measurement.domain import reconciliation_causes as causes
from services.measurement.domain.recompute import LYING, STANDING, UNKNOWN, Bools, Recompute
from services.measurement.domain.reconcile_pairs import Pairs
from services.measurement.domain.reconcile_scores import Trial, month_table_age_days
from services.measurement.domain.reconcile_values import (
    corrected_length,
    differing_values,
    exchanged,
    rounded_values,
    shifted,
)


class Finding(NamedTuple):
    """Why two records differ. `fields` = what differs; `hypothesis` = what recomputes their scores, None = nothing."""

    cause: str
    fields: tuple[str, ...] = ()
    hypothesis: str | None = None


def compare(pairs: Pairs, recompute: Recompute) -> list[Finding]:
    """One finding a pair. `recompute` is the growth engine."""
    trial = Trial(pairs, recompute)
    differ = differing_values(pairs)
    causes_found = np.full(pairs.months.size, causes.EDITED, dtype=object)
    hypotheses = np.full(pairs.months.size, None, dtype=object)
    open_rows = np.ones(pairs.months.size, dtype=np.bool_)

    def settle(rows: Bools, cause: str, hypothesis: str | None = None) -> None:
        chosen = open_rows & rows
        causes_found[chosen] = cause
        hypotheses[chosen] = hypothesis
        open_rows[chosen] = False

    values_differ = differ["weight_kg"] | differ["length_height_cm"] | differ["muac_cm"]
    settle(differ["sex"], causes.SEX, "their_sex")
    settle(pairs.birth_date_differs, causes.AGE, "their_birth_date")
    settle(exchanged(pairs) | shifted(pairs, differ), causes.SHIFTED_COLUMN, "shifted_values")
    settle(differ["measured_on"] & values_differ, causes.EDITED)
    settle(differ["measured_on"], causes.AGE, "their_day")
    settle(corrected_length(pairs, differ), causes.POSITION, "corrected_length_stored")
    settle(values_differ & rounded_values(pairs, differ), causes.ROUNDING, "rounded_values")
    settle(values_differ, causes.EDITED)
    stated = (pairs.theirs.position != UNKNOWN) & (pairs.ours.position != UNKNOWN)
    settle(differ["measurement_position"] & stated, causes.POSITION, "their_position")
    settle(differ["measurement_position"], causes.LOST_POSITION, "their_position")
    # From here on both sides state the same values; only the scores can differ.
    settle(trial.exactly(pairs.own_scores), causes.SAME)
    settle(trial.permuted(), causes.SHIFTED_COLUMN, "exchanged_scores")
    settle(trial.reproduced(pairs.own_scores), causes.ROUNDING, "hundredths")
    settle(trial.rounded(), causes.ROUNDING, "one_decimal")
    for position, name in ((UNKNOWN, "raw_length"), (LYING, "as_lying"), (STANDING, "as_standing")):
        explained = trial.with_position(position)
        lost = (pairs.ours.position != UNKNOWN) & (position == UNKNOWN) & (not pairs.states_position)
        settle(explained & lost, causes.LOST_POSITION, name)
        settle(explained, causes.POSITION, name)
    for name, ages in pairs.other_ages.items():
        settle(trial.with_age(ages), causes.AGE, name)
    settle(trial.with_other_sex(), causes.SEX, "other_sex")
    settle(trial.with_age(month_table_age_days(pairs.months)), causes.MONTH_TABLE, "month_table")

    own_values = trial.with_their_values()
    fields = {**differ, **trial.differing_scores()}
    settled = zip(causes_found.tolist(), hypotheses.tolist(), strict=True)
    found = []
    for row, (cause, hypothesis) in enumerate(settled):
        named = () if cause == causes.SAME else tuple(name for name, column in fields.items() if column[row])
        consistent = cause == causes.EDITED and own_values[row] and (values_differ[row] or differ["measured_on"][row])
        found.append(Finding(cause, named, "their_values" if consistent else hypothesis))
    return found
