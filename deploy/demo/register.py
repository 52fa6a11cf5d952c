"""The simulated district's register: the real areas of Batu Bara, with made-up posyandu and puskesmas.

It is the same in every run whatever the seed, so a second demo finds its own register again.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from deploy.demo.names import POSYANDU_NAMES

AREAS_FILE: Final = Path(__file__).parent / "data" / "wilayah-batubara.csv"
VALID_FROM: Final = "2020-01-01"
POSYANDU_WANTED: Final = 450  # architecture.md §6: about 450 in the district
LARGEST_PUSKESMAS_DESA: Final = 13  # kecamatan with more desa than this get two puskesmas
HIGHEST_DESA_M: Final = 60  # a made-up height: the district is coastal lowland
REGISTER_SEED: Final = 1219  # not the demo's seed: the register never changes
REGISTER_COLUMNS: Final = ("kind", "code", "name", "level", "parent_code", "desa_codes", "valid_from", "elevation_m")


@dataclass(frozen=True, slots=True)
class Area:
    """One area of the Kemendagri list; `code` is dotted text."""

    code: str
    level: str
    name: str
    parent_code: str


@dataclass(frozen=True, slots=True)
class Posyandu:
    """One posyandu of a desa. `share` is the part of the district's children that belongs to it."""

    code: str
    name: str
    desa_code: str
    share: float


@dataclass(frozen=True, slots=True)
class Puskesmas:
    """One puskesmas and the desa it serves."""

    code: str
    name: str
    kecamatan_code: str
    desa_codes: tuple[str, ...]


@dataclass(frozen=True)
class District:
    """Everything the register says, in the order of the codes."""

    areas: tuple[Area, ...]
    posyandu: tuple[Posyandu, ...]
    puskesmas: tuple[Puskesmas, ...]

    def area(self, code: str) -> Area:
        """The area with this code. KeyError if there is none."""
        for area in self.areas:
            if area.code == code:
                return area
        raise KeyError(code)

    @property
    def desa(self) -> tuple[Area, ...]:
        """Desa and kelurahan."""
        return tuple(area for area in self.areas if area.level in {"desa", "kelurahan"})


def load_areas(path: Path = AREAS_FILE) -> tuple[Area, ...]:
    """The areas of the file, its source line skipped."""
    with path.open(encoding="utf-8", newline="") as file:
        lines = (line for line in file if not line.startswith("#"))
        return tuple(Area(row["code"], row["level"], row["name"], row["parent_code"]) for row in csv.DictReader(lines))


def build_district() -> District:
    """The register of the simulated district, always the same."""
    areas = load_areas()
    kecamatan = [area for area in areas if area.level == "kecamatan"]
    return District(
        areas=areas,
        posyandu=tuple(_posyandu_of(areas)),
        puskesmas=tuple(found for area in kecamatan for found in _puskesmas_of(area, areas)),
    )


def _posyandu_of(areas: tuple[Area, ...]) -> list[Posyandu]:
    """Posyandu by a log-normal size of the desa; a kelurahan is larger than a desa."""
    rng = np.random.default_rng(REGISTER_SEED)
    desa = [area for area in areas if area.level in {"desa", "kelurahan"}]
    sizes = rng.lognormal(0.0, 0.45, len(desa)) * np.array([1.5 if a.level == "kelurahan" else 1.0 for a in desa])
    counts = np.maximum(1, np.round(sizes / sizes.sum() * POSYANDU_WANTED)).astype(int)
    posyandu = []
    for area, count in zip(desa, counts, strict=True):
        names = rng.choice(len(POSYANDU_NAMES), size=count, replace=False)
        for number, name in enumerate(names, start=1):
            code = f"{area.code}.P{number:03d}"
            posyandu.append((code, f"Posyandu {POSYANDU_NAMES[name]}", area.code, rng.lognormal(0.0, 0.25)))
    total = sum(entry[3] for entry in posyandu)
    return [Posyandu(code, name, desa_code, size / total) for code, name, desa_code, size in posyandu]


def _puskesmas_of(kecamatan: Area, areas: tuple[Area, ...]) -> list[Puskesmas]:
    """One puskesmas for a kecamatan, two (north and south in code order) for a large one."""
    desa = [area for area in areas if area.parent_code == kecamatan.code]
    middle = len(desa) if len(desa) <= LARGEST_PUSKESMAS_DESA else (len(desa) + 1) // 2
    parts = [part for part in (desa[:middle], desa[middle:]) if part]
    return [
        Puskesmas(
            code=f"{part[0].code}.K01",  # the desa it stands in
            name=f"Puskesmas {kecamatan.name if number == 1 else part[0].name}",
            kecamatan_code=kecamatan.code,
            desa_codes=tuple(area.code for area in part),
        )
        for number, part in enumerate(parts, start=1)
    ]


def register_csv(district: District) -> bytes:
    """The register as the upload of `POST /v1/register`, parents before their children."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(REGISTER_COLUMNS)
    elevations = _elevations_m(district)
    for area in sorted(district.areas, key=lambda area: (area.code.count("."), area.code)):
        elevation = elevations.get(area.code, "")
        writer.writerow(("area", area.code, area.name, area.level, area.parent_code, "", VALID_FROM, elevation))
    for post in district.posyandu:
        writer.writerow(("posyandu", post.code, post.name, "", post.desa_code, "", VALID_FROM, ""))
    for centre in district.puskesmas:
        desa = "|".join(centre.desa_codes)
        writer.writerow(("puskesmas", centre.code, centre.name, "", centre.kecamatan_code, desa, VALID_FROM, ""))
    return out.getvalue().encode()


def _elevations_m(district: District) -> dict[str, int]:
    """Whole metres above the sea by desa code, below where haemoglobin is adjusted."""
    codes = sorted(area.code for area in district.desa)
    rng = np.random.default_rng((REGISTER_SEED, HIGHEST_DESA_M))
    return dict(zip(codes, rng.integers(0, HIGHEST_DESA_M, len(codes), endpoint=True).tolist(), strict=True))
