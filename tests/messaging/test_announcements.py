"""What a kader may say in her own words: no links, no money, no doses, not too long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.messaging.announcements import MAX_NOTE, MAX_TEXT, trouble_with

FINE = [
    "Besok posyandu jam 08.00 di balai desa. Bawa buku KIA ya, Bu.",
    "Imunisasi gratis, tidak dipungut biaya. Tidak perlu bayar.",
    "Gratis tanpa biaya, ajak tetangga. Kelas ibu hamil tgl 10-12-2026 pukul 09.00.",
    "Pembagian vitamin A dan tablet tambah darah, datang ya.",
    "MPASI: makan 3 kali sehari, selingan 2 kali sehari.",
    "Tanya Bu Kader Rina di 0812-3456-7890 atau +62 812 3456 7890.",
    "Pekan PIN polio minggu depan, semua balita ikut.",
    "RT.03 RW.05, rumah Bu RT. dll. Kegiatan mandiri.",
    "Bawa KTP dan KK. Belajar bersama jam 8.30-10.00.",
    "Sarapan dulu dari rumah,minum air putih 2 gelas.",
]


@pytest.mark.parametrize("text", FINE)
def test_what_kaders_really_write_goes_out(text: str) -> None:
    assert trouble_with(text) is None


REFUSED = [
    ("Daftar di https://posyandu.example", "link"),
    ("Daftar di www.posyandu.info", "link"),
    ("Isi formulir bit.ly/abc", "link"),
    ("klik posyandu-melati.com ya bu", "link"),
    ("Kirim ke melati@gmail.com", "link"),
    ("Gabung wa . me / 62812", "link"),
    ("Iuran posyandu dikumpulkan besok", "money"),
    ("Bawa uang kas Rp5.000", "money"),
    ("Bayar 10 ribu untuk makanan tambahan", "money"),
    ("Transfer ke rekening bendahara", "money"),
    ("Kirim ke 1234 5678 9012 345", "money"),
    ("Ini nomornya: 7012345678901", "money"),
    ("Balas dengan kode OTP yang masuk", "money"),
    ("Saldonya dikirim lewat gopay", "money"),
    ("Kalau demam minum paracetamol 3x1", "medicine"),
    ("Obat cacing 400 mg dibagikan", "medicine"),
    ("Sirup zinc 2 kali sehari ya bu", "medicine"),
]


@pytest.mark.parametrize(("text", "code"), REFUSED)
def test_links_money_and_doses_do_not(text: str, code: str) -> None:
    assert trouble_with(text) == code


def test_the_limits_of_length_are_exact() -> None:
    assert trouble_with("a" * MAX_TEXT) is None
    assert trouble_with("a" * (MAX_TEXT + 1)) == "too_long"
    assert trouble_with("a" * (MAX_NOTE + 1), MAX_NOTE) == "too_long"


@given(st.text(max_size=500))
def test_any_text_is_judged_without_stumbling(text: str) -> None:
    assert trouble_with(text) in (None, "too_long", "link", "money", "medicine")


@given(st.text(alphabet="abc .,", max_size=80), st.text(alphabet="abc .,", max_size=80))
def test_a_link_is_found_wherever_it_stands(before: str, after: str) -> None:
    assert trouble_with(f"{before} https://x.example {after}") == "link"
