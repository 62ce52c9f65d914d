"""What couples write about themselves: whose it is, what it says, which figure cannot be right."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.family.people import Sex
from sapa.family.reading.screening import ASKED, HER, HIM, ME, OTHER, read_figure, read_screening

TODAY = date(2026, 11, 22)  # a Sunday


def _read(text: str, asked: str | None = None) -> dict[str, Any]:
    reading = read_screening(text, TODAY, asked=asked)
    return {f"{owner}.{item}": value for (owner, item), value in reading.answers.items()}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("saya 23 th", {"me.age_years": 23}),
        ("umur saya dua puluh tiga tahun", {"me.age_years": 23}),
        ("usia 23", {"me.age_years": 23}),
        ("saya lahir 3 mei 2003", {"me.age_years": 23}),  # 2026 - 2003, the birthday has been
        ("saya lahir 3 desember 2003", {"me.age_years": 22}),  # it has not
        ("kelahiran 2003", {"me.age_years": 22}),  # a year leaves one open: the lower
        ("bb 45", {"me.weight_kg": 45}),
        ("berat badan saya 45,5 kg", {"me.weight_kg": 45.5}),
        ("45kg 155cm", {"me.weight_kg": 45, "me.height_cm": 155}),
        ("tb 1,55", {"me.height_cm": 155}),  # metres
        ("tinggi 1 meter 55", {"me.height_cm": 155}),
        ("tinggi saya 155 berat 45", {"me.height_cm": 155, "me.weight_kg": 45}),
        ("1.6 m", {"me.height_cm": 160}),
        ("lila 22", {"F.lila_cm": 22}),
        ("lingkar lengan atas 23,5 cm", {"F.lila_cm": 23.5}),
        ("LiLA-nya 24", {"F.lila_cm": 24}),
        ("22,5 cm lila", {"F.lila_cm": 22.5}),
        ("hb 11,2", {"F.hb_g_dl": 11.2}),
        ("Hb saya 11.2", {"F.hb_g_dl": 11.2}),
        ("hb calon istri 11", {"F.hb_g_dl": 11}),
        ("hb 11.8 tgl 3 nov", {"F.hb_g_dl": 11.8, "F.hb_on": "2026-11-03"}),
        ("td T2 3 okt 2026", {"F.td_status": "T2", "F.td_last_on": "2026-10-03"}),
        ("status t3", {"F.td_status": "T3"}),
        ("TT2", {"F.td_status": "T2"}),
        ("T5", {"F.td_status": "T5"}),
        ("suntik td 2 kali", {"F.td_status": None}),  # how often is no status
        ("suntik tt belum pernah", {"F.td_status": None}),
        ("saya tidak merokok", {"me.smokes": False}),
        ("sudah berhenti merokok", {"me.smokes": False}),
        ("calon suami perokok berat", {"M.smokes": True}),
        ("calon suami masih ngerokok", {"M.smokes": True}),
        ("calon suami gak merokok", {"M.smokes": False}),
        ("kami berdua tidak merokok", {"me.smokes": False, "other.smokes": False}),
        ("saya merokok, calon istri tidak", {"me.smokes": True, "F.smokes": False}),
        ("di rumah ada yang merokok", {"F.smoke_at_home": True}),
        ("bapak saya merokok di rumah", {"F.smoke_at_home": True}),
        ("di rumah tidak ada yang merokok", {"F.smoke_at_home": False}),
        ("ada yang merokok di rumah", {"F.smoke_at_home": True}),
        ("tidak merokok di rumah", {"F.smoke_at_home": False}),
        ("tidak merokok di rumah tidak ada yang merokok", {"me.smokes": False, "F.smoke_at_home": False}),
        ("calon suami merokok di rumah tidak ada", {"M.smokes": True, "F.smoke_at_home": False}),
        ("tidak ada yang merokok", {"F.smoke_at_home": False, "me.smokes": False, "other.smokes": False}),
        ("aku 23 dia 26", {"me.age_years": 23, "other.age_years": 26}),
        ("calon istri saya 22 tahun, saya 27", {"F.age_years": 22, "me.age_years": 27}),
        ("calon laki umur 25, tdk merokok", {"M.age_years": 25, "M.smokes": False}),
        ("calon suami bb 60 tb 170", {"M.weight_kg": 60, "M.height_cm": 170}),
        ("pasangan 60 kg", {"other.weight_kg": 60}),
        ("hb dan lila belum tahu", {"F.hb_g_dl": None, "F.lila_cm": None}),
        ("belum tahu hb dan lila", {"F.hb_g_dl": None, "F.lila_cm": None}),
        ("bb 45, hb belum cek, lila 23", {"me.weight_kg": 45, "F.hb_g_dl": None, "F.lila_cm": 23}),
        ("lila 22, hb belum", {"F.lila_cm": 22, "F.hb_g_dl": None}),
        ("hb suami 14", {}),  # nobody asks for his
    ],
)
def test_facts_are_read_wherever_they_stand(text: str, told: dict[str, Any]) -> None:
    assert _read(text) == told


@pytest.mark.parametrize(
    ("asked", "text", "told"),
    [
        ("me", "23 45 155", {"me.age_years": 23, "me.weight_kg": 45, "me.height_cm": 155}),
        ("me", "23/45/155", {"me.age_years": 23, "me.weight_kg": 45, "me.height_cm": 155}),
        ("me", "45, 155", {"me.weight_kg": 45, "me.height_cm": 155}),
        ("me", "155/45", {"me.weight_kg": 45, "me.height_cm": 155}),
        ("me", "155", {"me.height_cm": 155}),
        ("me", "23 45", {}),  # age and weight, or weight and something else?
        ("me", "belum tahu", {"me.age_years": None, "me.weight_kg": None, "me.height_cm": None}),
        ("partner", "26 60 170", {"other.age_years": 26, "other.weight_kg": 60, "other.height_cm": 170}),
        ("partner", "60 kg 170 cm", {"other.weight_kg": 60, "other.height_cm": 170}),
        ("check", "22 dan 11,2", {"F.lila_cm": 22, "F.hb_g_dl": 11.2}),
        ("check", "11,2 22", {"F.lila_cm": 22, "F.hb_g_dl": 11.2}),  # an arm is never 11 cm
        ("check", "11,5 kemarin", {"F.hb_g_dl": 11.5, "F.hb_on": "2026-11-21"}),
        ("check", "22,5 11,8 tgl 3 nov", {"F.lila_cm": 22.5, "F.hb_g_dl": 11.8, "F.hb_on": "2026-11-03"}),
        ("check", "belum periksa", {"F.lila_cm": None, "F.hb_g_dl": None}),
        ("smoke", "tidak ada", {"me.smokes": False, "other.smokes": False, "F.smoke_at_home": False}),
        ("smoke", "calon suami", {"M.smokes": True, "F.smokes": False}),
        ("smoke", "dia aja", {"other.smokes": True, "me.smokes": False}),
        ("smoke", "bapak saya", {"F.smoke_at_home": True}),
        ("smoke", "saya tidak, di rumah ada", {"me.smokes": False, "F.smoke_at_home": True}),
        ("td", "3", {"F.td_status": "T3"}),
        ("td", "T2, 3 oktober 2026", {"F.td_status": "T2", "F.td_last_on": "2026-10-03"}),
        ("td", "sudah 2 kali", {"F.td_status": None}),
        ("td", "gak punya kartunya", {"F.td_status": None}),
        ("td", "td belum tahu", {"F.td_status": None}),
        ("td", "3 oktober 2026", {"F.td_last_on": "2026-10-03"}),
    ],
)
def test_an_answer_needs_no_word_to_mark_it(asked: str, text: str, told: dict[str, Any]) -> None:
    assert _read(text, asked) == told


def test_one_sentence_may_hold_it_all_in_any_order() -> None:
    text = "daftar catin nikah 14 maret 2027 saya 23 th bb 45 tb 155 lila 22 hb 11,2 calon suami 26"
    reading = read_screening(text, TODAY)
    assert reading.answers == {
        (ME, "age_years"): 23,
        (ME, "weight_kg"): 45,
        (ME, "height_cm"): 155,
        (HER, "lila_cm"): 22,
        (HER, "hb_g_dl"): 11.2,
        (HIM, "age_years"): 26,
    }
    assert reading.role is Sex.FEMALE and reading.wedding.value == date(2027, 3, 14)


@pytest.mark.parametrize(
    ("asked", "text", "role"),
    [
        (None, "saya calon suami", Sex.MALE),
        (None, "saya calon pengantin wanita", Sex.FEMALE),
        (None, "catin perempuan 22 th", Sex.FEMALE),
        (None, "calon suami saya 26", Sex.FEMALE),  # who speaks of "calon suami" is the bride
        (None, "calon istri 22", Sex.MALE),
        (None, "istri 22 suami 25", None),
        (None, "aku 23 dia 26", None),
        ("role", "calon suami", Sex.MALE),  # here it answers "calon istri atau calon suami?"
        ("role", "yang perempuan", Sex.FEMALE),
        ("role", "calon suami saya umur 26", Sex.FEMALE),
    ],
)
def test_who_writes_is_told_by_the_words_for_the_other(asked: str | None, text: str, role: Sex | None) -> None:
    assert read_screening(text, TODAY, asked=asked).role is role


@pytest.mark.parametrize(
    ("text", "item", "said", "suggestion"),
    [
        ("bb 4.5", "weight_kg", 4.5, 45),  # x 10
        ("bb 450", "weight_kg", 450, 45),  # / 10
        ("hb 112", "hb_g_dl", 112, 11.2),
        ("hb 1,1", "hb_g_dl", 1.1, 11),
        ("lila 225", "lila_cm", 225, 22.5),
        ("tb 15,5", "height_cm", 15.5, 155),
        ("umur saya 230 tahun", "age_years", 230, None),  # an age is not misplaced by ten
        ("tb 99", "height_cm", 99, None),  # neither 9.9 nor 990
    ],
)
def test_a_figure_that_cannot_be_is_a_doubt_with_the_likely_slip(
    text: str, item: str, said: float, suggestion: float | None
) -> None:
    reading = read_screening(text, TODAY)
    (doubt,) = reading.doubts
    assert (doubt.item, doubt.said, doubt.suggestion) == (item, said, suggestion)
    assert item not in {known for _, known in reading.answers}


@pytest.mark.parametrize(
    ("asked", "text", "day", "problem"),
    [
        (None, "nikahnya tgl 3/4/2027", date(2027, 4, 3), None),
        (None, "tanggal nikah pindah jadi 5 mei", date(2027, 5, 5), None),  # the next one
        (None, "nikahnya diundur ke 5 mei 2027", date(2027, 5, 5), None),
        (None, "akad nikah minggu 14 maret 2027", date(2027, 3, 14), None),
        ("wedding", "14 maret", date(2027, 3, 14), None),
        ("wedding", "14-03-2025", date(2025, 3, 14), None),  # past: for the dialogue to say
        ("wedding", "maret 2027", date(2027, 3, 1), "vague"),
        ("wedding", "3 bulan lagi", date(2027, 2, 22), "vague"),
        ("wedding", "habis lebaran", None, "vague"),
        ("wedding", "32 maret 2027", None, "impossible"),
    ],
)
def test_the_wedding_day_is_read_as_a_day_to_come(
    asked: str | None, text: str, day: date | None, problem: str | None
) -> None:
    reading = read_screening(text, TODAY, asked=asked).wedding
    assert (reading.value, reading.problem) == (day, problem)


@pytest.mark.parametrize("text", ["belum tahu", "belum pasti", "blm tau", "belum ditentukan", "masih belum fix"])
def test_the_wedding_day_may_be_open(text: str) -> None:
    assert read_screening(text, TODAY, asked="wedding").wedding_unknown


def test_what_ends_the_subject_is_seen() -> None:
    assert read_screening("kami sudah menikah", TODAY).married
    assert read_screening("gak jadi nikah", TODAY).called_off
    assert read_screening("nikahnya batal", TODAY).called_off
    assert not read_screening("nanti kalau sudah menikah mau langsung hamil", TODAY).married
    assert not read_screening("sudah rencana nikah 14 maret 2027", TODAY).married


@pytest.mark.parametrize("text", ["hb berapa yang normal?", "apa itu lila", "kapan suntik td", "halo", "", "mau tanya"])
def test_a_question_says_nothing(text: str) -> None:
    assert not read_screening(text, TODAY).anything


def test_whose_haemoglobin_it_is_said_to_be_is_kept_for_who_knows_the_writer() -> None:
    assert read_screening("hb dia 14", TODAY).said_of == {"hb_g_dl": OTHER}
    assert read_screening("hb saya 14", TODAY).said_of == {"hb_g_dl": ME}
    assert read_screening("hb 14", TODAY).said_of == {}


def test_a_bare_figure_is_judged_like_any_other() -> None:
    assert read_figure("46", "weight_kg", ME) == 46
    assert read_figure("belum", "weight_kg", ME) is None


@given(st.text(max_size=200), st.sampled_from([None, *ASKED]))
def test_no_text_breaks_the_reader(text: str, asked: str | None) -> None:
    read_screening(text, TODAY, asked=asked)


_PIECES = ["nikah 14 maret 2027", "bb 45", "tb 155", "lila 22", "hb 11,2", "umur 23", "td T2"]


@given(st.permutations(_PIECES))
def test_the_order_of_the_facts_does_not_matter(pieces: list[str]) -> None:
    assert _read(", ".join(pieces)) == {
        "me.weight_kg": 45,
        "me.height_cm": 155,
        "F.lila_cm": 22,
        "F.hb_g_dl": 11.2,
        "me.age_years": 23,
        "F.td_status": "T2",
    }
    assert read_screening(", ".join(pieces), TODAY).wedding.value == date(2027, 3, 14)


@pytest.mark.parametrize(
    ("text", "mine", "home"),
    [
        ("saya tidak merokok, di rumah ada yang merokok", False, True),
        ("saya gak ngerokok, di rumah juga gak ada", False, False),
        ("saya tidak merokok, di rumah bapak merokok", False, True),
        ("saya merokok, di rumah tidak ada", True, False),
    ],
)
def test_what_is_said_of_the_home_goes_before_what_was_said_of_a_person(text: str, mine: bool, home: bool) -> None:
    answers = read_screening(text, date(2026, 11, 23)).answers
    assert (answers.get(("me", "smokes")), answers.get(("F", "smoke_at_home"))) == (mine, home)


@pytest.mark.parametrize(("text", "age"), [("25", 25), ("19 aja", 19), ("45", None)])
def test_one_small_figure_where_three_are_asked_for_is_the_age(text: str, age: int | None) -> None:
    assert read_screening(text, TODAY, asked="me").answers.get((ME, "age_years")) == age


def test_figures_at_the_question_about_smoking_make_no_smoker() -> None:
    assert ("other", "smokes") not in read_screening("dia 19 45 150", TODAY, asked="smoke").answers
    answers = read_screening("aku aja yg ngerokok", TODAY, asked="smoke").answers
    assert (answers[(ME, "smokes")], answers[(OTHER, "smokes")]) == (True, False)
