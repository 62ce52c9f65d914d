"""Birth dates, ages, weights and weeks as families write them. Today is Sunday, 22 November 2026, unless said."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sapa.family.reading.dates import Age, read_age, read_date, read_weeks, read_weight_kg

TODAY = date(2026, 11, 22)
MONTHS = (
    "januari", "februari", "maret", "april", "mei", "juni", "juli", "agustus", "september", "oktober", "november",
    "desember",
)  # fmt: skip


def d(text: str) -> date:
    return date.fromisoformat(text)


# text, expected day (precision "day", no problem)
EXACT = [
    # figures, day first
    ("3/5/26", "2026-05-03"),
    ("03-05-2026", "2026-05-03"),
    ("3.5.2026", "2026-05-03"),
    ("3 / 5 / 2026", "2026-05-03"),
    ("3 5 2026", "2026-05-03"),
    ("03/05 2026", "2026-05-03"),
    ("3/5", "2026-05-03"),
    ("3.5", "2026-05-03"),
    ("tgl 3-5", "2026-05-03"),
    ("2026-05-03", "2026-05-03"),
    ("030526", "2026-05-03"),
    ("03052026", "2026-05-03"),
    ("20260503", "2026-05-03"),
    ("3-V-2026", "2026-05-03"),
    ("12-10-2026", "2026-10-12"),
    # named months
    ("3 mei 2026", "2026-05-03"),
    ("3 Mei", "2026-05-03"),
    ("3mei2026", "2026-05-03"),
    ("3-mei-26", "2026-05-03"),
    ("3 mei '26", "2026-05-03"),
    ("mei 3, 2026", "2026-05-03"),
    ("tgl 3 bulan 5", "2026-05-03"),
    ("tgl 3 bulan 5 tahun 2025", "2025-05-03"),
    ("3 bln mei thn 2026", "2026-05-03"),
    ("Minggu, 3 Mei 2026", "2026-05-03"),  # it was a Sunday
    ("hari rabu tgl 18 november", "2026-11-18"),
    ("lahir 12 oktober jam 10.30 malam", "2026-10-12"),
    ("anak ke-2 lahir 3 mei", "2026-05-03"),
    ("lahir di rt 3/5 tgl 4 mei 2026", "2026-05-04"),
    # in words
    ("tanggal tiga mei", "2026-05-03"),
    ("dua April", "2026-04-02"),
    ("sebelas bulan juli", "2026-07-11"),
    ("duapuluh satu mei 2026", "2026-05-21"),
    ("tiga puluh satu oktober", "2026-10-31"),
    ("tiga mei dua ribu dua puluh enam", "2026-05-03"),
    # misspelt
    ("3 januri 2026", "2026-01-03"),
    ("12 pebruari", "2026-02-12"),
    ("1 agst", "2026-08-01"),
    ("2 okt", "2026-10-02"),
    ("3 nop", "2026-11-03"),
    ("5 Sept", "2026-09-05"),
    ("6 agus", "2026-08-06"),
    # without a year: the latest one that is not ahead of today
    ("22 november", "2026-11-22"),
    ("23 november", "2025-11-23"),
    ("4 desmber", "2025-12-04"),
    ("29 februari", "2024-02-29"),
    ("17 agustus tahun lalu", "2025-08-17"),
    ("17 agustus kemarin", "2026-08-17"),
    ("tgl 1 kemarin", "2026-11-01"),
    ("tgl 30 kemarin", "2026-10-30"),
    ("tgl 8 bln lalu", "2026-10-08"),
    ("tgl 3 bulan ini", "2026-11-03"),
    ("bulan lalu tanggal 5", "2026-10-05"),
    # seen from today
    ("hari ini", "2026-11-22"),
    ("tadi pagi", "2026-11-22"),
    ("baru lahir tadi subuh", "2026-11-22"),
    ("kemarin", "2026-11-21"),
    ("kemaren", "2026-11-21"),
    ("lhr kmrn", "2026-11-21"),
    ("tadi malam", "2026-11-21"),
    ("semalem jam 11", "2026-11-21"),
    ("tadi malam jam 2", "2026-11-22"),
    ("kemarin lusa", "2026-11-20"),
    ("2 hari lalu", "2026-11-20"),
    ("sehari yang lalu", "2026-11-21"),
    ("seminggu lalu", "2026-11-15"),
    ("dua minggu yang lalu", "2026-11-08"),
    ("senin kemarin", "2026-11-16"),
    ("hari minggu kemarin", "2026-11-15"),
    ("sabtu malam", "2026-11-21"),
    # more than one in the message
    ("umur 5 bulan lahir 3 mei 2026", "2026-05-03"),
    ("bukan 3 mei, 4 mei", "2026-05-04"),
    ("kemarin ke puskesmas, lahirnya 3 mei", "2026-05-03"),
]

# text, value or None, precision, problem
NOT_A_DAY = [
    ("umur 5 bulan", "2026-06-22", "month", "vague"),
    ("5bln", "2026-06-22", "month", "vague"),
    ("8 bulan 3 hari", "2026-03-19", "day", "vague"),  # 22 Nov - 8 months = 22 Mar, - 3 days
    ("2 th", "2024-11-22", "year", "vague"),
    ("34 hari", "2026-10-19", "day", "vague"),
    ("3 bulan lalu", "2026-08-22", "month", "vague"),
    ("lahir bulan lalu", "2026-10-01", "month", "vague"),
    ("awal mei", "2026-05-01", "month", "vague"),
    ("mei 2026", "2026-05-01", "month", "vague"),
    ("bulan mei", "2026-05-01", "month", "vague"),
    ("sekitar 3 mei", "2026-05-03", "day", "vague"),
    ("tgl 3", "2026-11-03", "day", "vague"),
    ("2025", "2025-01-01", "year", "vague"),
    ("minggu lalu", "2026-11-15", "month", "vague"),
    ("lebaran", None, "none", "vague"),
    ("3", None, "none", "vague"),
    ("minggu kemarin", "2026-11-15", "month", "ambiguous"),  # Sunday, or last week
    ("hari minggu", "2026-11-22", "day", "ambiguous"),  # today or a week ago
    ("Senin, 3 Mei 2026", "2026-05-03", "day", "ambiguous"),  # it was a Sunday
    ("3 atau 4 mei", None, "none", "ambiguous"),
    ("3-4 mei", None, "none", "ambiguous"),
    ("mei 26", None, "month", "ambiguous"),  # 26 May, or May 2026
    ("31 feb", None, "none", "impossible"),
    ("29 februari 2025", None, "none", "impossible"),
    ("32 mei", None, "none", "impossible"),
    ("tanggal 30 bulan 2", None, "none", "impossible"),
    ("5/13/26", None, "none", "impossible"),  # day first, always
    ("3 mei 2027", "2027-05-03", "day", "future"),
    ("besok", "2026-11-23", "day", "future"),
    ("23/11/2026", "2026-11-23", "day", "future"),
    ("22 november 2021", "2021-11-22", "day", "too_old"),  # the fifth birthday is today
    ("17 agustus 2018", "2018-08-17", "day", "too_old"),
    ("3/5/85", "1985-05-03", "day", "too_old"),
    ("umur 7 tahun", "2019-11-22", "year", "too_old"),
    ("2019", "2019-01-01", "year", "too_old"),
    ("", None, "none", "none"),
    ("halo bu", None, "none", "none"),
    ("3,2 kg", None, "none", "none"),
    ("jam 10.30", None, "none", "none"),
    ("081234567890", None, "none", "none"),
]


@pytest.mark.parametrize(("text", "expected"), EXACT, ids=[row[0] for row in EXACT])
def test_a_birth_date_is_read_to_the_day(text: str, expected: str) -> None:
    reading = read_date(text, TODAY, prefer="past")
    assert (reading.value, reading.precision, reading.problem) == (d(expected), "day", None)
    assert reading.usable


@pytest.mark.parametrize(
    ("text", "value", "precision", "problem"), NOT_A_DAY, ids=[row[0] or "empty" for row in NOT_A_DAY]
)
def test_what_leaves_the_day_open_or_cannot_be_says_so(
    text: str, value: str | None, precision: str, problem: str
) -> None:
    reading = read_date(text, TODAY, prefer="past")
    assert (reading.value, reading.precision, reading.problem) == (d(value) if value else None, precision, problem)
    assert not reading.usable


@pytest.mark.parametrize(
    ("text", "today", "expected"),
    [
        ("besok", TODAY, "2026-11-23"),
        ("lusa", TODAY, "2026-11-24"),
        ("2 minggu lagi", TODAY, "2026-12-06"),
        ("3 mei", TODAY, "2027-05-03"),
        ("30 november", TODAY, "2026-11-30"),
        ("senin depan", TODAY, "2026-11-23"),
        ("3 mei", date(2026, 5, 3), "2026-05-03"),
    ],
)
def test_a_date_ahead_is_read_when_the_future_is_meant(text: str, today: date, expected: str) -> None:
    reading = read_date(text, today, prefer="future")
    assert (reading.value, reading.problem) == (d(expected), None)


def test_the_span_that_was_read_lies_in_the_normalised_message() -> None:
    text = "Anak saya  lahir Minggu, tgl 3 Mei 2026 ya bu"
    reading = read_date(text, TODAY)
    assert reading.matched == "minggu, tgl 3 mei 2026"


def test_only_a_date_that_holds_on_any_day_is_absolute() -> None:
    assert read_date("3 mei 2026", TODAY).absolute
    assert not read_date("kemarin", TODAY).absolute


def test_a_person_of_any_age_may_be_meant() -> None:
    assert read_date("3 mei 1998", TODAY, max_years=None).problem is None


_FORMATS = ["{d}/{m}/{y}", "{d:02}-{m:02}-{y}", "{d}.{m}.{y}", "{y}-{m:02}-{d:02}", "{d:02}{m:02}{y}", "{d} {name} {y}"]
_MORE_FORMATS = ["tgl {d} bulan {m} tahun {y}", "lahir {d} {name} {y} jam 10.30", "{d}{name}{y}"]


@given(st.integers(0, 5 * 365), st.sampled_from(_FORMATS + _MORE_FORMATS), st.integers(0, 1000))
def test_every_day_of_the_last_five_years_comes_back_from_every_way_of_writing_it(
    ago: int, form: str, later: int
) -> None:
    today = TODAY + timedelta(days=later)
    born = today - timedelta(days=ago)
    text = form.format(d=born.day, m=born.month, y=born.year, name=MONTHS[born.month - 1])
    assert read_date(text, today).value == born


@given(st.integers(0, 364), st.integers(0, 1000))
def test_a_date_without_a_year_is_never_in_the_future(ago: int, later: int) -> None:
    today = TODAY + timedelta(days=later)
    born = today - timedelta(days=ago)
    if (born.month, born.day) != (2, 29):
        assert read_date(f"{born.day} {MONTHS[born.month - 1]}", today).value == born


_SCRAPS = st.lists(
    st.sampled_from(
        [
            "3", "31", "32", "0", "5", "26", "2026", "000000", "99999999", "mei", "juni", "bulan", "tgl",
            "tahun", "lalu",
            "kemarin", "hari", "minggu", "senin", "setengah", ".", ",", "/", "-", "'", "umur", "dua", "puluh", "belas",
            "ribu", "seratus", "atau", "sekitar", "jam", "lagi", "depan", "tadi", "malam", "yang", "awal", "²",
            "٣", "9999",
        ]
    ),
    max_size=12,
).map(" ".join)  # fmt: skip


@given(st.one_of(st.text(max_size=80), _SCRAPS), st.dates(date(1970, 1, 1), date(2090, 12, 31)))
@example("999 tahun 999 bulan lalu", date(1970, 1, 1))
@example("tgl 31 bulan lalu", date(2026, 3, 31))
@example("999 tahun lagi", date(2090, 12, 31))
def test_no_text_breaks_the_readers(text: str, today: date) -> None:
    for prefer in ("past", "future"):
        reading = read_date(text, today, prefer=prefer)  # type: ignore[arg-type]
        assert reading.problem != "none" or reading.value is None
        assert not (prefer == "past" and reading.usable and reading.value and reading.value > today)
    read_age(text), read_weight_kg(text), read_weeks(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5bln", Age(months=5)),
        ("34w", Age(weeks=34)),
        ("2th", Age(years=2)),
        ("setahun setengah", Age(years=1, months=6)),
        ("1,5 tahun", Age(years=1, months=6)),
        ("dua setengah tahun", Age(years=2, months=6)),
        ("setengah tahun", Age(months=6)),
        ("9 bulan lewat 2 minggu", Age(months=9, weeks=2)),
        ("satu tahun lebih tiga bulan", Age(years=1, months=3)),
        ("6 bulan kurang seminggu", Age(months=6, weeks=-1)),
        ("umurnya 8 bulan 3 hari", Age(months=8, days=3)),
        ("dua belas hari", Age(days=12)),
        ("8-9 bulan", None),
        ("3 bulan lalu", None),
        ("2 minggu lagi", None),
        ("kurang dari 6 bulan", None),
        ("halo", None),
    ],
)
def test_an_age_is_read(text: str, expected: Age | None) -> None:
    assert read_age(text) == expected


def test_an_age_leads_back_to_a_day() -> None:
    # 22 Nov 2026 - 9 months = 22 Feb 2026, - 2 weeks = 8 Feb 2026
    assert Age(months=9, weeks=2).born_about(TODAY) == date(2026, 2, 8)
    # 31 March - 1 month: February has no 31st, so its last day
    assert Age(months=1).born_about(date(2026, 3, 31)) == date(2026, 2, 28)


@pytest.mark.parametrize(
    ("text", "kilograms"),
    [
        ("3,2 kg", 3.2),
        ("3.2kg", 3.2),
        ("2900 gram", 2.9),
        ("2.900 gram", 2.9),
        ("2kg8ons", 2.8),
        ("3 kg 2 ons", 3.2),
        ("8 kg 200 gram", 8.2),
        ("32 ons", 3.2),
        ("tiga kilo dua ons", 3.2),
        ("3 kilo setengah", 3.5),
        ("sekilo", None),
        ("bb 3,2", 3.2),
        ("berat lahir 2,1", 2.1),
        ("8.2", 8.2),
        ("3200", 3.2),
        ("naik 2 kg", None),
        ("halo 3", None),
        ("50 cm", None),
        ("500 kg", None),
    ],
)
def test_a_weight_is_read_in_kilograms(text: str, kilograms: float | None) -> None:
    assert read_weight_kg(text) == kilograms


@pytest.mark.parametrize(
    ("text", "weeks"),
    [
        ("34 minggu", 34),
        ("34w", 34),
        ("uk 34", 34),
        ("tiga puluh empat minggu", 34),
        ("36", 36),
        ("3 bulan", None),
        ("99 minggu", None),
    ],
)
def test_weeks_of_pregnancy_are_read(text: str, weeks: int | None) -> None:
    assert read_weeks(text) == weeks
