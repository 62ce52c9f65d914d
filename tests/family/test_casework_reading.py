"""What kader and bidan type about cases, and how a family asks for the bot again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.family.reading.casework import (
    CaseOrder,
    Order,
    read_order,
    speaks_of_contraception,
    wants_bot,
    wants_menu,
)


@pytest.mark.parametrize(
    "text",
    ["KASUS", "kasus", "Kasus?", "daftar kasus", "lihat kasus", "kasus apa saja?", "ada kasus?", "ksus", "kasus saya"],
)
def test_the_word_alone_asks_for_the_list(text: str) -> None:
    assert read_order(text) == CaseOrder(Order.LIST, named=True)


@pytest.mark.parametrize(
    "text", ["KASUS 12", "kasus no 12", "kasus nomor 12", "lihat kasus #12", "Kasus 12.", "buka kasus 12"]
)
def test_with_a_number_it_asks_for_that_case(text: str) -> None:
    assert read_order(text) == CaseOrder(Order.SHOW, 12, named=True)


@pytest.mark.parametrize(
    ("text", "order", "number", "said"),
    [
        ("AMBIL 12", Order.TAKE, 12, ""),
        ("ambil kasus 12", Order.TAKE, 12, ""),
        ("ambil no. 12 ya", Order.TAKE, 12, "ya"),
        ("Ambil #12", Order.TAKE, 12, ""),
        ("JAWAB 12 Bawa ke puskesmas ya Bu.", Order.ANSWER, 12, "Bawa ke puskesmas ya Bu."),
        ("jawab 12: bawa KMS", Order.ANSWER, 12, "bawa KMS"),
        ("jwb 12, tunggu saya", Order.ANSWER, 12, "tunggu saya"),
        ("Balas kasus 12 - saya ke sana jam 8", Order.ANSWER, 12, "saya ke sana jam 8"),
        ("jawab12 ok", Order.ANSWER, 12, "ok"),
        ("balas: sebentar ya bu", Order.ANSWER, None, "sebentar ya bu"),
        ("JAWAB 12\nBaris satu.\nBaris dua.", Order.ANSWER, 12, "Baris satu.\nBaris dua."),
        ("JAWAB 12", Order.ANSWER, 12, ""),
        ("SERAHKAN 12", Order.HAND_OVER, 12, ""),
        ("serahkan 12 ke bidan", Order.HAND_OVER, 12, ""),
        ("oper kasus 12 ke bu bidan", Order.HAND_OVER, 12, ""),
        ("CATAT 12 sudah saya telepon", Order.REMARK, 12, "sudah saya telepon"),
        ("catatan kasus 12: rumahnya kosong", Order.REMARK, 12, "rumahnya kosong"),
        ("TUTUP 12 sudah dirujuk", Order.CLOSE, 12, "sudah dirujuk"),
        ("selesai 12 anaknya sembuh", Order.CLOSE, 12, "anaknya sembuh"),
        ("TUTUP 12", Order.CLOSE, 12, ""),
        ("tutup kasus", Order.CLOSE, None, ""),
        ("ambil kasus", Order.TAKE, None, ""),
    ],
)
def test_an_order_names_the_case_and_what_to_say(text: str, order: Order, number: int | None, said: str) -> None:
    read = read_order(text)
    assert read is not None
    assert (read.order, read.number, read.text) == (order, number, said)


@pytest.mark.parametrize(
    "text",
    [
        # Other people's words that begin alike.
        "tutup",
        "tutup posyandu jam berapa",
        "selesai",
        "selesai semua",
        "ambil 2 piring nasi",
        "ambil vitamin A di mana",
        "catat Ani 8,2",
        "catat 8,2 72,5",
        "catat berat 8,2",
        "catat 12,5",
        "jawab",
        "serahkan",
        "kasusnya bagaimana bu",
        "kasus stunting di desa kami berapa",
        "tolong jawab 12",
        "",
        "12",
        "JADWAL posyandu Melati 10 Desember jam 8",
        "AMBIL 0",
        "AMBIL 1234567",
    ],
)
def test_what_only_sounds_like_an_order_is_none(text: str) -> None:
    assert read_order(text) is None


def test_a_long_answer_is_passed_on_whole() -> None:
    words = "Bawa ke puskesmas. " * 100
    read = read_order(f"JAWAB 12 {words}")
    assert read is not None and read.text == words.strip()


@given(st.text(max_size=200))
def test_no_text_is_too_odd_to_be_read(text: str) -> None:
    read_order(text)
    wants_bot(text)
    wants_menu(text)
    speaks_of_contraception(text)


@given(st.integers(1, 999_999), st.text(alphabet="abc XYZ.\n", max_size=60))
def test_what_is_to_be_said_comes_out_as_it_went_in(number: int, words: str) -> None:
    read = read_order(f"JAWAB {number} kata {words}")
    assert read == CaseOrder(Order.ANSWER, number, f"kata {words}".strip())


@pytest.mark.parametrize("text", ["BOT", "bot", "Bot.", "*BOT*", "ke bot", "kembali ke bot", "mau bot saja", "bot aja"])
def test_a_family_asks_for_the_bot(text: str) -> None:
    assert wants_bot(text)


@pytest.mark.parametrize("text", ["botol susu", "bot atau bidan?", "susunya pakai botol", "boti", "apa ini bot?"])
def test_a_word_that_only_begins_like_it_is_for_the_human(text: str) -> None:
    assert not wants_bot(text)


@pytest.mark.parametrize(("text", "asked"), [("MENU", True), ("menu utama", True), ("menu mpasi 8 bulan", False)])
def test_the_menu_is_the_bots(text: str, asked: bool) -> None:
    assert wants_menu(text) is asked


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("suntik KB saya bikin pusing", True),
        ("habis pasang spiral kok nyeri", True),
        ("pil kb lupa diminum", True),
        ("susuk saya mau dilepas", True),
        ("IUD boleh untuk menyusui?", True),
        ("suntik 3 bulan telat", True),
        ("suntik yang sebulan sekali", True),
        ("mau steril saja", True),
        ("implan saya geser", True),
        ("vasektomi sakit tidak", True),
        ("minum pil zat besi mual", False),
        ("tadi anak disuntik, sekarang bengkak", False),
        ("anak saya habis suntik DPT panas", False),
        ("suntik imunisasi 3 bulan lalu", False),
        ("anak saya demam", False),
        ("kabar bu kader", False),
    ],
)
def test_contraception_is_known_by_its_names(text: str, named: bool) -> None:
    assert speaks_of_contraception(text) is named
