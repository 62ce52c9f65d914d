"""Words of loss are seen however they are put; good news, fears and other people's losses are never taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.messaging.loss import (
    believable,
    denied,
    is_elsewhere,
    is_not_now,
    named_in,
    several_meant,
    speaks_of_loss,
    sure_loss,
    taken_back,
)

LOSS = [
    "bayi saya meninggal tadi pagi",
    "sy keguguran kmrn bu",
    "dedek udah ga ada bu",
    "anak kami dipanggil Tuhan semalam",
    "janinnya tidak berkembang, sudah dikuret",
    "bayinya tidak tertolong",
    "istri saya sudah berpulang",
    "detak jantungnya sudah tidak ada kata dokter",
    "innalillahi anak kami",
    "lahir mati di 36 minggu",
]
NO_LOSS = [
    "udah ga demam lagi alhamdulillah",
    "anak saya sudah tidak rewel lagi",
    "sudah ga mual lagi bu",
    "batuknya sudah tidak ada dahaknya",
    "bayi saya sehat",
    "tetangga saya baru melahirkan",
]


@pytest.mark.parametrize("text", LOSS)
def test_a_loss_is_seen(text: str) -> None:
    assert speaks_of_loss(text) and believable(0.5, text)


@pytest.mark.parametrize("text", NO_LOSS[:3] + NO_LOSS[4:])
def test_what_is_no_loss_is_not_taken_for_one_on_a_weak_guess(text: str) -> None:
    assert not speaks_of_loss(text) and not believable(0.7, text)


def test_a_model_that_is_all_but_certain_is_believed_without_the_words() -> None:
    assert believable(0.95, "kami pulang tanpa membawa dia")


# ------------------------------------------------------------------------- beyond doubt, before the dialogue engine

NAMES = ("Ani", "Budi Santoso")
SURE = {
    "pregnancy": [
        "saya keguguran di usia 9 minggu, mohon hentikan jadwal periksa hamilnya",
        "keguguran",
        "gugur",
        "kuret kemarin",
        "sy kguguran kmrn",
        "sy kgguran 2 mgg llu",
        "habis kuret, hamilnya tidak jadi",
        "janin saya meninggal di kandungan minggu lalu",
        "IUFD",
        "istri saya keguguran tadi malam",
        "udh g hml lg bu, gugur",
        "hamilku ga lanjut, ternyata kosong (BO) trus dikuret",
        "kandunganku luruh minggu lalu, udah bersih",
        "janinku ga ada detak jantungnya",
        "kandungan saya tidak bisa dipertahankan",
        "janin tidak berkembang dan sudah dikuret",
        "detak jantungnya sudah tidak ada kata dokter",
        "hamil ektopik sudah dioperasi janinnya diangkat",
        "kami kehilangan janin kami",
        "anak saya keguguran bu, saya neneknya",
        "kaluron kamari",
        "bayi saya mati di kandungan",
        "blighted ovum, sudah dikuret senin",
    ],
    "birth": [
        "bayi saya lahir mati",
        "lahir mati di 36 minggu",
        "bayi lahir sudah tidak bernyawa",
        "stillbirth",
        "by lhr mati kmrn d rs",
    ],
    "child": [
        "anak sudah ga ada",
        "dedek udah ga ada bu",
        "bayinya ga selamat",
        "anak saya meninggal kemarin",
        "Ani meninggal tadi pagi",
        "Budi sudah berpulang",
        "ank prtama sy mninggal krn diare",
        "bayiku ga tertolong waktu persalinan kemarin bu",
        "kami kehilangan bayi kami semalam di rumah sakit",
        "maaf bu bayinya sudah ga ada, tolong jangan diingatkan lagi",
        "si kecil sudah dipanggil yang maha kuasa",
        "innalillahi anak saya wafat",
        "anakku seda",
        "anakku wis ora ono",
        "bayine ora tertulung",
        "murangkalih abdi ngantunkeun",
        "cucu saya meninggal minggu lalu",
        "anak kembar saya satunya meninggal",
        "adek meninggal karena demam berdarah minggu kemarin",
        "putri kami telah meninggal dunia",
        "by sy dh g ad bu",
        "ank sy wafat kmrn",
        "anak saya meninggal tahun lalu, jangan dikirimi lagi",
        "si bungsu sudah kembali ke rumah Bapa",
        "kenapa bayi saya meninggal, padahal kemarin sehat",
        "anak kami dipanggil Tuhan semalam",
        "baby sudah jadi malaikat",
        "almarhum anak saya",
        "anak sudah dikubur",
        "kemarin kami kehilangan si bungsu",
    ],
    "mother": [
        "istri saya meninggal",
        "istri sy mnggal hbs lhrn",
        "ibunya ga tertolong waktu lahiran",
        "istri saya, Siti, meninggal kemarin",
        "istri saya sudah berpulang",
        "ibu bayi meninggal saat melahirkan",
        "saya suaminya. istri saya sudah tiada",
        "mamanya udah ga ada waktu melahirkan, saya omnya",
    ],
    "someone": [
        "meninggal kemarin",
        "sudah berpulang",
        "sudah dimakamkan tadi pagi",
        "tidak tertolong bu",
        "wis seda bu",
        "telah wafat",
        "pemilik nomor ini sudah tiada, saya kakaknya",
    ],
}
OTHERS = [
    "nenek saya meninggal, anak rewel",
    "anak rewel sejak neneknya meninggal",
    "ayam saya mati",
    "kucing anak saya mati",
    "tetangga saya keguguran",
    "bayi tetangga meninggal",
    "anak teman saya meninggal",
    "istri teman saya meninggal",
    "guru anak saya meninggal",
    "nonton film bayi meninggal sedih",
    "suami saya meninggal",
    "bapak saya meninggal kemarin",
    "ibu saya meninggal minggu lalu",
    "mertua meninggal",
    "adik saya meninggal",
    "kakak saya keguguran",
    "kakek dipanggil Tuhan",
    "ari-ari anak saya dikubur di mana",
    "rambut rontok gugur setelah melahirkan",
]
NOT_NOW = [
    "takut keguguran",
    "saya takut keguguran lagi bu",
    "dulu pernah keguguran",
    "riwayat keguguran 2 kali",
    "kehamilan pertama gugur, sekarang hamil lagi",
    "anak pertama saya meninggal tahun 2019",
    "apa penyebab keguguran",
    "ciri ciri keguguran apa saja",
    "setelah keguguran kapan boleh hamil lagi",
    "cara mencegah keguguran",
    "kalau keguguran harus bagaimana",
    "nanas bisa bikin keguguran ga",
    "apakah bayi bisa meninggal karena demam",
    "bayi saya tidak meninggal",
    "mimpi anak saya meninggal",
    "hampir keguguran kemarin, sekarang sudah istirahat",
    "semoga tidak keguguran",
    "belum keguguran",
    "obat penguat biar ga keguguran",
    "katanya ada bayi meninggal habis imunisasi",
]
NOTHING = [
    *NO_LOSS,
    "hp saya mati anak nangis terus",
    "mati lampu anak ga bisa tidur",
    "anak saya mati rasa kakinya",
    "anak saya sudah tidak ada demam",
    "sudah tidak ada bu",
    "sudah ga ada",
    "stok obat sudah habis",
    "suami pergi meninggalkan saya",
    "anak saya ditinggal bapaknya",
    "anak selamat sampai rumah",
    "kuret itu apa",
    "surga di telapak kaki ibu",
    "anak saya kehilangan nafsu makan",
    "anakku tiada henti menangis",
    "kalo meninggal gimana datanya",
    "bpjs mati masih bisa imunisasi anak gratis ga",
]


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in SURE.items() for text in texts])
def test_a_loss_beyond_doubt_is_caught_with_what_was_lost(kind: str, text: str) -> None:
    assert sure_loss(text, NAMES) == kind


@pytest.mark.parametrize("text", OTHERS + NOT_NOW + NOTHING)
def test_what_only_looks_like_a_loss_is_not_caught(text: str) -> None:
    assert sure_loss(text, NAMES) is None


def test_the_table_is_long_enough_both_ways() -> None:
    assert sum(len(texts) for texts in SURE.values()) >= 60
    assert len(OTHERS + NOT_NOW + NOTHING) >= 60


@pytest.mark.parametrize("text", [text for text in OTHERS if speaks_of_loss(text)])
def test_somebody_elses_loss_is_known_as_such(text: str) -> None:
    assert is_elsewhere(text) or is_not_now(text)


def test_a_question_after_a_fresh_loss_counts_where_a_pregnancy_would_go_on() -> None:
    text = "saya keguguran kemarin, kapan boleh KB?"
    assert sure_loss(text) is None
    assert sure_loss(text, expecting=True) == "pregnancy"


@pytest.mark.parametrize(
    ("text", "back"),
    [
        ("salah, anak saya sehat", True),
        ("SALAH", True),
        ("bukan anak saya bu, ayam saya", True),
        ("masih hidup bu", True),
        ("anaknya sehat kok", True),
        ("salah ketik", True),
        ("terima kasih bu", False),
        ("kami belum bisa bicara", False),
        ("bayi saya meninggal", False),
    ],
)
def test_a_mistake_is_seen(text: str, back: bool) -> None:
    assert taken_back(text) is back


def test_a_denial_is_more_than_good_health() -> None:
    assert denied("dia masih hidup") and denied("tidak meninggal kok") and not denied("anak saya sehat")


def test_children_are_named_whole_or_by_the_first_word() -> None:
    names = ["Ani", "Budi Santoso", "Mu Min"]
    assert named_in("budi meninggal", names) == ["Budi Santoso"]
    assert named_in("anisa meninggal", names) == []
    assert named_in("kamu meninggal", names) == []


def test_one_of_several_is_told_apart_only_by_name() -> None:
    assert several_meant("anak kedua saya meninggal") and not several_meant("anak saya meninggal")


@given(st.text(max_size=300))
def test_no_text_raises(text: str) -> None:
    sure_loss(text, NAMES)
    taken_back(text)
    is_elsewhere(text)
    is_not_now(text)
