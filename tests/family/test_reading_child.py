"""The facts of a child from one message. Today is Sunday, 22 November 2026."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.family.people import Sex
from sapa.family.reading.child import closest_posyandu, match_posyandu, read_child_facts, read_correction

TODAY = date(2026, 11, 22)
KNOWN = ["Melati", "Mawar 1", "Mawar 2", "Kasih Ibu", "Posyandu Cempaka"]
F, M = Sex.FEMALE, Sex.MALE


def told(text: str, asked: str | None = None) -> dict[str, Any]:
    """The facts of a message that are not empty, the date as ISO text (or its problem)."""
    facts = read_child_facts(text, TODAY, known_posyandu=KNOWN, asked=asked)
    born = facts.birth_date
    day = born.value.isoformat() if born.usable and born.value else born.problem if born.matched else None
    names = ("name", "sex", "posyandu", "posyandu_said", "posyandu_unknown", "preterm", "birth_weight_g", "birth_weeks")
    return {k: v for k, v in {n: getattr(facts, n) for n in names}.items() if v} | ({"born": day} if day else {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "daftarkan anak saya Ani perempuan lahir 3 mei 2026 posyandu melati",
            {"name": "Ani", "sex": F, "born": "2026-05-03", "posyandu": "Melati"},
        ),
        (
            "mau daftar, nama bayi Muhammad Rizky Pratama, laki2, lahir tgl 12-10-2026 di posyandu Mawar 2",
            {"name": "Muhammad Rizky Pratama", "sex": M, "born": "2026-10-12", "posyandu": "Mawar 2"},
        ),
        (
            "anak sy nm siti p 3/5/26 posy melati",
            {"name": "Siti", "sex": F, "born": "2026-05-03", "posyandu": "Melati"},
        ),
        (
            "Bu bidan mau daftar anak: Yohanes Umbu Landu, cowok, lahir senin kemarin",
            {"name": "Yohanes Umbu Landu", "sex": M, "born": "2026-11-16"},
        ),
        (
            "nama: I Made Arya\ntgl lahir: 3 mei 2026\njk: L\nposyandu: kasih ibu",
            {"name": "I Made Arya", "sex": M, "born": "2026-05-03", "posyandu": "Kasih Ibu"},
        ),
        ("ani perempuan 3 mei 2026 posy melati", {"name": "Ani", "sex": F, "born": "2026-05-03", "posyandu": "Melati"}),
        ("Ani p 3/5/26 melati", {"name": "Ani", "sex": F, "born": "2026-05-03", "posyandu": "Melati"}),
        ("daftar anak Melati, P, 3 mei 2026", {"name": "Melati", "sex": F, "born": "2026-05-03"}),
        (
            "Nama saya Maria, mau daftar anak saya Yosef Ama lahir di Kupang 3 mei 2026",
            {"name": "Yosef Ama", "born": "2026-05-03"},
        ),
        ("TTL: Kupang, 3 mei 2026 nama Ina", {"name": "Ina", "born": "2026-05-03"}),
        (
            "daftar anak perempuan Ni Luh Ayu lahir kemarin posyandu Anggrek",
            {"name": "Ni Luh Ayu", "sex": F, "born": "2026-11-21", "posyandu_said": "Anggrek"},
        ),
        (
            "La Ode Muhammad, L, 3-5-2026, belum punya posyandu",
            {"name": "La Ode Muhammad", "sex": M, "born": "2026-05-03", "posyandu_unknown": True},
        ),
        ("anak putri saya namanya Putri Ayu", {"name": "Putri Ayu", "sex": F}),
        (
            "anak saya Juni Agustina perempuan lahir 2 juni 2026",
            {"name": "Juni Agustina", "sex": F, "born": "2026-06-02"},
        ),
        ("si adek udah brojol bu, semalem jam 11, cewek", {"sex": F, "born": "2026-11-21"}),
        ("Anak kedua saya lahir tanggal 1 Oktober, mohon didaftarkan.", {"born": "2026-10-01"}),
        ("anak saya bernama M. Rizky Al-Fatih usia 5 bulan", {"name": "M. Rizky Al-Fatih"}),
        ("mau daftar imunisasi anak saya Ani", {"name": "Ani"}),
        ("daftar anak", {}),
        ("saya mau daftarkan bayi saya", {}),
        ("anak saya demam", {}),
        ("kemarin imunisasi", {}),
        ("ponakan yang saya asuh boleh saya daftarkan juga?", {}),
    ],
)
def test_the_facts_of_one_sentence_are_read(text: str, expected: dict[str, Any]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bayi sy lhr prematur 2kg kmrn", {"preterm": True, "birth_weight_g": 2000, "born": "2026-11-21"}),
        ("lahir 34 minggu tgl 1 nov 2026", {"preterm": True, "birth_weeks": 34, "born": "2026-11-01"}),
        ("lahir 39 minggu berat 2.900 gram", {"birth_weeks": 39, "birth_weight_g": 2900}),
        ("lahir berat 1900 gram", {"preterm": True, "birth_weight_g": 1900}),
        ("lahir kurang bulan", {"preterm": True}),
        ("lahir BBLR", {"preterm": True}),
        ("lahir usia kandungan 8 bulan", {"preterm": True}),
        ("lahirnya belum cukup bulan", {"preterm": True}),
        ("lahir tidak prematur", {}),
        ("lahir cukup bulan", {}),
        ("lahir 3 mei 2025, beratnya sekarang 8 kg", {"born": "2025-05-03"}),
    ],
)
def test_a_child_born_early_or_small_is_noticed(text: str, expected: dict[str, Any]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Ani", "Ani"),
        ("namanya Ani", "Ani"),
        ("Ani, cewek", "Ani"),
        ("ani bu", "Ani"),
        ("SITI NURHALIZA", "Siti Nurhaliza"),
        ("maria goreti", "Maria Goreti"),
        ("Maria goreti", "Maria goreti"),
        ("I Made", "I Made"),
        ("ni luh ayu", "Ni Luh Ayu"),
        ("La Ode Ali", "La Ode Ali"),
        ("Umbu", "Umbu"),
        ("Ina", "Ina"),
        ("m. rizky", "M. Rizky"),
        ("Yohanes L.", "Yohanes L."),
        ("nur'aini", "Nur'aini"),
        ("Muhammad Al-Fatih Putra Pratama", "Muhammad Al-Fatih Putra Pratama"),
        ("Putri", "Putri"),
        ("Ani😊", "Ani"),
        ("Selamat pagi bu, Ani", "Ani"),
        ("nama anak saya Budi", "Budi"),
        ("panggil aja Tono", "Tono"),
        ("Bayi Ny. Siti", "Bayi Ny. Siti"),
        ("Anastasya Putri lahir 3 mei 2026", "Anastasya Putri"),
        ("Bintang Kecil", "Bintang Kecil"),
        ("Ani. Dia perempuan", "Ani"),
        ("Ani dan Budi", "Ani"),
        *[
            (text, None)
            for text in (
                "siapa ya?", "halo", "imunisasi kapan", "gak tau", "123", "", "ya", "oke", "menu", "bayi",
                "belum ada nama",
                "anak saya demam dari kemarin", "nama saya Siti", "namanya siapa?", "x", "3 mei 2026", "perempuan",
                "mau tanya jadwal posyandu", "A" * 100, "stop", "terima kasih bu", "nanti",
            )
        ],
    ],
)  # fmt: skip
def test_the_answer_to_the_name_is_a_name_or_nothing(text: str, name: str | None) -> None:
    assert read_child_facts(text, TODAY, known_posyandu=KNOWN, asked="child_name").name == name


def test_hardly_any_message_on_another_topic_is_taken_for_a_name() -> None:
    rows = Path("tests/data/dev.tsv").read_text(encoding="utf-8").splitlines()[1:]
    texts = [row.split("\t")[0] for row in rows if row.split("\t")[1] != "bahasa_lain"]
    taken = [t for t in texts if read_child_facts(t, TODAY, known_posyandu=KNOWN, asked="child_name").name]
    assert len(taken) <= len(texts) // 100, taken


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("melati", {"posyandu": "Melati"}),
        ("posy. MELATI", {"posyandu": "Melati"}),
        ("meltai", {"posyandu": "Melati"}),
        ("di cempaka bu", {"posyandu": "Posyandu Cempaka"}),
        ("mawar dua", {"posyandu": "Mawar 2"}),
        ("mawar II", {"posyandu": "Mawar 2"}),
        ("Mawar", {"posyandu_said": "Mawar"}),  # 1 or 2?
        ("Mawar 3", {"posyandu_said": "Mawar 3"}),
        ("melati 2", {"posyandu_said": "Melati 2"}),
        ("anggrek putih", {"posyandu_said": "Anggrek Putih"}),
        ("rw 5", {"posyandu_said": "RW 5"}),
        ("belum tahu", {"posyandu_unknown": True}),
        ("tidak punya", {"posyandu_unknown": True}),
        ("ndak ada", {"posyandu_unknown": True}),
        ("posyandu kapan buka?", {}),
        ("anak saya demam", {}),
    ],
)
def test_a_posyandu_is_found_in_spite_of_spelling(said: str, expected: dict[str, Any]) -> None:
    assert told(said, asked="child_posyandu") == expected


def test_a_posyandu_is_matched_only_when_one_fits() -> None:
    assert match_posyandu("mawar", ["Mawar 2", "Melati"]) == "Mawar 2"
    assert match_posyandu("mawar", KNOWN) is None
    assert match_posyandu("mawar 3", KNOWN) is None
    assert match_posyandu("", KNOWN) is None
    assert closest_posyandu("mawr", KNOWN)[:2] == ["Mawar 1", "Mawar 2"]


@pytest.mark.parametrize(
    ("text", "fields", "expected"),
    [
        ("bukan, namanya Ana", (), {"name": "Ana"}),
        ("eh namanya Ana", (), {"name": "Ana"}),
        ("bukan Ani tapi Ana", (), {"name": "Ana"}),
        ("namanya Ana bukan Ani", (), {"name": "Ana"}),
        ("salah, Ana", (), {"name": "Ana"}),
        ("salah ketik, maksud saya Anita", (), {"name": "Anita"}),
        ("ubah nama jadi Ana", (), {"name": "Ana"}),
        ("salah, lahirnya 4 mei", (), {"born": "2026-05-04"}),
        ("tanggalnya salah harusnya 4 mei 2026", (), {"born": "2026-05-04"}),
        ("eh ganti perempuan", (), {"sex": F}),
        ("bukan perempuan tapi laki", (), {"sex": M}),
        ("posyandu bukan melati tapi cempaka", (), {"posyandu": "Posyandu Cempaka"}),
        ("ubah tanggal", ("child_birth_date",), {}),
        ("nama salah", ("child_name",), {}),
        ("jenis kelaminnya salah", ("child_sex",), {}),
        ("nama sudah benar, tanggal salah", ("child_birth_date",), {}),
        ("nama dan tanggal", ("child_name", "child_birth_date"), {}),
        ("salah", (), {}),
        ("Ani", (), {}),
        ("apa yang salah?", (), {}),
    ],
)
def test_a_correction_says_what_and_perhaps_how(text: str, fields: tuple[str, ...], expected: dict[str, Any]) -> None:
    correction = read_correction(text, TODAY, known_posyandu=KNOWN)
    facts = correction.facts
    found = {"name": facts.name, "sex": facts.sex, "posyandu": facts.posyandu}
    born = {"born": facts.birth_date.value.isoformat()} if facts.birth_date.usable and facts.birth_date.value else {}
    assert correction.fields == fields
    assert {k: v for k, v in found.items() if v} | born == expected


SLOTS = [None, "consent", "child_name", "child_sex", "child_birth_date", "child_posyandu", "child_confirmed"]
_SCRAPS = st.lists(
    st.sampled_from(
        [
            "nama", "namanya", "Ani", "p", "L", "laki2", "lahir", "3", "mei", "2026", "posyandu", "melati",
            ",", "|", ".",
            ":",
            "bukan", "salah", "ganti", "belum", "punya", "34", "minggu", "2kg", "anak", "saya", "di", "dan",
            "bayi", "ny.",
            "\n",
            "(", "prematur", "tidak", "siapa", "?", "si", "'", "jk:", "ttl", "Kupang",
        ]
    ),
    max_size=14,
).map(" ".join)  # fmt: skip


@given(st.one_of(st.text(max_size=120), _SCRAPS), st.sampled_from(SLOTS))
def test_no_text_breaks_the_reading_and_a_name_is_always_presentable(text: str, asked: str | None) -> None:
    facts = read_child_facts(text, TODAY, known_posyandu=KNOWN, asked=asked)
    if facts.name is not None:
        assert 2 <= len(facts.name) <= 64
        assert facts.name == facts.name.strip()
        assert not any(c.isdigit() or c in "|\n" for c in facts.name)
    assert facts.posyandu is None or facts.posyandu in KNOWN
    assert not (facts.preterm and facts.term)
    read_correction(text, TODAY, known_posyandu=KNOWN, asked=asked)
