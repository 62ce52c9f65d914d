"""FAMILY.yml as people write it: what is read, what is refused, and the report that is printed."""

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sapa.family.people import (
    Contraception,
    Member,
    Postpartum,
    Pregnancy,
    QuietHours,
    Screening,
    Sex,
    VaccineProfile,
    Wedding,
)
from sapa.services.family_file import FamilyFile, FamilyFileError, immunization_report, load_family

ROOT = Path(__file__).resolve().parents[2]
FAMILIES = ROOT / "tests" / "data" / "families"
REASONS = yaml.safe_load((ROOT / "content" / "id" / "kata" / "alasan-imunisasi.yml").read_text("utf-8"))
NOW = "now: 2026-11-22T08:00:00+07:00\n"


def child_of(lines: str) -> Any:
    """The one child of a family file that holds these flow-style keys."""
    return load_family(f"{NOW}children: [{{{lines}}}]").family.children[0]


# --------------------------------------------------------------------------------------------- a whole file


def test_every_key_of_the_design_is_read() -> None:
    loaded = load_family(
        """
now: 2026-11-22T08:00:00+08:00
timezone: Asia/Makassar
province: NTT
vaccine_profile: heksavalen
je_region: true
quiet_hours: "21:00-06:30"
posyandu:
  name: Kenanga
  facility: {name: Puskesmas Oebobo, phone: 0380821000}
  sessions:
    - {date: 2026-12-09, time: 08:30, place: Balai Desa}
    - {date: 2027-01-13, time: 10:00, place: Balai Desa}
children:
  - name: Yosef
    sex: M
    birth_date: 2026-03-05
    special_care: false
    birth_weight_g: 2900
    birth_weeks: 38
    doses: {HB0: 2026-03-05, BCG: 2026-04-08}
    measurements:
      - {date: 2026-11-11, weight_kg: 7.9, lenhei_cm: 68.5, measure: L}
pregnancy: {lmp: 2026-06-01, anc: {K1: 2026-07-20, K2: }}
postpartum: {birth_date: 2026-03-05}
contraception: {method: suntik-3-bulan, last_date: 2026-10-01}
wedding: {date: 2027-02-14, screened_on: 2026-11-01}
"""
    )
    family = loaded.family
    assert family.now == datetime(2026, 11, 22, 0, 0, tzinfo=UTC)
    assert (family.timezone, family.province) == ("Asia/Makassar", "Nusa Tenggara Timur")
    assert (family.vaccine_profile, family.je_region) == (VaccineProfile.HEKSAVALEN, True)
    assert family.quiet_hours == QuietHours(time(21, 0), time(6, 30))
    assert family.posyandu and family.posyandu.name == "Kenanga"
    assert [session.time for session in family.posyandu.sessions] == [time(8, 30), time(10, 0)]
    assert family.posyandu.facility and family.posyandu.facility.phone == "0380821000"
    child = family.children[0]
    assert (child.name, child.sex, child.birth_date) == ("Yosef", Sex.MALE, date(2026, 3, 5))
    assert (child.birth_weight_g, child.birth_weeks, child.special_care) == (2900, 38, False)
    assert child.doses == {"HB0": date(2026, 3, 5), "BCG": date(2026, 4, 8)}
    assert (child.measurements[0].weight_kg, child.measurements[0].measure) == (7.9, "L")
    assert loaded.pregnancy == {"lmp": date(2026, 6, 1), "anc": {"K1": date(2026, 7, 20)}}
    assert loaded.postpartum == {"birth_date": date(2026, 3, 5)}
    assert loaded.contraception == {"method": "suntik-3-bulan", "last_date": date(2026, 10, 1)}
    assert loaded.wedding == {"date": date(2027, 2, 14), "screened_on": date(2026, 11, 1)}
    assert family.pregnancy == Pregnancy(date(2026, 6, 1), date(2027, 3, 8), anc={"K1": date(2026, 7, 20)})
    assert family.postpartum is None  # born on 5 March: 42 days were over on 16 April
    assert family.contraceptions == (Contraception("suntik_3_bulan", date(2026, 10, 1)),)
    assert family.wedding == Wedding(date(2027, 2, 14), date(2026, 11, 1))


def test_a_file_may_hold_nothing_but_the_moment() -> None:
    loaded = load_family("now: 2026-11-22")
    assert loaded.family.timezone == "Asia/Jakarta"
    assert loaded.family.quiet_hours == QuietHours(time(20, 0), time(7, 0))
    assert (loaded.family.children, loaded.family.posyandu, loaded.pregnancy) == ((), None, {})


@pytest.mark.parametrize("path", sorted(FAMILIES.glob("*.yml")), ids=lambda path: path.stem)
def test_the_sample_families_can_be_read(path: Path) -> None:
    family = load_family(path.read_text("utf-8")).family
    assert family.children or family.pregnancy or family.wedding


@pytest.mark.parametrize(("name", "label"), [("wib", "+07:00"), ("wita", "+08:00"), ("wit", "+09:00")])
def test_the_sample_families_of_the_three_zones_have_two_years_of_sessions(name: str, label: str) -> None:
    family = load_family((FAMILIES / f"{name}.yml").read_text("utf-8")).family
    assert family.now.isoformat() == f"2026-11-22T08:00:00{label}"
    assert family.posyandu and len(family.posyandu.sessions) == 24
    months = [session.date.year * 12 + session.date.month for session in family.posyandu.sessions]
    assert months == list(range(months[0], months[0] + 24))


# --------------------------------------------------------------------------------------------- the moment


MOMENTS = [
    # (written in the file, --now, expected in UTC); the file's zone is WIT = UTC+9
    ("2026-11-22", None, datetime(2026, 11, 21, 15, tzinfo=UTC)),
    ("2026-11-22T08:00:00", None, datetime(2026, 11, 21, 23, tzinfo=UTC)),
    ("2026-11-22 08:00", None, datetime(2026, 11, 21, 23, tzinfo=UTC)),
    ("2026-11-22T08:00:00+07:00", None, datetime(2026, 11, 22, 1, tzinfo=UTC)),
    ("2026-11-22T01:00:00Z", None, datetime(2026, 11, 22, 1, tzinfo=UTC)),
    ("'2026-11-22'", None, datetime(2026, 11, 21, 15, tzinfo=UTC)),
    ("2020-01-01", "2026-11-22", datetime(2026, 11, 21, 15, tzinfo=UTC)),
    ("2020-01-01", date(2026, 11, 22), datetime(2026, 11, 21, 15, tzinfo=UTC)),
    ("2020-01-01", datetime(2026, 11, 22, 8), datetime(2026, 11, 21, 23, tzinfo=UTC)),
    ("2020-01-01", datetime(2026, 11, 22, 8, tzinfo=UTC), datetime(2026, 11, 22, 8, tzinfo=UTC)),
    ("nonsense", "2026-11-22", datetime(2026, 11, 21, 15, tzinfo=UTC)),  # the option wins before the file is judged
]


@pytest.mark.parametrize(("written", "option", "expected"), MOMENTS)
def test_the_option_beats_the_file_and_a_moment_without_offset_is_local(
    written: str, option: Any, expected: datetime
) -> None:
    family = load_family(f"now: {written}\ntimezone: WIT", now=option).family
    assert family.now == expected and family.now.tzinfo is not None


def test_the_clock_is_the_last_resort() -> None:
    clock = datetime(2026, 11, 22, 20, tzinfo=UTC)
    assert load_family("timezone: WIT", clock=clock).family.today == date(2026, 11, 23)  # 05:00 in Jayapura
    assert load_family("now: 2026-01-01", clock=clock).family.today == date(2026, 1, 1)
    with pytest.raises(FamilyFileError, match="now: missing"):
        load_family("timezone: WIT")


def test_the_family_lives_its_own_day() -> None:
    # 16:30 UTC is 23:30 in Jakarta and 01:30 of the next day in Jayapura.
    late = "now: 2026-11-22T16:30:00Z\nchildren: [{name: A, birth_date: 2026-11-23}]\ntimezone: "
    assert load_family(late + "Asia/Jayapura").family.today == date(2026, 11, 23)
    with pytest.raises(FamilyFileError, match="lies in the future"):
        load_family(late + "Asia/Jakarta")


@pytest.mark.parametrize(
    ("keys", "zone"),
    [
        ("province: Papua", "Asia/Jayapura"),
        ("province: NTT", "Asia/Makassar"),
        ("province: Atlantis", "Asia/Jakarta"),
        ("", "Asia/Jakarta"),
        ("timezone: WITA", "Asia/Makassar"),
        ("timezone: Asia/Makassar\nprovince: Papua", "Asia/Makassar"),  # what is said beats what is guessed
    ],
)
def test_the_timezone_is_the_one_said_or_the_provinces_or_jakartas(keys: str, zone: str) -> None:
    assert load_family(f"now: 2026-11-22\n{keys}").family.timezone == zone


# --------------------------------------------------------------------------------------------- ways of writing


@pytest.mark.parametrize(
    "written",
    ['"20:30-06:00"', "20:30 - 06:00", "[20:30, 06:00]", "[20.30, 06.00]", "{start: 20:30, end: 06:00}"]
    + ["{from: 20:30, to: 06:00}", '["20:30", "6:00"]'],
)
def test_quiet_hours_may_be_written_in_several_ways(written: str) -> None:
    assert load_family(f"{NOW}quiet_hours: {written}").family.quiet_hours == QuietHours(time(20, 30), time(6, 0))


@pytest.mark.parametrize(
    ("written", "sex"),
    [("M", Sex.MALE), ("L", Sex.MALE), ("l", Sex.MALE), ("F", Sex.FEMALE), ("P", Sex.FEMALE), ("~", None)],
)
def test_sex_is_written_as_m_and_f_or_as_the_kia_book_has_it(written: str, sex: Sex | None) -> None:
    assert child_of(f"birth_date: 2026-09-01, sex: {written}").sex is sex


def test_dates_may_be_quoted_and_an_empty_dose_is_not_recorded() -> None:
    child = child_of("birth_date: '2026-09-01', doses: {HB0: \"2026-09-02\", BCG: !!timestamp 2026-10-01, OPV1: }")
    assert child.doses == {"HB0": date(2026, 9, 2), "BCG": date(2026, 10, 1)}


@pytest.mark.parametrize(
    ("written", "truth"), [("true", True), ("yes", True), ("ya", True), ("no", False), ("", False)]
)
def test_special_care_is_a_yes_or_a_no(written: str, truth: bool) -> None:
    assert child_of(f"birth_date: 2026-09-01, special_care: {written}").special_care is truth


def test_weight_and_weeks_are_rounded_down_so_that_a_small_baby_stays_small() -> None:
    child = child_of("birth_date: 2026-09-01, birth_weight_g: 2499.9, birth_weeks: '36.9'")
    assert (child.birth_weight_g, child.birth_weeks) == (2499, 36)
    child = child_of("birth_date: 2026-09-01, measurements: [{date: 2026-10-01, weight_kg: '4,25'}]")
    assert child.measurements[0].weight_kg == 4.25


def test_a_name_that_looks_like_something_else_stays_a_name() -> None:
    assert child_of("birth_date: 2026-09-01, name: No").name == "No"
    assert child_of("birth_date: 2026-09-01, name: 12").name == "12"


# --------------------------------------------------------------------------------------------- the journeys


@pytest.mark.parametrize(
    ("written", "lmp", "edd", "dated_by"),
    [
        ("{lmp: 2026-06-01}", date(2026, 6, 1), date(2027, 3, 8), "hpht"),  # + 280 days
        ("{edd: 2027-03-08}", date(2026, 6, 1), date(2027, 3, 8), "hpl"),
        # The due date is what the KIA book says: it wins.
        ("{lmp: 2026-06-01, edd: 2027-03-15}", date(2026, 6, 8), date(2027, 3, 15), "hpl"),
    ],
)
def test_a_pregnancy_is_dated_by_its_last_period_or_its_due_date(
    written: str, lmp: date, edd: date, dated_by: str
) -> None:
    assert load_family(f"{NOW}pregnancy: {written}").family.pregnancy == Pregnancy(lmp, edd, dated_by)


def test_a_pregnancy_may_tell_its_visits_the_bidans_date_and_that_there_are_two() -> None:
    text = NOW + "pregnancy: {lmp: 2026-06-01, anc: {K1: 2026-07-20}, next_visit_on: 2026-12-03, multiple: ya}"
    assert load_family(text).family.pregnancy == Pregnancy(
        date(2026, 6, 1),
        date(2027, 3, 8),
        anc={"K1": date(2026, 7, 20)},
        next_visit_on=date(2026, 12, 3),
        multiple=True,
    )


@pytest.mark.parametrize(
    ("born", "there"),
    [
        ("2026-10-11", True),  # 42 days before 22 November
        ("2026-10-10", False),
    ],
)
def test_the_weeks_after_a_birth_are_42_days(born: str, there: bool) -> None:
    loaded = load_family(f"{NOW}postpartum: {{birth_date: {born}, visits: {{KF1: {born}, KN1: }}}}")
    birth = date.fromisoformat(born)
    assert loaded.family.postpartum == (Postpartum(birth, {"KF1": birth}) if there else None)
    assert loaded.postpartum["birth_date"] == birth


@pytest.mark.parametrize(
    ("written", "method"),
    [
        ("suntik_3_bulan", "suntik_3_bulan"),
        ("suntik-3-bulan", "suntik_3_bulan"),
        ("Suntik 3 Bulan", "suntik_3_bulan"),
        ("IUD", "iud"),
        ("spiral", "iud"),
        ("susuk", "implan"),
        ("mal", "MAL"),
    ],
)
def test_a_method_is_written_by_its_id_or_as_people_say_it(written: str, method: str) -> None:
    text = f"{NOW}contraception: {{method: {written}, last_date: 2026-10-01, return_on: 2026-12-24}}"
    assert load_family(text).family.contraceptions == (Contraception(method, date(2026, 10, 1), date(2026, 12, 24)),)


def test_a_screening_keeps_what_is_not_known_apart_from_what_was_not_asked() -> None:
    answers = "{age_years: 23, hb_g_dl: , smokes: tidak, td_status: t2, td_last_on: 2026-08-01, lila_cm: '22,8'}"
    text = f"{NOW}wedding: {{date: 2027-02-14, screened_on: 2026-11-01, screening: {{P: {answers}}}}}"
    wedding = load_family(text).family.wedding
    assert wedding and wedding.screenings == (
        Screening(
            Sex.FEMALE,
            {
                "age_years": 23,
                "hb_g_dl": None,
                "smokes": False,
                "td_status": "T2",
                "td_last_on": "2026-08-01",
                "lila_cm": 22.8,
            },
        ),
    )


def test_members_have_what_is_their_own() -> None:
    family = load_family(
        NOW
        + """
members: [{relation: ayah, name: Joko}, {relation: ibu, every_reminder: true}]
pregnancy: {lmp: 2026-06-01}
contraception: {method: pil}
"""
    ).family
    assert family.members == (Member("member-1", "ayah", False, "Joko"), Member("member-2", "ibu", True))
    assert family.pregnancy and family.pregnancy.contact_id == "member-2"
    assert family.contraceptions[0].contact_id == "member-2"


# --------------------------------------------------------------------------------------------- rule 9: refusals

REFUSED = [
    # (file, field, words of the message)
    ("", "file", "is empty"),
    ("children: [", "file", "not readable as YAML: line 1"),
    ("\tchildren: []", "file", "not readable"),
    ("\x00", "file", "not readable"),
    ("[" * 3000, "file", "not readable"),
    ("- a\n- b", "file", "must be a mapping"),
    ("just text", "file", "must be a mapping"),
    ("children: !!python/object/apply:os.getcwd []", "file", "not readable"),
    (NOW + "1: x\nchildren: {}", "children", "must be a list"),
    (NOW + "children: [Aisyah]", "children[0]", "must be a mapping"),
    (NOW + "children: &a [*a]", "children[0]", "must be a mapping"),
    (NOW + "childern: []", "childern", "did you mean children"),
    (NOW + "now: 2026-11-23", "now", "given twice (line 2)"),
    ("now: yesterday", "now", "'yesterday' is not a date or a time"),
    ("now: 2026-13-01", "now", "'2026-13-01' is not a date or a time"),
    ("now: [2026]", "now", "a list is not a date"),
    ("now: 0001-01-01", "now", "lies outside 1900 to 2199"),
    ("now: 9999-12-31T23:59:59Z", "now", "lies outside 1900 to 2199"),
    (NOW + "timezone: Asia/Bandung", "timezone", "unknown timezone 'Asia/Bandung'"),
    (NOW + "timezone: Asia", "timezone", "unknown timezone"),
    (NOW + "timezone: ../../etc/passwd", "timezone", "unknown timezone"),
    (NOW + "timezone: ''", "timezone", "unknown timezone"),
    (NOW + "timezone: [WIB]", "timezone", "must be text"),
    (NOW + "province: {a: b}", "province", "must be text"),
    (NOW + "vaccine_profile: heptavalen", "vaccine_profile", "is not pentavalen or heksavalen"),
    (NOW + "je_region: maybe", "je_region", "maybe is not true or false"),
    (NOW + "quiet_hours: 20:00", "quiet_hours", "must be like 20:00-07:00"),
    (NOW + "quiet_hours: 20:00-25:00", "quiet_hours", "25:00 is not a time"),
    (NOW + "quiet_hours: {start: 20:00}", "quiet_hours", "must be like"),
    (NOW + "posyandu: Melati", "posyandu", "must be a mapping"),
    (NOW + "posyandu: {name: Melati, session: []}", "posyandu.session", "did you mean sessions"),
    (NOW + "posyandu: {sessions: [{time: 08:00}]}", "posyandu.sessions[0].date", "missing"),
    (NOW + "posyandu: {sessions: [{date: 2026-02-30, time: 08:00}]}", "posyandu.sessions[0].date", "is not a date"),
    (NOW + "posyandu: {sessions: [{date: 2026-12-01}]}", "posyandu.sessions[0].time", "missing"),
    (NOW + "posyandu: {sessions: [{date: 2026-12-01, time: pagi}]}", "posyandu.sessions[0].time", "is not a time"),
    (NOW + "children: [{name: A}]", "children[0].birth_date", "missing"),
    (NOW + "children: [{name: A, birth_date: }]", "children[0].birth_date", "missing"),
    (NOW + "children: [{birth_date: 2026-11-23}]", "children[0].birth_date", "lies in the future"),
    (NOW + "children: [{birth_date: 2026-02-29}]", "children[0].birth_date", "2026-02-29 is not a date"),
    (NOW + "children: [{birth_date: 20260901}]", "children[0].birth_date", "20260901 is not a date"),
    (NOW + "children: [{birth_date: 01-09-2026}]", "children[0].birth_date", "is not a date"),
    (NOW + "children: [{birth_date: true}]", "children[0].birth_date", "is not a date"),
    (NOW + "children: [{birth_date: 2026-09-01, sex: X}]", "children[0].sex", "X is not M (male) or F (female)"),
    (NOW + "children: [{birth_date: 2026-09-01, birth_wieght_g: 2000}]", "children[0].birth_wieght_g", "unknown key"),
    (NOW + "children: [{birth_date: 2026-09-01, birth_weight_g: 2.4}]", "children[0].birth_weight_g", "lies outside"),
    (NOW + "children: [{birth_date: 2026-09-01, birth_weight_g: kecil}]", "children[0].birth_weight_g", "not a number"),
    (NOW + "children: [{birth_date: 2026-09-01, birth_weeks: .nan}]", "children[0].birth_weeks", "is not a number"),
    (NOW + "children: [{birth_date: 2026-09-01, special_care: 2}]", "children[0].special_care", "not true or false"),
    (NOW + "children: [{birth_date: 2026-09-01, doses: [BCG]}]", "children[0].doses", "must be a mapping"),
    (NOW + "children: [{birth_date: 2026-09-01, doses: {BCG: 2026-99-01}}]", "children[0].doses.BCG", "2026-99-01 is"),
    (
        NOW + "children: [{birth_date: 2026-09-01, doses: {BCX: 2026-10-01}}]",
        "children[0].doses.BCX",
        "unknown dose id",
    ),
    (NOW + "children: [{birth_date: 2026-09-01, doses: {BCG: 2026-11-23}}]", "children[0].doses.BCG", "the future"),
    (
        NOW + "children: [{birth_date: 2026-09-01, doses: {BCG: 2026-08-31}}]",
        "children[0].doses.BCG",
        "before the birth",
    ),
    (
        NOW + "children: [{birth_date: 2026-09-01}, {birth_date: 2026-09-01, doses: {BCG: soon}}]",
        "children[1].doses.BCG",
        "soon is not a date",
    ),
    (
        NOW + "children: [{birth_date: 2026-09-01, measurements: [{date: 2026-11-30, weight_kg: 5}]}]",
        "children[0].measurements[0].date",
        "lies in the future",
    ),
    (
        NOW + "children: [{birth_date: 2026-09-01, measurements: [{date: 2026-10-30, measure: S}]}]",
        "children[0].measurements[0].measure",
        "is not L (lying) or H (standing)",
    ),
    (NOW + "pregnancy: {lmp: 2026-12-01}", "pregnancy.lmp", "lies in the future"),
    (NOW + "pregnancy: {edd: soon}", "pregnancy.edd", "is not a date"),
    (NOW + "pregnancy: {lmp: 2026-06-01, anc: {K1: 2027-01-01}}", "pregnancy.anc.K1", "lies in the future"),
    (NOW + "pregnancy: {lpm: 2026-06-01, ldm: 2026-06-01, andc: {}}", "pregnancy.andc", "did you mean anc"),
    (NOW + "postpartum: {birth_date: 2026-11-30}", "postpartum.birth_date", "lies in the future"),
    (NOW + "contraception: {method: pil, last_date: 2026-11-30}", "contraception.last_date", "lies in the future"),
    (NOW + "pregnancy: {lmp: 2025-06-01}", "pregnancy.lmp", "lies too long ago"),
    (NOW + "pregnancy: {edd: 2026-10-01}", "pregnancy.edd", "has passed: is the child born?"),
    (NOW + "pregnancy: {edd: 2027-12-01}", "pregnancy.edd", "lies too far ahead"),
    (NOW + "pregnancy: {anc: {K1: 2026-07-20}}", "pregnancy.lmp", "missing"),
    (NOW + "pregnancy: {lmp: 2026-06-01, anc: {K7: 2026-07-20}}", "pregnancy.anc.K7", "known are K1, K2"),
    (NOW + "pregnancy: {lmp: 2026-06-01, anc: {K1: 2026-05-20}}", "pregnancy.anc.K1", "lies before the pregnancy"),
    (NOW + "pregnancy: {lmp: 2026-06-01, anc: [K1]}", "pregnancy.anc", "must be a mapping"),
    (NOW + "postpartum: {visits: {KF1: 2026-11-20}}", "postpartum.birth_date", "missing"),
    (NOW + "postpartum: {birth_date: 2026-11-19, visits: {KF9: 2026-11-20}}", "postpartum.visits.KF9", "unknown visit"),
    (
        NOW + "postpartum: {birth_date: 2026-11-19, visits: {KF1: 2026-11-18}}",
        "postpartum.visits.KF1",
        "lies before the birth",
    ),
    (NOW + "contraception: {last_date: 2026-10-01}", "contraception.method", "missing"),
    (NOW + "contraception: {method: ramuan}", "contraception.method", "unknown method 'ramuan'; known are"),
    (NOW + "wedding: {screening: {X: {}}}", "wedding.screening.X", "is not M (male) or F (female)"),
    (NOW + "wedding: {screening: {F: {hb: 11}}}", "wedding.screening.F.hb", "unknown key; known are age_years"),
    (NOW + "wedding: {screening: {F: {hb_g_dl: 112}}}", "wedding.screening.F.hb_g_dl", "lies outside"),
    (NOW + "wedding: {screening: {F: {td_status: T9}}}", "wedding.screening.F.td_status", "is not T0 to T5"),
    (NOW + "wedding: {screened_on: 2026-12-01}", "wedding.screened_on", "lies in the future"),
    (NOW + "members: {ibu: 1}", "members", "must be a list"),
    (NOW + "members: [{relation: tetangga}]", "members[0].relation", "is not one of ibu, ayah"),
    (NOW + "wedding: {date: 2026-02-30}", "wedding.date", "is not a date"),
    (NOW + "wedding: 2027-02-14", "wedding", "must be a mapping"),
]


@pytest.mark.parametrize(("text", "field", "words"), REFUSED, ids=[f"{row[1]} {row[2]}" for row in REFUSED])
def test_a_file_that_cannot_be_used_is_refused_and_the_field_is_named(text: str, field: str, words: str) -> None:
    with pytest.raises(FamilyFileError) as refused:
        load_family(text)
    assert refused.value.field == field
    assert words in str(refused.value)
    assert str(refused.value).startswith(f"{field}: ") and "\n" not in str(refused.value)


@given(st.text(alphabet="abc:{}[]-&*!|>'\"\n\t #0123456789~<%@", max_size=60))
def test_no_text_ends_in_a_traceback(text: str) -> None:
    try:
        assert isinstance(load_family(NOW + text), FamilyFile)
    except FamilyFileError as error:
        assert error.field and error.problem


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.dates()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)
KEYS = st.sampled_from(
    ["now", "timezone", "province", "vaccine_profile", "je_region", "quiet_hours", "posyandu", "children"]
    + ["pregnancy", "postpartum", "contraception", "wedding", "members"]
)
CHILD_KEYS = st.sampled_from(
    ["name", "sex", "birth_date", "special_care", "birth_weight_g", "birth_weeks", "doses", "measurements"]
)


JOURNEY_KEYS = st.sampled_from(
    ["lmp", "edd", "anc", "next_visit_on", "birth_date", "visits", "method", "last_date", "date", "screening", "F"]
)
JOURNEYS = st.dictionaries(
    st.sampled_from(["pregnancy", "postpartum", "contraception", "wedding"]),
    st.dictionaries(JOURNEY_KEYS, VALUES | st.dictionaries(JOURNEY_KEYS, VALUES, max_size=2), max_size=3),
    max_size=2,
)


@given(JOURNEYS)
def test_no_journey_of_a_wrong_shape_ends_in_a_traceback(top: dict[str, Any]) -> None:
    try:
        load_family(yaml.safe_dump({"now": date(2026, 11, 22), **top}))
    except FamilyFileError as error:
        assert error.field and error.problem


@given(st.dictionaries(KEYS, VALUES, max_size=4), st.dictionaries(CHILD_KEYS, VALUES, max_size=4))
def test_no_value_of_a_wrong_type_ends_in_a_traceback(top: dict[str, Any], child: dict[str, Any]) -> None:
    text = yaml.safe_dump({"now": date(2026, 11, 22), **top, "children": [{"birth_date": date(2026, 9, 1), **child}]})
    try:
        immunization_report(load_family(text).family, REASONS)
    except FamilyFileError as error:
        assert error.field and error.problem


# --------------------------------------------------------------------------------------------- the report


def report(name: str) -> list[dict[str, Any]]:
    return immunization_report(load_family((FAMILIES / f"{name}.yml").read_text("utf-8")).family, REASONS)


def test_the_report_has_exactly_the_keys_of_the_contract() -> None:
    for name in ("newborn", "late-starter-8-months", "preterm"):
        for child in report(name):
            assert list(child) == ["name", "doses"]
            for dose in child["doses"]:
                assert list(dose) == ["dose", "status", "earliest", "due", "latest", "given_on", "reason"]


def test_the_report_of_a_newborn() -> None:
    doses = {dose["dose"]: dose for dose in report("newborn")[0]["doses"]}
    assert doses["HB0"] == {
        "dose": "HB0",
        "status": "due",
        "earliest": "2026-11-22",
        "due": "2026-11-22",
        "latest": "2026-11-29",  # + 7 days
        "given_on": None,
        "reason": None,
    }
    assert doses["BCG"]["due"] == "2026-12-22"
    assert "JE1" not in doses and len(doses) == 20


def test_the_report_of_a_late_starter_tells_in_words_what_cannot_be_dated() -> None:
    doses = {dose["dose"]: dose for dose in report("late-starter-8-months")[0]["doses"]}
    assert doses["HB0"] | {"given_on": "2026-03-22", "status": "done", "reason": None} == doses["HB0"]
    assert doses["RV1"]["status"] == "ask" and "tanyakan petugas" in doses["RV1"]["reason"]
    assert doses["DPTHBHIB1"]["status"] == "overdue"
    assert doses["DPTHBHIB2"]["earliest"] == "2026-12-20"  # 22 Nov + 28 days


def test_the_report_of_a_preterm_child_leaves_its_sister_or_brother_alone() -> None:
    preterm, elder = report("preterm")
    assert (preterm["name"], elder["name"]) == ("Citra", "Dimas")
    assert {dose["status"] for dose in preterm["doses"]} == {"done", "ask"}
    statuses = {dose["dose"]: dose["status"] for dose in elder["doses"]}
    assert statuses.pop("DPTHBHIB4") == statuses.pop("MR2") == "overdue"  # due 5 Jul 2026
    assert set(statuses.values()) == {"done"}


def test_an_odd_record_stays_done_and_says_that_a_health_worker_should_look() -> None:
    text = NOW + "children: [{name: A, birth_date: 2026-09-01, doses: {DPTHBHIB1: 2026-10-01}}]"  # 30 days old
    doses = {dose["dose"]: dose for dose in immunization_report(load_family(text).family, REASONS)[0]["doses"]}
    assert doses["DPTHBHIB1"]["status"] == "done" and doses["DPTHBHIB1"]["given_on"] == "2026-10-01"
    assert "petugas perlu memeriksa" in doses["DPTHBHIB1"]["reason"]
    assert doses["DPTHBHIB2"]["status"] == "ask"


def test_a_code_without_a_sentence_is_given_as_it_is() -> None:
    text = NOW + "children: [{name: A, birth_date: 2026-09-01}]"
    assert immunization_report(load_family(text).family, {})[0]["doses"][0]["reason"] == "hb0_after_day_7"


def test_a_family_without_children_has_an_empty_report() -> None:
    assert immunization_report(load_family(NOW).family, REASONS) == []
