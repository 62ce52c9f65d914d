"""Dates, ages, lists and doses in the words families use."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sapa.content import ContentError, ContentLibrary

CONTENT = Path(__file__).resolve().parents[2] / "content" / "id"
HEAD = """---
id: dialog/uji
title: Uji
kind: flow
audience: [ibu]
facts: []
sources: []
confidence: null
reviewed_on: 2026-11-22
review_by: 2027-05-22
status: belum disahkan
signed_off_by: null
signed_off_on: null
next: []
buttons: []
template: null
vars: ["x?", "y?", "profile?"]
---
"""

Said = Callable[..., str]


@pytest.fixture
def said(tmp_path: Path) -> Said:
    """Renders one template with the words of content/id/kata; its values are called x and y."""
    shutil.copytree(CONTENT / "kata", tmp_path / "id" / "kata")
    (tmp_path / "id" / "dialog").mkdir()

    def render(template: str, **variables: Any) -> str:
        text = f"{HEAD}## whatsapp\n\n[{template}]\n\n## sms\n\n-\n"
        (tmp_path / "id" / "dialog" / "uji.md").write_text(text, encoding="utf-8")
        library = ContentLibrary.load(tmp_path / "id")
        return library.render("dialog/uji", "whatsapp", date(2026, 11, 22), **variables).text[1:-1]

    return render


@pytest.mark.parametrize(
    ("day", "long", "short"),
    [
        (date(2026, 12, 3), "Kamis, 3 Desember 2026", "3 Des 2026"),
        ("2026-12-03", "Kamis, 3 Desember 2026", "3 Des 2026"),
        ("2026-12-03T23:00:00+07:00", "Kamis, 3 Desember 2026", "3 Des 2026"),
        (datetime(2026, 5, 31, 8, tzinfo=ZoneInfo("Asia/Jayapura")), "Minggu, 31 Mei 2026", "31 Mei 2026"),
        (date(2028, 2, 29), "Selasa, 29 Februari 2028", "29 Feb 2028"),
    ],
)
def test_dates_are_written_as_indonesians_write_them(said: Said, day: object, long: str, short: str) -> None:
    assert said("{{ x | tanggal }}", x=day) == long
    assert said("{{ x | tanggal_pendek }}", x=day) == short


@pytest.mark.parametrize(
    ("clock", "written"),
    [("08:00", "08.00"), (time(16, 5), "16.05"), ("23:59:00", "23.59"), (datetime(2026, 1, 1, 7), "07.00")],
)
def test_hours_have_a_point_and_two_digits(said: Said, clock: object, written: str) -> None:
    assert said("{{ x | jam }}", x=clock) == written


@pytest.mark.parametrize(
    ("months", "days", "written"),
    [
        (0, 0, "baru lahir"),
        (0, 3, "3 hari"),
        (0, 7, "1 minggu"),
        (0, 27, "3 minggu"),  # 27 // 7 = 3
        (1, 31, "1 bulan"),
        (8, 257, "8 bulan"),
        (11, None, "11 bulan"),
        (12, None, "1 tahun"),
        (14, None, "1 tahun 2 bulan"),
        (24, None, "2 tahun"),
        (59, None, "4 tahun 11 bulan"),
        (0, None, "0 bulan"),  # days not told
    ],
)
def test_ages_are_told_in_the_unit_a_mother_counts_in(said: Said, months: int, days: int | None, written: str) -> None:
    assert said("{{ x | umur(y) }}", x=months, y=days) == written
    for child in ({"age_months": months, "age_days": days}, SimpleNamespace(age_months=months, age_days=days)):
        assert said("{{ x | umur }}", x=child) == written


@pytest.mark.parametrize(
    ("entries", "written"),
    [([], ""), (["a"], "a"), (["a", "b"], "a dan b"), (["a", "b", "c"], "a, b, dan c"), ([1, 2], "1 dan 2")],
)
def test_lists_read_as_a_sentence(said: Said, entries: list[Any], written: str) -> None:
    assert said("{{ x | daftar }}", x=entries) == written


@pytest.mark.parametrize(
    ("profile", "written"),
    [
        (None, "DPT-HB-Hib 1 dan polio tetes 2"),
        ("pentavalen", "DPT-HB-Hib 1 dan polio tetes 2"),
        ("heksavalen", "DPT-HB-Hib/heksavalen 1 dan polio tetes 2"),
    ],
)
def test_doses_have_names_and_the_combined_vaccine_is_neutral_where_it_may_be_either(
    said: Said, profile: str | None, written: str
) -> None:
    template = "{{ ['DPTHBHIB1', 'OPV2'] | dosis | daftar }}"
    assert said(template, vaccine_profile=profile) == written
    assert said(template, profile=profile) == written  # as a reminder brings it


def test_one_dose_is_one_name(said: Said) -> None:
    assert said("{{ 'BCG' | dosis }}") == "BCG"


def test_an_unknown_dose_is_refused_by_name(said: Said) -> None:
    with pytest.raises(ContentError, match="no name for the dose XYZ9"):
        said("{{ ['XYZ9'] | dosis | daftar }}")


@pytest.mark.parametrize(
    ("name", "written"),
    [("Melati", "Posyandu Melati"), ("Posyandu Melati", "Posyandu Melati"), ("POSYANDU 3", "POSYANDU 3")],
)
def test_the_word_posyandu_is_not_said_twice(said: Said, name: str, written: str) -> None:
    assert said("{{ x | awalan('Posyandu') }}", x=name) == written


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Aisyah", "Aisyah"),
        ("Muhammad Rizki Ramadhan", "Muhammad Rizki"),  # 14 <= 16, with the third word 23
        ("Muhammadrizkiramadhan", "Muhammadrizkiram"),  # no space to cut at: 16 letters
        ("Muhammad Rizkiya", "Muhammad Rizkiya"),  # exactly 16
    ],
)
def test_long_names_are_cut_between_words_in_an_sms(said: Said, name: str, written: str) -> None:
    assert said("{{ x | singkat(16) }}", x=name) == written
