"""Made-up names of children, mothers and posyandu. Combined at random: no real person is meant."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

BOYS: Final = (
    "ABDUL", "ADIT", "AFKAR", "AHMAD", "AKBAR", "ALDI", "ALFARIZI", "ANDIKA", "ANUGRAH", "ARDIANSYAH", "ARIF", "ARKA",
    "AZZAM", "BAGAS", "BAYU", "BIMA", "BINTANG", "DAFFA", "DANU", "DIMAS", "DONI", "FADIL", "FAHRI", "FARHAN",
    "FATHIR", "FERDI", "GALANG", "GIBRAN", "HABIB", "HAFIZ", "HAIKAL", "IBRAHIM", "ILHAM", "IQBAL", "IRFAN", "JAKA",
    "JULIAN", "KENZO", "KHALID", "LUTHFI", "MAULANA", "MIKAIL", "MUHAMMAD", "NAUFAL", "NIZAM", "PANJI", "PUTRA",
    "RADIT", "RAFA", "RAIHAN", "RAMADHAN", "RANGGA", "RIDHO", "RIZKY", "SATRIA", "SULTAN", "TAUFIK", "TEGUH", "UMAR",
    "WAHYU", "YOGA", "YUSUF", "ZAIDAN", "ZIKRI",
)  # fmt: skip
GIRLS: Final = (
    "ADELIA", "AISYAH", "ALIKA", "ALMIRA", "ALYA", "AMIRA", "ANISA", "ANNISA", "AQILA", "ASYIFA", "AULIA", "AZKIA",
    "BUNGA", "CAHAYA", "CITRA", "CLARISSA", "DEWI", "DINDA", "ELVINA", "FADILA", "FARAH", "FATIMAH", "FELISHA", "GITA",
    "HANA", "HANIFAH", "INDAH", "INTAN", "JIHAN", "KAYLA", "KEISHA", "KHANZA", "KIRANA", "LAILA", "LATIFA", "LESTARI",
    "MAYA", "MELATI", "MUTIARA", "NABILA", "NADIRA", "NAILA", "NAURA", "NAYLA", "PUTRI", "QONITA", "RAHMA", "RANIA",
    "RATU", "SABRINA", "SAFIRA", "SALSABILA", "SARAH", "SHAKILA", "SITI", "SYIFA", "TIARA", "VANIA", "WULAN", "YASMIN",
    "ZAHRA", "ZASKIA", "ZIVANA", "ZULAIKHA",
)  # fmt: skip
SECOND: Final = (
    "AL HAFIZ", "ALFATIH", "ANGGRAINI", "ANJANI", "ARDANA", "ARSYAD", "AYU", "AZZAHRA", "DARMAWAN", "EFENDI", "FEBRIAN",
    "FIRDAUS", "GUNAWAN", "HAKIM", "HIDAYAT", "HUMAIRA", "ISLAMI", "KHAIRANI", "KURNIA", "KUSUMA", "LUBIS", "MAHESA",
    "MAHARANI", "NASUTION", "NUGRAHA", "NUR", "OKTAVIA", "PANJAITAN", "PERMATA", "PRATAMA", "PRASETYO", "PURBA",
    "RAMADANI", "SALIM", "SANJAYA", "SARAGIH", "SAPUTRA", "SETIAWAN", "SIAGIAN", "SIMANJUNTAK", "SIREGAR", "SITORUS",
    "SYAHPUTRA", "UTAMI", "WIBOWO", "WIJAYA", "YULIANA", "ZULFA",
)  # fmt: skip
MOTHERS: Final = (
    "AGUSTINA", "AMINAH", "ANI", "ASMAWATI", "DAHLIA", "DESI", "ELLY", "ERNAWATI", "EVI", "FITRI", "HALIMAH",
    "HERAWATI", "IDA", "IRMA", "JULIANA", "KARTINI", "KHADIJAH", "LENA", "LINDA", "MARIANI", "MARLINA", "MISWATI",
    "MURNI", "NENENG", "NURHAYATI", "NURLELA", "RATNA", "RINI", "ROHANI", "ROSDIANA", "RUSMINI", "SARI", "SITI", "SRI",
    "SUHARNI", "SULASTRI", "SUMIATI", "SURYANI", "TUTI", "WATI", "YANTI", "YENI", "YULI", "ZUBAIDAH",
)  # fmt: skip
TWIN_BOYS: Final = (("HASAN", "HUSEN"), ("RAFA", "RAFI"), ("ALIF", "ALIM"), ("FARHAN", "FARHAT"), ("DANI", "DANU"))
TWIN_GIRLS: Final = (("NAILA", "NAIRA"), ("ALYA", "ALIA"), ("HANA", "HANI"), ("KAYLA", "KAYRA"), ("RANIA", "RANIM"))
POSYANDU_NAMES: Final = (
    "Anggrek", "Asoka", "Aster", "Bougenville", "Cempaka", "Dahlia", "Delima", "Flamboyan", "Jambu", "Kamboja",
    "Kasih Bunda", "Kasih Ibu", "Kenanga", "Lavender", "Mangga", "Matahari", "Mawar", "Melati", "Melur", "Nusa Indah",
    "Rambutan", "Sakura", "Sedap Malam", "Sehati", "Seroja", "Setia Kawan", "Srikandi", "Teratai", "Tulip",
    "Wijaya Kusuma",
)  # fmt: skip


def child_names(rng: np.random.Generator, female: NDArray[np.bool_], family: NDArray[np.int64]) -> list[str]:
    """One name a child, upper case; brothers and sisters (`family` equal) share their last word."""
    boys = np.array(BOYS)[rng.integers(len(BOYS), size=female.size)]
    girls = np.array(GIRLS)[rng.integers(len(GIRLS), size=female.size)]
    middle = np.array((*BOYS, *GIRLS))
    middles = np.where(
        female,
        middle[len(BOYS) + rng.integers(len(GIRLS), size=female.size)],
        middle[rng.integers(len(BOYS), size=female.size)],
    )
    last = np.array(SECOND)[_mixed(family) % len(SECOND)]
    has_middle = rng.random(female.size) < 0.6
    first = np.where(female, girls, boys)
    return [
        f"{a} {b} {c}" if three and a != b else f"{a} {c}"
        for a, b, c, three in zip(first.tolist(), middles.tolist(), last.tolist(), has_middle.tolist(), strict=True)
    ]


def _mixed(family: NDArray[np.int64]) -> NDArray[np.int64]:
    """Family numbers out of their order, so that neighbours do not have neighbouring names."""
    return family * 48_271 % 2_147_483_647


def mother_names(family: NDArray[np.int64]) -> list[str]:
    """The mother's name of each child, the same for one family."""
    mixed = _mixed(family).tolist()
    return [f"{MOTHERS[f % len(MOTHERS)]} {SECOND[f // len(MOTHERS) % len(SECOND)]}" for f in mixed]


def twin_name(name: str, *, female: bool, pair: int, second: bool) -> str:
    """`name` with the first word exchanged for one of two that differ by a letter or two."""
    pairs = TWIN_GIRLS if female else TWIN_BOYS
    return f"{pairs[pair % len(pairs)][second]} {name.rpartition(' ')[2]}"
