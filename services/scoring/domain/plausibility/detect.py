"""The two ways to judge values: as they arrive (`judge_stream`), or all at once (`judge_batch`).

Nothing is corrected and nothing is hidden: a verdict is a hint with a kind, a probability and what speaks for it.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from services.scoring.domain.plausibility.evidence import RECENT_DAYS, Evidence, gather
from services.scoring.domain.plausibility.features import features
from services.scoring.domain.plausibility.forest import Forest, forest
from services.scoring.domain.plausibility.history import shifted
from services.scoring.domain.plausibility.kinds import explain
from services.scoring.domain.plausibility.posyandu import judge_posyandu
from services.scoring.domain.plausibility.scale import from_z
from services.scoring.domain.plausibility.values import Bools, Int64s, Rows, Values
from services.scoring.domain.plausibility.verdicts import Evidence as Code
from services.scoring.domain.plausibility.verdicts import Kind, Verdicts, no_verdicts

# How far back the rows of a posyandu matter to a verdict, in days: the rows of days d - STREAM_POSYANDU_DAYS to d - 1.
STREAM_POSYANDU_DAYS: Final = 2 * RECENT_DAYS

# Which rows the forest is asked about: values off their expectation, or the same as last time, or better elsewhere.
FAR_SD: Final = 1.4
SAME_FAR_SD: Final = 0.5
EXCHANGE_GAIN: Final = 1.5

REPEATED: Final = 0.99  # probability that one of two values of a day is an entry too many
OUTVOTED: Final = 0.97  # that a sex or birth date is wrong that most other visits contradict
EVEN: Final = 0.5  # that it is this one, where as many say the one as the other
CHILD_BIRTH_DATE: Final = 0.8


def judge_batch(values: Values) -> Verdicts:
    """A verdict for every row; every row sees all rows, later ones too."""
    if len(values) == 0:
        return no_verdicts(0)
    everything = np.ones(len(values), np.bool_)
    return weigh(values, gather(values, everything, all_days=True), everything, forest("batch"))


def judge_stream(values: Values, asked: Bools) -> Verdicts:
    """Verdicts for the rows where `asked` (in their order), each as of the end of its day.

    A verdict depends on the rows of the same child with an earlier day or of the same posyandu and day, on all rows of
    the same posyandu and day, and on the rows of that posyandu in the `STREAM_POSYANDU_DAYS` before; on nothing else,
    whatever else is given, in whatever order.
    """
    if not asked.any():
        return no_verdicts(0)
    return weigh(values, gather(values, asked, all_days=False), asked, forest("stream")).rows(asked)


def needs_weighing(evidence: Evidence, asked: Bools) -> Rows:
    """The rows the forest is asked about: not those that rules decide, not those that nothing speaks against."""
    value, last = evidence.values.value, shifted(evidence.series, -1)
    same = (last >= 0) & (value == value[last])
    far = np.abs(evidence.surprise)
    doubtful = (far > FAR_SD) | (same & (far > SAME_FAR_SD)) | (evidence.exchange.gain > EXCHANGE_GAIN)
    return np.flatnonzero(doubtful & asked & ~_decided(evidence))


def _decided(evidence: Evidence) -> Bools:
    contradicted = (evidence.sex.other >= evidence.sex.own) | (evidence.birth.other >= evidence.birth.own)
    decided: Bools = contradicted | (evidence.repeats.partner >= 0) | evidence.births.told
    return decided


def weigh(values: Values, evidence: Evidence, asked: Bools, trees: Forest) -> Verdicts:
    """Verdicts from evidence: rules where rules decide, `trees` for the rest of the asked rows."""
    verdicts = no_verdicts(len(values))
    verdicts.expected[:] = from_z(evidence.fit.scale, evidence.fit.mean)
    rows = needs_weighing(evidence, asked)
    verdicts.probability[rows] = trees.probability(features(evidence, rows)[1])
    flagged = rows[verdicts.probability[rows] >= trees.flag_from]
    verdicts.flagged[flagged] = True
    why = explain(evidence, values.visit, flagged)
    verdicts.kind[flagged], verdicts.evidence_code[flagged] = why.kind, why.code
    verdicts.proposed[flagged], verdicts.other_visit[flagged] = why.proposed, why.other_visit
    _tell_identity(verdicts, evidence)
    _tell_repeats(verdicts, evidence, values.visit)
    judge_posyandu(verdicts, evidence)
    return verdicts


def _tell_identity(verdicts: Verdicts, evidence: Evidence) -> None:
    births = evidence.births
    told = np.flatnonzero(births.told)
    _tell(verdicts, told, Kind.WRONG_BIRTH_DATE, Code.OTHER_BIRTH_DATE, CHILD_BIRTH_DATE)
    verdicts.proposed[told] = births.birth_day[told]
    for seen, kind, code in (
        (evidence.sex, Kind.WRONG_SEX, Code.OTHER_SEX),
        (evidence.birth, Kind.WRONG_BIRTH_DATE, Code.OTHER_BIRTH_DATE),
    ):
        rows = np.flatnonzero(seen.other >= seen.own)
        _tell(verdicts, rows, kind, code, OUTVOTED)
        verdicts.probability[rows[seen.other[rows] == seen.own[rows]]] = EVEN
        verdicts.proposed[rows] = seen.other_value[rows]


def _tell_repeats(verdicts: Verdicts, evidence: Evidence, visit: Int64s) -> None:
    repeats, value = evidence.repeats, evidence.values.value
    rows = np.flatnonzero(repeats.partner >= 0)
    _tell(verdicts, rows, Kind.SAME_DAY_CONFLICT, Code.TWO_VALUES_ONE_DAY, REPEATED)
    partner = repeats.partner[rows]
    far = np.abs(evidence.surprise)
    verdicts.other_visit[rows] = visit[partner]
    verdicts.proposed[rows] = np.where(far[partner] < far[rows], value[partner], np.nan)
    _tell(verdicts, np.flatnonzero(repeats.equal), Kind.EXACT_DUPLICATE, Code.ENTERED_TWICE, REPEATED)
    verdicts.proposed[repeats.equal] = np.nan


def _tell(verdicts: Verdicts, rows: Rows, kind: Kind, code: Code, probability: float) -> None:
    verdicts.flagged[rows] = True
    verdicts.kind[rows], verdicts.evidence_code[rows] = kind, code
    verdicts.probability[rows] = probability
