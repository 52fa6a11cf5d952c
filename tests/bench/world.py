"""Children and visits for the benches: made once, stored and announced as the measurement service does."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from shared.contracts.child import ChildV1, Residence
from shared.contracts.fact import new_fact_id

DESA: Final = tuple(f"12.19.{kecamatan:02d}.{2000 + desa}" for kecamatan in range(1, 13) for desa in range(1, 13))
KNOWN_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)


def children(count: int, today: date, seed: int = 11) -> list[ChildV1]:
    """Children under five, evenly over 144 desa with three posyandu each; a posyandu's children stand together."""
    rng = random.Random(seed)
    made = []
    for number in range(count):
        desa = DESA[number * len(DESA) // count]
        child_id = new_fact_id()
        birth_date = today - timedelta(days=rng.randint(200, 1500))
        home = Residence(valid_from=birth_date, desa_code=desa, posyandu_code=f"{desa}.P00{number % 3 + 1}")
        made.append(
            ChildV1(
                fact_id=child_id,
                child_id=child_id,
                epoch=1,
                revision=1,
                change="recorded",
                known_at=KNOWN_AT,
                sex=rng.choice(("male", "female")),
                birth_date=birth_date,
                residences=(home,),
            )
        )
    return sorted(made, key=lambda child: (child.residences[0].posyandu_code or "", child.child_id))


def visit(child: ChildV1, on: date, rng: random.Random) -> dict[str, Any]:
    """One row of `POST /v1/measurements:batch`, of an ordinary child of that age (about a quarter is stunted).

    A child keeps to its own channel, and a visit adds the error of measuring: drawn anew each time, every third child
    would shrink from one month to the next and be on a list for it.
    """
    years = (on - child.birth_date).days / 365.25
    own = random.Random(child.child_id.int)
    length_cm = 50 + 25 * years**0.62 + own.gauss(-4.8, 3.4) + rng.gauss(0, 0.3)
    weight_kg = 3.3 + 6.2 * years**0.55 + own.gauss(-0.6, 0.9) + rng.gauss(0, 0.1)
    return {
        "child_id": str(child.child_id),
        "measured_on": on.isoformat(),
        "weight_kg": round(max(2.5, weight_kg), 1),
        "length_height_cm": round(max(46.0, length_cm), 1),
        "measurement_position": "lying" if years < 2 else "standing",
    }
