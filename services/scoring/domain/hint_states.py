"""Which hints at a value stand, once it has been judged (again).

Who does what: entry limits (`plausible`) hold back what no child can have, before it is ever scored; the fold's own
flags (WHO limits, `history.length_decrease`) ask for a second measurement; the detector (`plausibility`) says what is
probably wrong with a value beside the child's other values and those of its session. A hint asks for a look at what was
written down, and changes neither score nor tier nor case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

State = Literal["open", "accepted", "withdrawn"]

DETECTOR_VERSION: Final = "1"  # raised with every change of the detector that changes verdicts


@dataclass(frozen=True, slots=True)
class KeptHint:
    """A stored hint at one value, as far as its next state depends on it; `value` is the one it was about."""

    state: State
    value: float


def next_states(kept: Mapping[str, KeptHint], value: float | None, found: str | None) -> dict[str, State]:
    """Kind of error → state, for every kept hint at one value and for the one just `found`.

    `value` as it is now; None = voided, emptied, or its child entered in error. Once a person has said that a value is
    right, nothing is said against it any more, until it is another value: then it is judged like any new one.
    """
    believed = {kind for kind, hint in kept.items() if hint.state == "accepted" and hint.value == value}
    states: dict[str, State] = {kind: "accepted" if kind in believed else "withdrawn" for kind in kept}
    if found is not None and not believed:
        states[found] = "open"
    return states
