"""The words of the page, in Bahasa Indonesia and English."""
# ruff: noqa: RUF001 - people read these texts: a dash is a dash, a minus a minus

from __future__ import annotations

from typing import Final

from shared.problems import Language

_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "title": ("Pemantauan stunting", "Stunting surveillance"),
    "skip": ("Langsung ke angka", "Skip to the figures"),
    "period": ("Bulan", "Month"),
    "show": ("Tampilkan", "Show"),
    "other_language": ("English", "Bahasa Indonesia"),
    "as_known": ("Angka menurut data yang sudah masuk sampai saat ini", "Figures from the data received so far"),
    "weighed": ("Anak ditimbang (D/S)", "Children weighed (D/S)"),
    "stunted": ("Pendek (TB/U < −2 SD)", "Stunted (height-for-age < −2 SD)"),
    "wasted": ("Gizi kurang (BB/TB < −2 SD)", "Wasted (weight-for-height < −2 SD)"),
    "suspected": ("Terduga stunting", "Suspected of stunting"),
    "of_targets": ("dari {n} anak sasaran terdaftar", "of {n} registered children"),
    "of_measured": ("{k} dari {n} anak yang diukur", "{k} of {n} children measured"),
    "interval": ("rentang 95 %: {range}", "95% interval: {range}"),
    "urgent": ("{n} di antaranya perlu tindakan segera", "{n} of them need action at once"),
    "pending": ("{n} pengukuran belum dinilai", "{n} measurements not judged yet"),
    "quality": ("Mutu data", "Data quality"),
    "quality_help": (
        "A–D menurut cakupan, nilai tak wajar, dan tinggi badan dibulatkan ke sentimeter",
        "A–D by coverage, implausible scores, and heights rounded to whole centimetres",
    ),
    "no_data": ("Tidak ada data", "No data"),
    "no_data_month": (
        "Belum ada anak yang diukur pada bulan ini.",
        "No child has been measured in this month yet.",
    ),
    "map": ("Peta: pendek di antara anak yang diukur", "Map: stunted among children measured"),
    "map_source": (
        "Batas wilayah: Kepmendagri 300.2.2-2430/2025, dari cahyadsn/wilayah_boundaries (MIT).",
        "Boundaries: Kepmendagri 300.2.2-2430/2025, from cahyadsn/wilayah_boundaries (MIT).",
    ),
    "trend": ("Perkembangan: pendek di antara anak yang diukur", "Trend: stunted among children measured"),
    "trend_note": (
        "Pita = rentang 95 %. Titik kosong = cakupan timbang dan ukur di bawah 80 %, jangan dibandingkan.",
        "Band = 95% interval. Hollow dots = coverage of weight and height below 80%, not to be compared.",
    ),
    "cascade": ("Perjalanan anak terduga stunting", "The way of the suspected children"),
    "cascade_note": (
        "Anak yang terduga pada bulan ini dan keadaannya sampai saat ini; langkah tidak harus berurutan.",
        "Children suspected in this month and where they stand by now; steps need not come in order.",
    ),
    "days_note": (
        "Hari = median sejak kasus dibuka, yang masih menunggu ikut dihitung; kosong = belum separuh sampai di sana.",
        "Days = median since the case was opened, counting those who still wait; empty = not half have come there yet.",
    ),
    "step_measured": ("Ditimbang", "Weighed"),
    "step_suspected": ("Terduga stunting", "Suspected of stunting"),
    "step_remeasured": ("Diukur ulang", "Measured again"),
    "step_lab_ordered": ("Lab diminta", "Laboratory ordered"),
    "step_lab_complete": ("Lab lengkap", "Laboratory complete"),
    "step_referred": ("Dirujuk", "Referred"),
    "step_in_care": ("Dalam tata laksana", "In care"),
    "step_recovered": ("Pulih", "Recovered"),
    "median_day": ("{n} hari", "{n} day"),
    "median_days": ("{n} hari", "{n} days"),
    "lab_coverage": ("Cakupan laboratorium", "Laboratory coverage"),
    "of_suspected": ("{k} dari {n} anak terduga", "{k} of {n} suspected children"),
    "anaemia": ("Anemia di antara anak terduga", "Anaemia among suspected children"),
    "of_readings": ("{k} dari {n} dengan hasil hemoglobin", "{k} of {n} with a haemoglobin result"),
    "ordered_short": ("Lab diminta", "Lab ordered"),
    "complete_short": ("Lab lengkap", "Lab complete"),
    "anaemic_short": ("Anemia", "Anaemic"),
    "numbers": ("Lihat angkanya", "Show the numbers"),
    "table": ("Menurut wilayah", "By area"),
    "area": ("Wilayah", "Area"),
    "target_short": ("Sasaran (S)", "Target (S)"),
    "measured_short": ("Ditimbang (D)", "Weighed (D)"),
    "coverage_short": ("D/S", "D/S"),
    "haz_short": ("TB/U terukur", "Height scored"),
    "stunted_short": ("Pendek", "Stunted"),
    "share_short": ("% pendek", "% stunted"),
    "interval_short": ("Rentang 95 %", "95% interval"),
    "suspected_short": ("Terduga", "Suspected"),
    "urgent_short": ("Segera", "Urgent"),
    "quality_short": ("Mutu", "Quality"),
    "total": ("Jumlah", "Total"),
    "sort_by": ("Urutkan menurut", "Sort by"),
    "label": ("Ditimbang dan diukur {coverage}: {label}", "Weighed and measured {coverage}: {label}"),
    "coverage_note": (
        "Cakupan di bawah 80 %: angka hanya berlaku di antara anak yang diukur.",
        "Coverage below 80%: figures hold among the children measured only.",
    ),
    "sign_in": ("Masuk untuk melihat angka", "Log in to see the figures"),
    "sign_in_help": (
        "Gunakan nama pengguna dan kata sandi dari dinas.",
        "Use the user name and password that the district office gave you.",
    ),
    "log_in": ("Masuk", "Log in"),
    "role_kader": ("kader", "kader"),
    "role_puskesmas": ("puskesmas", "puskesmas"),
    "role_clinician": ("dokter", "clinician"),
    "role_kecamatan": ("kecamatan", "kecamatan"),
    "role_camat": ("camat", "camat"),
    "role_district": ("kabupaten", "district"),
    "role_province": ("provinsi", "province"),
    "role_partner": ("mitra", "partner"),
    "log_out": ("Keluar", "Log out"),
    "login_refused": ("Tidak berhasil masuk", "The log-in failed"),
    "login_refused_help": (
        "Percobaan masuk ini sudah lewat waktunya atau bukan dari peramban ini. Silakan masuk sekali lagi.",
        "This attempt is too old or was not begun in this browser. Please log in once more.",
    ),
    "login_unavailable": ("Layanan masuk sedang tidak dapat dihubungi", "The log-in service cannot be reached"),
    "login_unavailable_help": ("Coba lagi sebentar lagi.", "Try again in a moment."),
    "no_access": ("Akun ini tidak boleh melihat angka", "This account may not see the figures"),
    "no_access_help": (
        "Minta dinas memberi akun Anda peran dan wilayah, lalu masuk kembali.",
        "Ask the district office to give your account a role and an area, then log in again.",
    ),
    "leaving": ("Anda sudah keluar dari halaman ini", "You are logged out of this page"),
    "leave_provider": ("Lanjut: keluar juga dari layanan masuk", "Go on: log out of the log-in service, too"),
    "unknown_area": ("Wilayah tidak dikenal", "Unknown area"),
    "unknown_area_help": (
        "Wilayah ini tidak ada di register pada bulan itu, atau berada di luar wilayah Anda.",
        "The area is not in the register of that month, or it lies outside yours.",
    ),
    "back": ("Kembali ke halaman awal", "Back to the start"),
    "footnote": (
        "Anak 0–59 bulan menurut tempat tinggal. Pendek = hasil ukur (WHO 2006); stunting ditegakkan tenaga medis.",
        "Children of 0–59 months by residence. Stunted = as measured (WHO 2006); a clinician decides about the cause.",
    ),
}


def texts(language: Language) -> dict[str, str]:
    """Every text in one language."""
    return {name: pair[0] if language == "id" else pair[1] for name, pair in _TEXTS.items()}
