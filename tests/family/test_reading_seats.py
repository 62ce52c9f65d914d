"""Who follows the family, where it lives, which number it has: read from one message, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.family.reading.seats import (
    NumberWish,
    SeatWish,
    claimed_with,
    is_abroad,
    is_courtesy,
    is_new_holder,
    read_code,
    read_new_posyandu,
    read_number,
    read_own_relation,
    read_phone,
    read_place,
    read_relation,
    read_seat,
    says_lost,
    wants_to_move,
)

INVITE = {
    "tambah suami": "ayah",
    "tambahin papanya dong": "ayah",
    "undang ayahnya bu": "ayah",
    "suami saya juga mau ikut bu": "ayah",
    "suami mau dapat pengingat juga": "ayah",
    "suami bisa ikut diingatkan gak?": "ayah",
    "tambah nomor suami 081234567890": "ayah",
    "nenek mau ikut juga": "nenek",
    "neneknya minta ikut": "nenek",
    "oma mau ikut": "nenek",
    "mbah mau ikut juga": "nenek",
    "ibu mertua mau ikut": "nenek",
    "ibu saya mau dapat pengingat juga": "nenek",
    "kakek mau ikut juga bu bidan": "kakek",
    "bapak mertua mau ikut": "kakek",
    "tante mau ikut": "lain",
    "tambah keluarga": None,
    "undang keluarga": None,
    "tambah anggota keluarga": None,
    "tambah orang lagi": None,
}
OTHER_WISHES = {
    "IKUT 123456": SeatWish("join", None, "123456"),
    "ikut123456": SeatWish("join", None, "123456"),
    "ikut 123 456": SeatWish("join", None, "123456"),
    "Ikut 123-456 ya bu": SeatWish("join", None, "123456"),
    "ikut kode 123456": SeatWish("join", None, "123456"),
    "kode ikut: 123456": SeatWish("join", None, "123456"),
    "halo, ikut 1234": SeatWish("join", None, "1234"),
    "ikut": SeatWish("join"),
    "IKUT": SeatWish("join"),
    "keluarkan nenek": SeatWish("remove", "nenek"),
    "keluarin suami": SeatWish("remove", "ayah"),
    "KELUARKAN AYAH": SeatWish("remove", "ayah"),
    "nenek tolong dikeluarkan": None,
    "saya juga mau diingatkan": SeatWish("remind_me"),
    "SAYA JUGA MAU DIINGATKAN": SeatWish("remind_me"),
    "saya jg mau dapat pengingatnya": SeatWish("remind_me"),
    "ingatkan saya juga": SeatWish("remind_me"),
    "cukup ibu saja yang diingatkan": SeatWish("remind_less"),
    "PENGINGAT CUKUP KE SATU NOMOR": SeatWish("remind_less"),
    "siapa saja yang ikut?": SeatWish("list"),
    "SIAPA SAJA YANG IKUT": SeatWish("list"),
    "berhenti ikut": SeatWish("leave"),
    "saya tidak mau ikut lagi": SeatWish("leave"),
}
NO_WISH = """
tambah anak
tambah anak lagi
mau ikut
mau ikut posyandu
suami boleh ikut ke posyandu?
suami mau ikut KB
ajak suami periksa
ikut kelas ibu hamil 12 minggu
ikut kata bidan
keluarkan dahak
hapus data ibu
stop pengingat ayah
nenek suruh kasih pisang
ibu mertua mau kasih madu
ayah bisa bantu apa?
suami merokok
tambah berat badan
neneknya sakit
kapan jadwal imunisasi
mbah bilang jangan makan telur
"""


@pytest.mark.parametrize(("text", "relation"), INVITE.items())
def test_somebody_is_to_be_invited(text: str, relation: str | None) -> None:
    assert read_seat(text) == SeatWish("invite", relation)


@pytest.mark.parametrize(("text", "wish"), OTHER_WISHES.items())
def test_the_other_wishes_about_seats(text: str, wish: SeatWish | None) -> None:
    assert read_seat(text) == wish


@pytest.mark.parametrize("text", [row for row in NO_WISH.splitlines() if row])
def test_what_only_names_a_relative_is_no_wish(text: str) -> None:
    assert read_seat(text) is None


def test_a_member_is_removed_by_name_too() -> None:
    assert read_seat("keluarkan Sri", ("Sri Wahyuni",)) == SeatWish("remove", None, None, "Sri Wahyuni")
    assert read_seat("keluarkan Sri") is None


@pytest.mark.parametrize(
    ("text", "hers", "own"),
    [
        ("ayah", "ayah", "ayah"),
        ("saya ayahnya bu", "ayah", "ayah"),
        ("suaminya", "ayah", "ayah"),
        ("neneknya bu", "nenek", "nenek"),
        ("bapak", "ayah", "ayah"),
        ("ibu", "ibu", "ibu"),
        ("saya tantenya", "lain", "lain"),
        ("mbah kakung", "kakek", "nenek"),
        ("entah", None, None),
        ("ayah atau kakek", None, None),
    ],
)
def test_who_somebody_is_to_the_child(text: str, hers: str | None, own: str | None) -> None:
    """As others say it of them, and as they say it of themselves."""
    assert (read_relation(text), read_own_relation(text)) == (hers, own)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("123456", "123456"),
        ("kodenya 123 456 bu", "123456"),
        ("123-456", "123456"),
        ("12345", None),
        ("1234567", None),
        ("081234567890", None),
        ("123456 atau 654321", None),
        ("lahir 12-10-2026", None),
    ],
)
def test_a_code_has_six_digits(text: str, code: str | None) -> None:
    assert read_code(text) == code


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("0812-3456-7890", "+6281234567890"),
        ("081234567890", "+6281234567890"),
        ("+62 812 3456 7890", "+6281234567890"),
        ("6281234567890", "+6281234567890"),
        ("nomor lama 0852 3333 4444 ya", "+6285233334444"),
        ("+60123456789", "+60123456789"),
        ("123456", None),
        ("0812345678 dan 0819876543", None),
        ("bb 8.2 tb 72", None),
    ],
)
def test_a_telephone_number_is_read_as_people_write_it(text: str, phone: str | None) -> None:
    assert read_phone(text) == phone


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("ganti nomor", NumberWish()),
        ("GANTI NOMOR", NumberWish()),
        ("ganti nomor, dulu 0812-3456-7890", NumberWish(phone="+6281234567890")),
        ("nomor hp saya ganti dulu 0852 3333 4444", NumberWish(phone="+6285233334444")),
        ("ini nomor baru saya, yang lama 081234567890", NumberWish(phone="+6281234567890")),
        ("nomer wa saya pindah", NumberWish()),
        ("pakai nomor baru", NumberWish()),
        ("NOMOR 123456", NumberWish(code="123456")),
        ("nomor: 123 456", NumberWish(code="123456")),
        ("hp lama nyemplung sumur, ini nomor baruku tolong diganti datanya", NumberWish(lost=True)),
        ("nmr lama ilang, pindahin dataku k nmr ini", NumberWish(lost=True)),
        ("nomor saya mau ganti jadi 081399998888", NumberWish(phone="+6281399998888", coming=True)),
        ("besok ganti nomor", NumberWish(coming=True)),
        ("Nomor ponsel saya berganti. Bagaimana memindahkan data ke nomor yang baru?", NumberWish()),
        ("nomor bidan baru berapa", None),
        ("ganti KB", None),
        ("kartu KIA lama hilang", None),
        ("nomor antrian baru", None),
        ("anak saya 8 bulan", None),
    ],
)
def test_a_change_of_number(text: str, wish: NumberWish | None) -> None:
    assert read_number(text) == wish


def test_a_number_that_is_gone() -> None:
    assert all(says_lost(text) for text in ("HILANG", "udah ilang bu", "hp rusak", "sudah tidak aktif"))
    assert not says_lost("masih ada")


def test_who_claims_to_be_the_one_we_mean() -> None:
    assert claimed_with("ini saya mamanya Ani") == ["mamanya", "ani"]
    assert claimed_with("maaf tadi salah pencet, ini saya, Ani") == ["ani"]
    assert claimed_with("ini saya") == claimed_with("jadwal posyandu kapan") == []


def test_a_new_holder_and_mere_courtesy() -> None:
    assert is_new_holder("saya orang baru pakai nomor ini") and not is_new_holder("ini saya")
    assert is_courtesy("ok makasih bu") and not is_courtesy("ini saya") and not is_courtesy("")


MOVES = """
pindah ke Posyandu Anggrek
kami pindah ke Kupang
pindah rumah ke rw 9, posyandunya ganti ke mawar ya
enyong wis pindah neng desa sebelah, datane tolong diganti posyandu kenanga
posyandu kami bukan yang itu lagi, sekarang nimbangnya di teratai
ganti alamat dong bu, sekarang ikut dusun 4
udah pindah ke kelurahan sebelah, posyandunya ikut ganti ya
tempat timbang kami bukan lagi Melati 2 tapi Melati 6, tukar ya
ganti posyandu
pindah posyandu
saya pindah rumah
GANTI POSYANDU
"""
NO_MOVES = """
tolong sebarin ya, posyandu kamis pindah ke rumah bu RT soalnya balai lagi kebanjiran
Tolong siarkan kepada seluruh ibu balita bahwa posyandu dipindah ke mushala pukul sembilan.
Benarkah IUD dapat berpindah ke perut atau mengenai kepala bayi bila tetap hamil?
baru pindah mau daftar anak
bru pindah k ds sni, d posyandu ad ap aj sih, cm nimbang byi?
pindah ke KB suntik
mau pindah ke pil kb
pindah faskes bpjs gimana
anak tidur pindah pindah
nomer wa saya pindah
posyandu kapan?
"""


@pytest.mark.parametrize("text", [row for row in MOVES.splitlines() if row])
def test_the_family_moves(text: str) -> None:
    assert wants_to_move(text)


@pytest.mark.parametrize("text", [row for row in NO_MOVES.splitlines() if row])
def test_something_else_moves(text: str) -> None:
    assert not wants_to_move(text)


KNOWN = ("Melati", "Mawar", "Melati 2", "Melati 6")


@pytest.mark.parametrize(
    ("text", "posyandu"),
    [
        ("pindah ke Posyandu Anggrek", (None, "Anggrek")),
        ("pindah rumah ke rw 9, posyandunya ganti ke mawar ya", ("Mawar", None)),
        ("datane tolong diganti posyandu kenanga", (None, "Kenanga")),
        ("sekarang nimbangnya di teratai", (None, "Teratai")),
        ("bukan lagi Melati 2 tapi Melati 6, tukar ya", ("Melati 6", None)),
        ("pindah dari melati ke mawar", ("Mawar", None)),
        ("saya pindah ke posyandu mawr", ("Mawar", None)),
        ("saya pindah ke kupang, posyandu anggrek putih", (None, "Anggrek Putih")),
        ("kami pindah ke Kupang", (None, None)),
        ("pindah posyandu", (None, None)),
    ],
)
def test_the_new_posyandu_is_told_from_the_old(text: str, posyandu: tuple[str | None, str | None]) -> None:
    assert read_new_posyandu(text, KNOWN) == posyandu


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("kami pindah ke Kupang", ("Nusa Tenggara Timur", None)),
        ("NTT", ("Nusa Tenggara Timur", None)),
        ("jawa timur", ("Jawa Timur", None)),
        ("sekarang di papua barat daya", ("Papua Barat Daya", None)),
        ("di Makassar bu", ("Sulawesi Selatan", None)),
        ("ikut WITA", (None, "WITA")),
        ("Denpasar, WITA", ("Bali", "WITA")),
        ("dari Kupang ke Ambon", (None, None)),
        ("di rumah mertua", (None, None)),
        ("di sini", (None, None)),
    ],
)
def test_a_place_tells_the_province(text: str, place: tuple[str | None, str | None]) -> None:
    assert read_place(text) == place


def test_a_place_outside_indonesia() -> None:
    assert is_abroad("kami pindah ke Malaysia") and not is_abroad("kami pindah ke Medan")


@given(st.text(max_size=400))
def test_no_text_is_too_odd_to_be_read(text: str) -> None:
    read_seat(text, ("Ani",))
    read_number(text)
    read_phone(text)
    read_place(text)
    read_new_posyandu(text, KNOWN)
    wants_to_move(text, likely=True)


@pytest.mark.parametrize("text", ["pindah ke implan tadi pagi", "saya pindah ke pil", "pindah spiral"])
def test_another_method_is_no_move(text: str) -> None:
    assert not wants_to_move(text)


@pytest.mark.parametrize("text", ["arisan ikut 150000 rupiah", "yang ikut 123456 orang", "nomor 123456"])
def test_a_sum_is_no_code(text: str) -> None:
    assert read_seat(text) is None


def test_a_code_in_a_sentence_about_a_new_number_is_read() -> None:
    wish = read_number("ini nomor baru saya, NOMOR 835898")
    assert wish is not None and wish.code == "835898"
