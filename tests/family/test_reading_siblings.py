"""Several children in one message: who is told of, in what order, and which messages tell of one child only."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.family.reading.siblings import MAX_CHILDREN, read_siblings, says_one_child

TODAY = date(2026, 11, 22)


def _told(text: str, twins: bool = False) -> str | None:
    found = read_siblings(text, TODAY, known_posyandu=["Melati"], twins=twins)
    if found is None:
        return None
    rows = [
        f"{child.name or '?'}/{child.sex or '?'}/{child.birth_date.value or '?'}".replace("2026-", "").replace("/?", "")
        for child in found.children
    ]
    return ("twins: " if found.twins else "") + " ".join(rows)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("daftar anak kembar Ani dan Ana perempuan lahir 3 mei 2026", "twins: Ani/F/05-03 Ana/F/05-03"),
        ("anak saya kembar, laki dan perempuan, Budi sama Sari, 3 mei 2026", "twins: Budi/M/05-03 Sari/F/05-03"),
        ("daftar kembar ani, ana cewek dua2nya 3/5/26", "twins: Ani/F/05-03 Ana/F/05-03"),
        ("kembar Budi laki-laki dan Sari perempuan 3 mei 2026", "twins: Budi/M/05-03 Sari/F/05-03"),
        ("daftar anak kembar cowok cewek lahir 3 mei 2026", "twins: ?/M/05-03 ?/F/05-03"),
        ("bayi kembar tiga Ani, Ana, Ane cewek lahir 3 mei", "twins: Ani/F/05-03 Ana/F/05-03 Ane/F/05-03"),
        ("mau daftar anak kembar", "twins: ? ?"),
        ("nama anak saya kembar Ani & Ana", "twins: Ani Ana"),
        (
            "bayi kembar saya, yang pertama Made Ayu, yang kedua Kadek Ayu, perempuan semua, lahir 12 oktober 2026",
            "twins: Made Ayu/F/10-12 Kadek Ayu/F/10-12",
        ),
        ("Ani P 3/5/2026 dan Budi L 1/6/2026", "Ani/F/05-03 Budi/M/06-01"),
        ("daftarkan 2 anak: Ani P 3/5/2026, Budi L 1/6/2026", "Ani/F/05-03 Budi/M/06-01"),
        ("anak saya dua, Ani cewek 3 mei 2026 sama Budi cowok 1 juni 2026", "Ani/F/05-03 Budi/M/06-01"),
        ("daftar anak Ani dan Ana perempuan lahir 3 mei 2026", "twins: Ani/05-03 Ana/F/05-03"),
        ("daftar anak Ani dan Budi", "Ani Budi"),
    ],
)
def test_children_are_read_in_the_order_told(text: str, told: str) -> None:
    assert _told(text) == told


@pytest.mark.parametrize(
    "text",
    [
        "daftarkan anak saya Ani perempuan lahir 3 mei 2026 posyandu melati",
        "daftar anak Ani, perempuan, lahir 3 mei 2026, posyandu melati, ibu Rina",
        "Ani, perempuan, Kupang 3 mei 2026",
        "saya Rina dan anak saya Ani lahir 3 mei 2026",
        "Nama: Ani\nTTL: Kupang, 3 mei 2026\nKelamin: P\nPosyandu: Melati",
        "daftar anak kedua",
        "anak saya tidak kembar, namanya Ani",
        "apa bayi kembar boleh diimunisasi?",
        "halo",
    ],
)
def test_one_child_is_one_child(text: str) -> None:
    assert _told(text) is None


def test_that_they_are_twins_may_be_known_already() -> None:
    assert _told("Ani dan Ana", twins=True) == "twins: Ani Ana" and _told("perempuan", twins=True) is None


def test_twins_taken_back() -> None:
    assert says_one_child("bukan kembar") and says_one_child("cuma satu") and not says_one_child("kembar")


def test_what_holds_for_all_stands_with_the_first() -> None:
    found = read_siblings("kembar Ani dan Ana prematur posyandu melati", TODAY, known_posyandu=["Melati"])
    assert found is not None and found.first.posyandu == "Melati" and found.first.preterm


_WORDS = ["kembar", "dan", "Ani", ",", "3", "mei", "2026", "cewek", "tiga", "&", "anak"]


@given(st.text(max_size=200) | st.lists(st.sampled_from(_WORDS)).map(" ".join))
def test_any_text_is_read_without_raising(text: str) -> None:
    found = read_siblings(text, TODAY)
    assert found is None or 2 <= len(found.children) <= MAX_CHILDREN
