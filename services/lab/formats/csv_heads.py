"""Heads and words of laboratories' tables, in Bahasa Indonesia and English, as they are compared."""

from __future__ import annotations

import unicodedata
from typing import Final

from services.lab.domain.reports import Specimen, Statement


def plain_head(text: str) -> str:
    """A head or word without case, blanks and signs: `Tgl. Pengambilan` and `tgl_pengambilan` are one."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(sign for sign in folded if sign.isalnum())


def _by_word(words: dict[str, str]) -> dict[str, str]:
    return {plain_head(word): name for name, listed in words.items() for word in listed.split(",")}


FIELDS: Final[dict[str, str]] = {
    "order_id": "order_id,id permintaan,no permintaan,nomor permintaan,permintaan,order,request id",
    "child_id": "child_id,id anak,anak,child",
    "test": "test_code,pemeriksaan,nama pemeriksaan,jenis pemeriksaan,kode pemeriksaan,parameter,test,analyte",
    "loinc": "loinc,kode loinc,loinc code",
    "value": "value,hasil,nilai,hasil pemeriksaan,result",
    "unit": "unit,satuan,units",
    "drawn": "drawn_on,drawn_at,tanggal pengambilan,tgl pengambilan,tgl ambil,tanggal ambil,waktu pengambilan,"
    "tanggal sampel,tgl sampel,tanggal spesimen,collection date,collected,tanggal,date",
    "time": "jam,jam pengambilan,jam ambil,pukul,time,collection time",
    "specimen": "specimen,spesimen,sampel,jenis spesimen,jenis sampel,sample",
    "method": "method,metode,alat",
    "status": "status,status hasil,result status",
    "number": "number,nomor hasil,no hasil,result number,nomor lab,no lab,no lab.,accession",
    "stated_at": "stated_at,tanggal hasil,tgl hasil,waktu hasil,reported at",
}
HEADS: Final = _by_word(FIELDS)
_SPECIMENS: Final[dict[Specimen, str]] = {
    "venous": "venous,vena,darah vena,serum,plasma",
    "capillary": "capillary,kapiler,darah kapiler",
    "stool": "stool,tinja,feses",
    "urine": "urine,urin,air seni",
    "skin": "skin,kulit",
}
SPECIMENS: Final[dict[str, Specimen]] = {
    plain_head(word): name for name, words in _SPECIMENS.items() for word in words.split(",")
}
_STATEMENTS: Final[dict[Statement, str]] = {
    "final": ",final,akhir,selesai",
    "corrected": "koreksi,corrected,dikoreksi,dibetulkan,perbaikan",
    "retracted": "batal,dibatalkan,ditarik,retracted,cancelled",
    "preliminary": "sementara,preliminary",
}
STATEMENTS: Final[dict[str, Statement]] = {
    plain_head(word): name for name, words in _STATEMENTS.items() for word in words.split(",")
}
