"""The data directory a demo runs in: it must be empty or hold an earlier demo, never somebody's real district."""

from __future__ import annotations

from typing import Any, Final

from deploy.local.data_dir import DataDir, write_json
from deploy.local.errors import MissingError
from deploy.local.lifecycle import PARTS, take_down
from deploy.local.processes import running

MARK: Final = "demo.json"


def make_room(data: DataDir) -> bool:
    """Remove an earlier demo's data, so that every demo begins with an empty district. Returns whether there was one.

    MissingError if the system is running: a demo starts and stops it itself.
    """
    alive = [name for name in PARTS if running(data, name)]
    if alive:
        raise MissingError(f"{', '.join(alive)} sedang berjalan di {data.root}; jalankan dulu: ./tumbuh down")
    if not (data.root / MARK).exists():
        return False
    take_down(data, purge=True)
    return True


def claim(data: DataDir, description: dict[str, Any], *, empty: bool) -> None:
    """Mark the directory as a demo's. MissingError if it holds a district that no demo made."""
    if not empty:
        raise MissingError(
            f"{data.root} berisi data yang bukan dari demo. Pakai direktori lain (TUMBUH_DATA=/direktori/lain "
            "./tumbuh demo), atau hapus dulu datanya: ./tumbuh down --purge"
        )
    write_json(data.root / MARK, description)
