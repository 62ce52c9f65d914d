"""Ways in which families write of a pregnancy, a birth and a visit. Today is Sunday, 22 November 2026."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.family.people import Sex
from sapa.family.reading.birth import is_birth_report, named_later, read_birth, says_not_born_yet
from sapa.family.reading.dates import NO_DATE, DateReading
from sapa.family.reading.pregnancy import PregnancyReading, read_pregnancy
from sapa.family.reading.visits import VisitReading, read_visit

TODAY = date(2026, 11, 22)
M, F = Sex.MALE, Sex.FEMALE


def said(reading: PregnancyReading) -> dict[str, Any]:
    """What a reading holds: dates as "2026-05-03", with what is wrong with them, whose it is left out."""
    found: dict[str, Any] = {}
    for name, value in vars(reading).items():
        if name == "whose" or value in (None, False, NO_DATE) or (value == 0 and name.endswith("days")):
            continue
        if isinstance(value, DateReading):
            value = f"{value.value}" if value.problem is None else f"{value.value} {value.problem}"
        found[name] = value
    return found


WAYS: list[tuple[str, dict[str, Any]]] = [
    # the last period
    ("HPHT 3 mei", {"lmp": "2026-05-03"}),
    ("hpht tgl 12-04-2026", {"lmp": "2026-04-12"}),
    ("hpht: 12/4/26", {"lmp": "2026-04-12"}),
    ("HPHT saya tanggal 3 Mei 2026 bu", {"lmp": "2026-05-03"}),
    ("h.p.h.t. 3-5-2026", {"lmp": "2026-05-03"}),
    ("haid terakhir 3 mei", {"lmp": "2026-05-03"}),
    ("haid terakhir saya tanggal 3 mei 2026", {"lmp": "2026-05-03"}),
    ("hari pertama haid terakhir 12 agustus", {"lmp": "2026-08-12"}),
    ("hari pertama haid: 12 agst", {"lmp": "2026-08-12"}),
    ("terakhir mens 5 juli", {"lmp": "2026-07-05"}),
    ("mens terahir tgl 5 jul", {"lmp": "2026-07-05"}),
    ("menstruasi terakhir 05072026", {"lmp": "2026-07-05"}),
    ("terakhir datang bulan 5 juli kemarin", {"lmp": "2026-07-05"}),
    ("3 mei haid terakhir saya", {"lmp": "2026-05-03"}),
    ("hpht kira2 3 mei", {"lmp": "2026-05-03"}),
    ("hpht bukan 3 mei tapi 13 mei", {"lmp": "2026-05-13"}),
    ("3 mei 2026", {"lmp": "2026-05-03"}),
    ("haid terakhir awal mei", {"lmp": "2026-05-01 vague"}),
    ("haid terakhir bulan mei", {"lmp": "2026-05-01 vague"}),
    ("hpht 31 september", {"lmp": "None impossible"}),
    ("haid terakhir 2 bulan lalu", {"months": 2}),
    ("haid terakhir 6 minggu yang lalu", {"weeks": 6}),
    # the due date
    ("HPL 20 januari 2027", {"edd": "2027-01-20"}),
    ("hpl 20 januari", {"edd": "2027-01-20"}),
    ("hplnya tgl 20/1", {"edd": "2027-01-20"}),
    ("HTP 07-02-2027", {"edd": "2027-02-07"}),
    ("hpl saya kata bidan 15 november", {"edd": "2026-11-15"}),
    ("perkiraan lahir 7 februari 2027", {"edd": "2027-02-07"}),
    ("hari perkiraan lahir sekitar 7 feb", {"edd": "2027-02-07"}),
    ("taksiran persalinan 20-1-2027", {"edd": "2027-01-20"}),
    ("due date 7 feb", {"edd": "2027-02-07"}),
    ("hpl dari usg 1 februari 2027", {"edd": "2027-02-01"}),
    ("hpl 2 minggu lagi", {"edd": "2026-12-06"}),
    ("7 februari 2027", {"edd": "2027-02-07 future"}),
    # months
    ("hamil 5 bulan", {"months": 5}),
    ("hamil lima bln", {"months": 5}),
    ("istri saya hamil 4 bulan", {"months": 4}),
    ("usia kandungan 7 bulan", {"months": 7}),
    ("hamil 5,5 bulan", {"months": 5, "month_days": 15}),
    ("hamil 5 bulan setengah", {"months": 5, "month_days": 15}),
    ("hamil 5-6 bulan", {"months": 5, "month_days": 15}),
    ("hamil 5 bulan 2 minggu", {"months": 5, "month_days": 14}),
    ("masuk bulan ke 6", {"months": 5}),
    ("masuk bulan ke-6", {"months": 5}),
    ("hamil masuk 6 bulan", {"months": 5}),
    ("jalan 6 bulan", {"months": 5}),
    ("bulan keenam", {"months": 5}),
    ("hamil anak kedua 5 bulan", {"months": 5}),
    ("lupa hpht, hamil 5 bulan", {"months": 5, "forgot": True}),
    # weeks
    ("uk 34w", {"weeks": 34}),
    ("uk 34", {"weeks": 34}),
    ("UK34w2d", {"weeks": 34, "days": 2}),
    ("34w", {"weeks": 34}),
    ("34+2", {"weeks": 34, "days": 2}),
    ("34 minggu 2 hari", {"weeks": 34, "days": 2}),
    ("34 mgg lebih 2 hr", {"weeks": 34, "days": 2}),
    ("hamil dua puluh minggu", {"weeks": 20}),
    ("umur kehamilan 20 mgg", {"weeks": 20}),
    ("minggu ke-20", {"weeks": 20}),
    # a scan
    ("usg 12 minggu tanggal 3 juni", {"scan_weeks": 12, "scan_on": "2026-06-03"}),
    ("usg tgl 3 juni 12w3d", {"scan_weeks": 12, "scan_days": 3, "scan_on": "2026-06-03"}),
    ("usg 3 juni, uk 12 minggu", {"scan_weeks": 12, "scan_on": "2026-06-03", "last_visit": "2026-06-03"}),
    ("12 minggu waktu usg 3 juni", {"scan_weeks": 12, "scan_on": "2026-06-03"}),
    ("waktu usg kemarin 8 minggu", {"scan_weeks": 8, "scan_on": "2026-11-21"}),
    ("usg 3 juni, sekarang hamil 30 minggu", {"weeks": 30, "last_visit": "2026-06-03"}),
    ("hasil usg 10 minggu", {"scan_weeks": 10}),
    # not dated yet
    ("telat 2 minggu", {"late": True}),
    ("telat haid 10 hari", {"late": True}),
    ("terlambat haid sebulan", {"late": True}),
    ("baru tes positif", {"tested": True}),
    ("tespek positif kemarin", {"tested": True}),
    ("testpack garis dua", {"tested": True}),
    ("lupa", {"forgot": True}),
    ("tidak ingat", {"forgot": True}),
    # twins, visits, age
    ("kembar", {"multiple": True}),
    ("hamil kembar 5 bulan", {"multiple": True, "months": 5}),
    ("sudah periksa 2 kali", {"visits_done": 2}),
    ("sudah 3x periksa ke bidan", {"visits_done": 3}),
    ("baru periksa sekali", {"visits_done": 1}),
    ("periksa terakhir 3 november", {"last_visit": "2026-11-03"}),
    ("disuruh bidan balik tgl 5 desember", {"next_visit": "2026-12-05"}),
    ("umur saya 17 tahun hamil 4 bulan", {"age_years": 17, "months": 4}),
    (
        "hpht 3 mei, hpl 7 februari, sudah periksa 2 kali, kontrol lagi tgl 5 desember",
        {"lmp": "2026-05-03", "edd": "2027-02-07", "visits_done": 2, "next_visit": "2026-12-05"},
    ),
    # about something else
    ("anak pertama masih 5 bulan", {}),
    ("daftar hamil", {}),
]


@pytest.mark.parametrize(("text", "expected"), WAYS, ids=[text for text, _ in WAYS])
def test_a_pregnancy_is_dated_in_many_ways(text: str, expected: dict[str, Any]) -> None:
    assert said(read_pregnancy(text, TODAY)) == expected


def test_the_table_holds_at_least_fifty_ways() -> None:
    assert len(WAYS) >= 50


@pytest.mark.parametrize(
    ("text", "asked", "field", "value"),
    [
        ("5", "age", "months", 5),
        ("20", "age", "weeks", 20),
        ("kira2 5 bulan", "age", "months", 5),
        ("2", "visits", "visits_done", 2),
        ("dua kali", "visits", "visits_done", 2),
        ("baru sekali", "visits", "visits_done", 1),
        ("belum", "visits", "visits_done", 0),
        ("belum pernah periksa", "visits", "visits_done", 0),
        ("lupa", "visits", "forgot", True),
    ],
)
def test_an_answer_needs_no_word_to_mark_it(text: str, asked: str, field: str, value: object) -> None:
    assert getattr(read_pregnancy(text, TODAY, asked), field) == value


def test_the_day_of_a_scan_may_be_answered_alone() -> None:
    assert read_pregnancy("3 juni", TODAY, "scan_date").scan_on.value == date(2026, 6, 3)
    assert read_pregnancy("kemarin", TODAY, "scan_date").scan_on.value == date(2026, 11, 21)


@pytest.mark.parametrize(
    ("text", "whose"),
    [
        ("saya hamil 5 bulan", "own"),
        ("istri saya hamil 5 bulan", "wife"),
        ("suami saya bilang saya hamil", "own"),
        ("menantu saya hamil 4 bulan", "other"),
        ("hamil 5 bulan", None),
    ],
)
def test_it_is_said_who_is_pregnant(text: str, whose: str | None) -> None:
    assert read_pregnancy(text, TODAY).whose == whose


@pytest.mark.parametrize(
    ("text", "twins"), [("tidak kembar", False), ("bayinya tunggal", False), ("hamil biasa", None)]
)
def test_twins_may_be_denied(text: str, twins: bool | None) -> None:
    assert read_pregnancy(text, TODAY).multiple is twins


# ------------------------------------------------------------------------------------------------------------ births

BIRTHS: list[tuple[str, tuple[Sex, ...], tuple[int, ...], str | None]] = [
    ("sudah lahir, laki-laki, 3,2 kg", (M,), (3200,), None),
    ("alhamdulillah udah lahiran tadi malam cewek 2900 gram", (F,), (2900,), "2026-11-21"),
    ("istri saya melahirkan kemarin, bayi perempuan 3 kg", (F,), (3000,), "2026-11-21"),
    ("sdh lahir td pagi cowo bb 3,1 pb 49", (M,), (3100,), "2026-11-22"),
    ("sudah lahir tgl 20 november laki2 berat 3200 gram panjang 50 cm", (M,), (3200,), "2026-11-20"),
    ("puji tuhan anak kami sudah lahir 3 kilo 2 ons laki-laki", (M,), (3200,), None),
    ("telah lahir anak kami, laki-laki 3.200 gram, 21 November 2026", (M,), (3200,), "2026-11-21"),
    ("sudah lahir, L, 3.1kg", (M,), (3100,), None),
    ("udah brojol bu cewek", (F,), (), None),
    ("bayinya sudah keluar, perempuan", (F,), (), None),
    ("barusan melahirkan", (), (), "2026-11-22"),
    ("sudah lahir kembar, laki dan perempuan, 2,5 kg dan 2,3 kg", (M, F), (2500, 2300), None),
    ("sudah lahir kembar laki-laki dua-duanya 2400 dan 2600 gram", (M, M), (2400, 2600), None),
    ("sudah lahir kembar sepasang 2,5 kg 2,4 kg", (M, F), (2500, 2400), None),
    ("sudah lahir kembar tiga cewek semua", (F, F, F), (), None),
    ("lahir sesar kemarin", (), (), "2026-11-21"),
]


@pytest.mark.parametrize(("text", "sexes", "weights", "on"), BIRTHS, ids=[row[0] for row in BIRTHS])
def test_a_birth_is_told_in_one_sentence(
    text: str, sexes: tuple[Sex, ...], weights: tuple[int, ...], on: str | None
) -> None:
    found = read_birth(text, TODAY)
    day = found.on.value.isoformat() if found.on.usable and found.on.value else None
    assert (found.sexes, found.weights_g, day) == (sexes, weights, on)
    assert is_birth_report(text) or text.startswith("lahir sesar")


@pytest.mark.parametrize(
    "text",
    [
        "daftarkan anak saya Ani perempuan lahir 3 mei 2026 posyandu melati",
        "mau lahiran bulan depan",
        "setelah melahirkan boleh makan apa",
        "belum lahir bu",
        "kapan bayi saya lahir?",
        "bayi baru lahir boleh dimandikan",
        "dulu lahiran anak pertama sesar",
        "tanda mau melahirkan",
        "habis melahirkan kapan boleh KB",
        "anak saya sudah lahir tahun lalu",
        "takut kalau sudah melahirkan nanti sakit",
        "hamil 5 bulan",
    ],
)
def test_what_only_speaks_of_births_reports_none(text: str) -> None:
    assert not is_birth_report(text)


@pytest.mark.parametrize(
    ("asked", "text", "field", "value"),
    [
        ("sex", "L", "sexes", (M,)),
        ("sex", "cewek", "sexes", (F,)),
        ("sex", "laki dan perempuan", "sexes", (M, F)),
        ("weight", "3,2", "weights_g", (3200,)),
        ("weight", "3200", "weights_g", (3200,)),
        ("weight", "2,5 dan 2,3", "weights_g", (2500, 2300)),
        ("weight", "32 kg", "odd_weight", True),
        ("weight", "lupa", "unknown", True),
        ("name", "Budi", "names", ("Budi",)),
        ("name", "Budi dan Ani", "names", ("Budi", "Ani")),
        ("name", "kakaknya Budi, adiknya Beni", "names", ("Budi", "Beni")),
        ("name", "belum ada nama", "unnamed", True),
        ("name", "nanti ya bu", "unnamed", True),
        (None, "sudah lahir prematur 34 minggu", "weeks", 34),
        (None, "sudah lahir kurang bulan", "early", True),
        (None, "sudah lahir sesar", "caesarean", True),
    ],
)
def test_answers_about_a_birth(asked: str | None, text: str, field: str, value: object) -> None:
    assert getattr(read_birth(text, TODAY, asked), field) == value


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("bayinya dinamai Budi", ("Budi",)),
        ("NAMA BAYI Budi dan Ani", ("Budi", "Ani")),
        ("nama anak saya Ani Lestari", ("Ani Lestari",)),
        ("bayi saya namanya siapa?", ()),
        ("nama saya Ani", ()),
        ("bayinya belum ada nama", ()),
    ],
)
def test_a_name_may_come_later(text: str, names: tuple[str, ...]) -> None:
    assert named_later(text, TODAY) == names


def test_a_birth_may_be_taken_back() -> None:
    assert says_not_born_yet("belum lahir kok") and not says_not_born_yet("sudah lahir")


# ------------------------------------------------------------------------------------------------------------ visits

VISITS: list[tuple[str, str | None, str | None]] = [
    ("sudah periksa", None, None),
    ("tadi kontrol ke bidan", "2026-11-22", None),
    ("sudah USG di dokter kemarin", "2026-11-21", None),
    ("sudah cek kandungan di bu Yanti tgl 20 nov", "2026-11-20", None),
    ("udah anc tadi pagi di puskesmas", "2026-11-22", None),
    ("sudah periksa kemarin, alhamdulillah sehat, disuruh balik tgl 5 desember", "2026-11-21", "2026-12-05"),
    ("tadi dari bidan, kembali 5/12", "2026-11-22", "2026-12-05"),
    ("sudah tgl 20 november, berikutnya 5 desember", "2026-11-20", "2026-12-05"),
    ("sudah kontrol lagi kemarin", "2026-11-21", None),
    ("kontrol lagi tgl 5 desember", None, "2026-12-05"),
    ("kontrol lagi 2 minggu lagi", None, "2026-12-06"),
    ("periksa tgl 5 desember", None, "2026-12-05"),
    ("jadwal periksa berikutnya 5 desember 2026", None, "2026-12-05"),
    ("bidan sudah datang kunjungan nifas", None, None),
]


@pytest.mark.parametrize(("text", "on", "coming"), VISITS, ids=[row[0] for row in VISITS])
def test_a_visit_is_told_with_its_day_and_the_next_one(text: str, on: str | None, coming: str | None) -> None:
    found = read_visit(text, TODAY)
    days = [d.value.isoformat() if d.usable and d.value else None for d in (found.on, found.next_on)]
    assert days == [on, coming]
    assert found.plain and (found.done or found.next_on.usable)


@pytest.mark.parametrize(
    "text",
    [
        "sudah periksa tapi tensi tinggi",
        "sudah kontrol gigi",
        "sudah suntik KB",
        "sudah imunisasi",
        "sudah lahir bu",
        "tadi periksa katanya harus dirujuk",
        "sudah timbang ke posyandu",
    ],
)
def test_troubles_and_other_subjects_are_no_plain_report(text: str) -> None:
    assert not read_visit(text, TODAY).plain


def test_a_question_about_visits_is_a_question() -> None:
    assert read_visit("kapan saya kontrol lagi?", TODAY).question


def test_sudah_alone_is_bare_but_not_beside_thanks_or_another_subject() -> None:
    assert read_visit("SUDAH", TODAY).bare and read_visit("sudah kemarin bu", TODAY).bare
    assert not read_visit("makasih bu sudah", TODAY).bare and not read_visit("sudah makan", TODAY).bare


@given(st.text(max_size=400), st.sampled_from([None, "dating", "age", "visits", "sex", "weight", "name", "scan_date"]))
def test_no_text_is_too_odd_to_be_read(text: str, asked: str | None) -> None:
    assert isinstance(read_pregnancy(text, TODAY, asked), PregnancyReading)
    assert isinstance(read_visit(text, TODAY), VisitReading)
    assert read_birth(text, TODAY, asked) is not None
    assert is_birth_report(text) in {True, False}
