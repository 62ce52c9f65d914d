"""FAMILY.yml: a household written down by hand, for the command line and for tests (design, section 4).

Whatever is wrong in the file ends in one FamilyFileError that names the field, never in a traceback: people script
against this, and a date that was silently misread would become a reminder on the wrong day.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from sapa.family.contraception import methods
from sapa.family.immunization import RecordError, check_child, forecast
from sapa.family.people import (
    Child,
    Contraception,
    Facility,
    Family,
    Measurement,
    Member,
    Postpartum,
    Posyandu,
    PosyanduSession,
    Pregnancy,
    QuietHours,
    Screening,
    Sex,
    VaccineProfile,
    Wedding,
)
from sapa.family.pregnancy import DateProblem, from_edd, from_lmp, visit_windows, visits
from sapa.family.reading.contraception import read_contraception
from sapa.family.regions import province_named, timezone_for, zone_named


class FamilyFileError(RecordError):
    """A FAMILY.yml that cannot be used. `field` is a path such as `children[0].doses.BCG`."""


@dataclass(frozen=True)
class FamilyFile:
    """What a FAMILY.yml holds, all of it in `family`.

    The four plain mappings keep the file's keys, with dates as `date` and None left out: what is over (a birth more
    than 42 days ago) is still there, but no longer part of the family.
    """

    family: Family
    pregnancy: Mapping[str, Any] = field(default_factory=dict)  # lmp | edd, anc: {K1: date}, next_visit_on, multiple
    postpartum: Mapping[str, Any] = field(default_factory=dict)  # birth_date, visits: {KF1: date}
    contraception: Mapping[str, Any] = field(default_factory=dict)  # method, last_date, return_on
    wedding: Mapping[str, Any] = field(default_factory=dict)  # date, screened_on, screening: {F: {...}, M: {...}}


# Keys of each mapping. In a child every other key is refused, for a misspelt `birth_weight_g` would give a small
# baby the automatic schedule. Elsewhere only what looks like a misspelling is refused.
_FILE_KEYS = (
    "now",
    "timezone",
    "province",
    "vaccine_profile",
    "je_region",
    "quiet_hours",
    "posyandu",
    "children",
    "pregnancy",
    "postpartum",
    "contraception",
    "wedding",
    "members",
)
_CHILD_KEYS = (
    "id",
    "name",
    "sex",
    "birth_date",
    "special_care",
    "birth_weight_g",
    "birth_weeks",
    "doses",
    "measurements",
)
_MEASUREMENT_KEYS = ("date", "weight_kg", "lenhei_cm", "measure")
_POSYANDU_KEYS = ("id", "name", "sessions", "facility")
_SESSION_KEYS = ("id", "date", "time", "place")
_PREGNANCY_KEYS = ("lmp", "edd", "anc", "next_visit_on", "multiple")
_POSTPARTUM_KEYS = ("birth_date", "visits")
_CONTRACEPTION_KEYS = ("method", "last_date", "return_on")
_WEDDING_KEYS = ("date", "screened_on", "screening")
_MEMBER_KEYS = ("name", "relation", "every_reminder")
_RELATIONS = ("ibu", "ayah", "nenek", "kakek", "lain", "calon_istri", "calon_suami")
_WOMEN = ("ibu", "calon_istri")

# L and P are what the KIA book prints.
_SEXES = {"m": Sex.MALE, "l": Sex.MALE, "f": Sex.FEMALE, "p": Sex.FEMALE}
_TRUTHS = {"true": True, "yes": True, "ya": True, "false": False, "no": False, "tidak": False}

_DATE_PROBLEMS = {
    DateProblem.FUTURE: "lies in the future",
    DateProblem.TOO_LONG_AGO: "lies too long ago for a pregnancy that goes on",
    DateProblem.PASSED: "has passed: is the child born? then write children and postpartum",
    DateProblem.TOO_FAR: "lies too far ahead for a due date",
    DateProblem.NO_SUCH_AGE: "is no age of a pregnancy",
}
# Days after the birth in which the mother is followed (content/facts/kehamilan.yml, postpartum_visits).
_NIFAS_DAYS = 42

# Outside these years no child is followed here, and sums of dates could leave the calendar.
_YEARS = range(1900, 2200)


def load_family(text: str, *, now: date | datetime | str | None = None, clock: datetime | None = None) -> FamilyFile:
    """Read a FAMILY.yml.

    The moment is `now` (the option --now) if given, else the file's `now`, else `clock`. A date means its first
    moment and a time without an offset is local, both in the family's timezone, which is the file's `timezone`
    (IANA name, or WIB, WITA, WIT), else the province's, else Asia/Jakarta. Raises FamilyFileError.
    """
    top = _parse(text)
    _refuse_misspelt("", top, _FILE_KEYS)
    province = _text("province", top.get("province"))
    timezone = _timezone(top.get("timezone"), province)
    family = Family(
        now=_moment(now, top.get("now"), clock, ZoneInfo(timezone)),
        timezone=timezone,
        province=province_named(province) or province,
        vaccine_profile=_profile(top.get("vaccine_profile")),
        je_region=_truth("je_region", top.get("je_region")),
        quiet_hours=_quiet_hours(top.get("quiet_hours")),
        posyandu=_posyandu(top.get("posyandu")),
    )
    # Everything dated comes last: its dates are judged by the family's own day.
    today = family.today
    children = tuple(_child(where, entry, today) for where, entry in _items("children", top.get("children")))
    members = tuple(_member(where, entry, n) for n, (where, entry) in enumerate(_items("members", top.get("members"))))
    woman = next((member.contact_id for member in members if member.relation in _WOMEN), "")
    pregnancy = _pregnancy(top.get("pregnancy"), today)
    postpartum = _postpartum(top.get("postpartum"), today)
    contraception = _contraception(top.get("contraception"), today)
    wedding = _wedding(top.get("wedding"), today)
    method = _method_in_use(contraception, today, woman)
    return FamilyFile(
        family=replace(
            family,
            children=children,
            members=members,
            pregnancy=_pregnancy_going_on(pregnancy, today, woman),
            postpartum=_weeks_after_birth(postpartum, today, woman),
            contraceptions=(method,) if method else (),
            wedding=_wedding_to_come(wedding, members),
        ),
        pregnancy=pregnancy,
        postpartum=postpartum,
        contraception=contraception,
        wedding=wedding,
    )


def immunization_report(family: Family, reasons: Mapping[str, str]) -> list[dict[str, Any]]:
    """The answer of `sapa immunization FAMILY.yml --json`: the children in file order, each with its doses.

    `reasons` turns a reason code into a sentence; a code without one is given as it is. Dates are ISO strings or None.
    """
    return [{"name": child.name, "doses": _dose_rows(child, family, reasons)} for child in family.children]


def _dose_rows(child: Child, family: Family, reasons: Mapping[str, str]) -> list[dict[str, Any]]:
    doses = forecast(
        child,
        family.today,
        profile=family.vaccine_profile,
        je_region=family.je_region,
        province=family.province,
    )
    return [
        {
            "dose": dose.dose,
            "status": dose.status.value,
            "earliest": _iso(dose.earliest),
            "due": _iso(dose.due),
            "latest": _iso(dose.latest),
            "given_on": _iso(dose.given_on),
            "reason": reasons.get(dose.reason.value, dose.reason.value) if dose.reason else None,
        }
        for dose in doses
    ]


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


# ------------------------------------------------------------------------------------------------- YAML


class _PlainLoader(yaml.SafeLoader):
    """YAML that reads every value but true, false and null as text. YAML 1.1 would make 600 of the time 10:00, drop
    the first zero of a phone number and crash on 2026-99-01; a key given twice would silently lose its first value."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [(key.value, key.start_mark) for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for index, (key, mark) in enumerate(keys):
            if key in [earlier for earlier, _ in keys[:index]]:
                raise FamilyFileError(str(key), f"given twice (line {mark.line + 1})")
        return super().construct_mapping(node, deep)


_PlainLoader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("merge", r"^(?:<<)$", "<"),
):
    _PlainLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


def _parse(text: str) -> Mapping[str, Any]:
    try:
        data = yaml.load(text, Loader=_PlainLoader)  # a SafeLoader: builds plain values alone
    except FamilyFileError:
        raise
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise FamilyFileError("file", f"not readable as YAML: {line}{error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise FamilyFileError("file", f"not readable as YAML: {type(error).__name__}") from None
    if data is None:
        raise FamilyFileError("file", "is empty")
    return _mapping("file", data)


# ------------------------------------------------------------------------------------------------- the parts


def _moment(option: object, written: object, clock: datetime | None, zone: ZoneInfo) -> datetime:
    chosen = next((value for value in (option, written, clock) if value is not None), None)
    if chosen is None:
        raise FamilyFileError("now", "missing")
    if isinstance(chosen, str):
        chosen = _parse_moment(chosen)
    elif isinstance(chosen, date) and not isinstance(chosen, datetime):
        chosen = datetime.combine(chosen, time())
    if not isinstance(chosen, datetime):
        raise FamilyFileError("now", f"{_shown(chosen)} is not a date or a time")
    if chosen.year not in _YEARS:
        raise FamilyFileError("now", f"the year {chosen.year} lies outside {_YEARS.start} to {_YEARS.stop - 1}")
    return chosen.replace(tzinfo=zone) if chosen.tzinfo is None else chosen.astimezone(zone)


def _parse_moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        raise FamilyFileError("now", f"{text!r} is not a date or a time") from None


def _timezone(value: object, province: str | None) -> str:
    if value is None:
        return timezone_for(province)
    name = zone_named(_text("timezone", value) or "")
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError):  # not there; not a name; a directory of the zone files
        raise FamilyFileError("timezone", f"unknown timezone {name!r}, e.g. Asia/Jakarta") from None


def _profile(value: object) -> VaccineProfile:
    if value is None:
        return VaccineProfile.PENTAVALEN
    try:
        return VaccineProfile(str(value).strip().lower())
    except ValueError:
        known = " or ".join(profile.value for profile in VaccineProfile)
        raise FamilyFileError("vaccine_profile", f"{_shown(value)} is not {known}") from None


def _quiet_hours(value: object) -> QuietHours:
    """Accepts "20:00-07:00", [20:00, 07:00], {start, end} and {from, to}."""
    where = "quiet_hours"
    if value is None:
        return QuietHours()
    if isinstance(value, str):
        value = re.split(r"\s*(?:-|–|s/d|sampai)\s*", value.strip())
    elif isinstance(value, dict):
        for start, end in (("start", "end"), ("from", "to")):
            if set(value) == {start, end}:
                value = [value[start], value[end]]
                break
    if not isinstance(value, list) or len(value) != 2:
        raise FamilyFileError(where, "must be like 20:00-07:00")
    return QuietHours(_time(where, value[0]), _time(where, value[1]))


def _posyandu(value: object) -> Posyandu | None:
    if value is None:
        return None
    entry = _mapping("posyandu", value)
    _refuse_misspelt("posyandu", entry, _POSYANDU_KEYS)
    facility = _mapping("posyandu.facility", entry["facility"]) if entry.get("facility") is not None else None
    return Posyandu(
        name=_text("posyandu.name", entry.get("name")) or "",
        sessions=tuple(_session(where, item) for where, item in _items("posyandu.sessions", entry.get("sessions"))),
        facility=_facility(facility) if facility else None,
        id=_text("posyandu.id", entry.get("id")) or "",
    )


def _facility(entry: Mapping[str, Any]) -> Facility:
    return Facility(
        name=_text("posyandu.facility.name", entry.get("name")) or "",
        phone=_text("posyandu.facility.phone", entry.get("phone")) or "",
    )


def _session(where: str, value: object) -> PosyanduSession:
    entry = _mapping(where, value)
    _refuse_misspelt(where, entry, _SESSION_KEYS)
    return PosyanduSession(
        date=_date(f"{where}.date", _needed(where, entry, "date")),
        time=_time(f"{where}.time", _needed(where, entry, "time")),
        place=_text(f"{where}.place", entry.get("place")) or "",
        id=_text(f"{where}.id", entry.get("id")) or "",
    )


def _child(where: str, value: object, today: date) -> Child:
    entry = _mapping(where, value)
    for key in entry:
        if key not in _CHILD_KEYS:
            raise FamilyFileError(f"{where}.{key}", f"unknown key; known are {', '.join(_CHILD_KEYS)}")
    birth = _date(f"{where}.birth_date", _needed(where, entry, "birth_date"))
    doses = _mapping(f"{where}.doses", entry.get("doses") or {})
    child = Child(
        name=_text(f"{where}.name", entry.get("name")) or "",
        birth_date=birth,
        sex=_sex(f"{where}.sex", entry.get("sex")),
        # An empty cell of a form that lists every dose means: not recorded.
        doses=MappingProxyType(
            {key: _date(f"{where}.doses.{key}", day) for key, day in doses.items() if day is not None}
        ),
        # Rounded down: 2,499.5 g is below 2,500 g, 36.9 weeks are 36 completed weeks.
        birth_weight_g=_whole(f"{where}.birth_weight_g", entry.get("birth_weight_g"), 200, 9000),
        birth_weeks=_whole(f"{where}.birth_weeks", entry.get("birth_weeks"), 20, 45),
        special_care=_truth(f"{where}.special_care", entry.get("special_care")),
        measurements=tuple(
            _measurement(place, item, birth, today)
            for place, item in _items(f"{where}.measurements", entry.get("measurements"))
        ),
        id=_text(f"{where}.id", entry.get("id")) or "",
    )
    try:
        check_child(child, today)
    except RecordError as error:
        raise FamilyFileError(f"{where}.{error.field}", error.problem) from None
    return child


def _measurement(where: str, value: object, birth: date, today: date) -> Measurement:
    entry = _mapping(where, value)
    _refuse_misspelt(where, entry, _MEASUREMENT_KEYS)
    day = _past(f"{where}.date", _needed(where, entry, "date"), today)
    if day < birth:
        raise FamilyFileError(f"{where}.date", f"{day} lies before the birth on {birth}")
    measure = (_text(f"{where}.measure", entry.get("measure")) or "").strip().upper()
    if measure not in ("", "L", "H"):
        raise FamilyFileError(f"{where}.measure", f"{measure!r} is not L (lying) or H (standing)")
    return Measurement(
        date=day,
        weight_kg=_number(f"{where}.weight_kg", entry.get("weight_kg"), 0.1, 200),
        lenhei_cm=_number(f"{where}.lenhei_cm", entry.get("lenhei_cm"), 10, 250),
        measure=measure,
    )


def _member(where: str, value: object, number: int) -> Member:
    entry = _mapping(where, value)
    _refuse_misspelt(where, entry, _MEMBER_KEYS)
    relation = _text(f"{where}.relation", entry.get("relation")) or ""
    if relation and relation not in _RELATIONS:
        raise FamilyFileError(f"{where}.relation", f"{relation!r} is not one of {', '.join(_RELATIONS)}")
    return Member(
        contact_id=f"member-{number + 1}",
        relation=relation,
        every_reminder=_truth(f"{where}.every_reminder", entry.get("every_reminder")),
        name=_text(f"{where}.name", entry.get("name")),
    )


def _pregnancy(value: object, today: date) -> Mapping[str, Any]:
    where = "pregnancy"
    if value is None:
        return {}
    entry = dict(_mapping(where, value))
    _refuse_misspelt(where, entry, _PREGNANCY_KEYS)
    seen = _visits(f"{where}.anc", entry.pop("anc", None), [visit.id for visit in visits()], today)
    multiple = entry.pop("multiple", None)
    result = dict(_events(where, entry, today, past=("lmp",), any_day=("edd", "next_visit_on")))
    if seen:
        result["anc"] = seen
    if multiple is not None:
        result["multiple"] = _truth(f"{where}.multiple", multiple)
    return MappingProxyType(result)


def _pregnancy_going_on(told: Mapping[str, Any], today: date, woman: str) -> Pregnancy | None:
    """Dated by the due date where there is one: it is what the KIA book says."""
    if not told:
        return None
    key = "edd" if "edd" in told else "lmp"
    day = _needed("pregnancy", told, key)
    dated = from_edd(told["edd"], today) if key == "edd" else from_lmp(told["lmp"], today)
    if isinstance(dated, DateProblem):
        raise FamilyFileError(f"pregnancy.{key}", f"{day} {_DATE_PROBLEMS[dated]}")
    anc = told.get("anc", {})
    for visit, on in anc.items():
        if on < dated.lmp:
            raise FamilyFileError(f"pregnancy.anc.{visit}", f"{on} lies before the pregnancy (since {dated.lmp})")
    return replace(
        dated,
        anc=anc,
        next_visit_on=told.get("next_visit_on"),
        multiple=told.get("multiple", False),
        contact_id=woman,
    )


def _postpartum(value: object, today: date) -> Mapping[str, Any]:
    where = "postpartum"
    if value is None:
        return {}
    entry = dict(_mapping(where, value))
    _refuse_misspelt(where, entry, _POSTPARTUM_KEYS)
    known = [visit for window in visit_windows(today) for visit in window.visits]
    seen = _visits(f"{where}.visits", entry.pop("visits", None), known, today)
    result = dict(_events(where, entry, today, past=("birth_date",)))
    if seen:
        result["visits"] = seen
    return MappingProxyType(result)


def _weeks_after_birth(told: Mapping[str, Any], today: date, woman: str) -> Postpartum | None:
    if not told:
        return None
    _needed("postpartum", told, "birth_date")
    birth, seen = told["birth_date"], told.get("visits", {})
    for visit, on in seen.items():
        if on < birth:
            raise FamilyFileError(f"postpartum.visits.{visit}", f"{on} lies before the birth on {birth}")
    if (today - birth).days > _NIFAS_DAYS:
        return None
    return Postpartum(birth, seen, contact_id=woman)


def _visits(where: str, value: object, known: Collection[str], today: date) -> Mapping[str, date]:
    entry = _mapping(where, value or {})
    for key in entry:
        if key not in known:
            raise FamilyFileError(f"{where}.{key}", f"unknown visit; known are {', '.join(known)}")
    # An empty cell of a form that lists every visit means: not recorded.
    return MappingProxyType({k: _past(f"{where}.{k}", day, today) for k, day in entry.items() if day is not None})


def _contraception(value: object, today: date) -> Mapping[str, Any]:
    return _events("contraception", value, today, past=("last_date",), any_day=("return_on",), texts=("method",))


def _method_in_use(told: Mapping[str, Any], today: date, woman: str) -> Contraception | None:
    if not told:
        return None
    written = str(_needed("contraception", told, "method"))
    by_name = {name.casefold(): name for name in methods()}
    method = by_name.get(re.sub(r"[\s-]+", "_", written.strip().casefold()))
    method = method or read_contraception(written, today).method
    if method is None:
        raise FamilyFileError("contraception.method", f"unknown method {written!r}; known are {', '.join(methods())}")
    return Contraception(method, told.get("last_date"), told.get("return_on"), contact_id=woman)


def _wedding(value: object, today: date) -> Mapping[str, Any]:
    where = "wedding"
    if value is None:
        return {}
    entry = dict(_mapping(where, value))
    _refuse_misspelt(where, entry, _WEDDING_KEYS)
    screening = entry.pop("screening", None)
    result = dict(_events(where, entry, today, past=("screened_on",), any_day=("date",)))
    if screening is not None:
        partners = _mapping(f"{where}.screening", screening)
        result["screening"] = {
            _sex(f"{where}.screening.{key}", key): _answers(f"{where}.screening.{key}", answers, today)
            for key, answers in partners.items()
        }
    return MappingProxyType(result)


# What a screening may hold, with how it is read; the limits are those of the unit, not of health.
_ANSWERS: Mapping[str, Callable[[str, object, date], Any]] = {
    "age_years": lambda where, value, _: _whole(where, value, 10, 100),
    "weight_kg": lambda where, value, _: _number(where, value, 20, 250),
    "height_cm": lambda where, value, _: _number(where, value, 100, 230),
    "lila_cm": lambda where, value, _: _number(where, value, 10, 60),
    "hb_g_dl": lambda where, value, _: _number(where, value, 3, 25),
    "hb_on": lambda where, value, today: _past(where, value, today).isoformat(),
    "smokes": lambda where, value, _: _truth(where, value),
    "smoke_at_home": lambda where, value, _: _truth(where, value),
    "td_status": lambda where, value, _: _td_status(where, value),
    "td_last_on": lambda where, value, today: _past(where, value, today).isoformat(),
}


def _answers(where: str, value: object, today: date) -> Mapping[str, Any]:
    answers: dict[str, Any] = {}
    for key, answer in _mapping(where, value or {}).items():
        if key not in _ANSWERS:
            raise FamilyFileError(f"{where}.{key}", f"unknown key; known are {', '.join(_ANSWERS)}")
        # Nothing written means: asked, and not known.
        answers[key] = None if answer is None else _ANSWERS[key](f"{where}.{key}", answer, today)
    return MappingProxyType(answers)


def _td_status(where: str, value: object) -> str:
    status = str(value).strip().upper()
    if re.fullmatch(r"T[0-5]", status) is None:
        raise FamilyFileError(where, f"{_shown(value)} is not T0 to T5")
    return status


def _wedding_to_come(told: Mapping[str, Any], members: Collection[Member]) -> Wedding | None:
    if not told:
        return None
    of = {Sex.FEMALE: "calon_istri", Sex.MALE: "calon_suami"}
    contacts = {sex: next((m.contact_id for m in members if m.relation == name), "") for sex, name in of.items()}
    screenings = told.get("screening", {})
    return Wedding(
        date=told.get("date"),
        screened_on=told.get("screened_on"),
        screenings=tuple(Screening(sex, answers, contacts[sex]) for sex, answers in sorted(screenings.items())),
        contact_id=contacts[Sex.FEMALE] or contacts[Sex.MALE],
    )


def _events(
    where: str,
    value: object,
    today: date,
    *,
    past: Collection[str] = (),
    any_day: Collection[str] = (),
    texts: Collection[str] = (),
) -> Mapping[str, Any]:
    """A mapping of dated events; `past` ones may not lie in the future. Keys of later use are kept as they are."""
    if value is None:
        return {}
    entry = _mapping(where, value)
    _refuse_misspelt(where, entry, (*past, *any_day, *texts))
    result: dict[str, Any] = {}
    for key, item in entry.items():
        place = f"{where}.{key}"
        if item is None:
            continue
        if key in past:
            result[key] = _past(place, item, today)
        elif key in any_day:
            result[key] = _date(place, item)
        else:
            result[key] = _text(place, item) if key in texts else item
    return MappingProxyType(result)


# ------------------------------------------------------------------------------------------------- single values


def _mapping(where: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise FamilyFileError(where, f"must be a mapping of keys and values, not {_shown(value)}")
    for key in value:
        if not isinstance(key, str):
            raise FamilyFileError(where, f"the key {_shown(key)} is not text")
    return value


def _items(where: str, value: object) -> Iterator[tuple[str, object]]:
    if value is not None and not isinstance(value, list):
        raise FamilyFileError(where, f"must be a list, not {_shown(value)}")
    for index, item in enumerate(value or []):
        yield f"{where}[{index}]", item


def _needed(where: str, entry: Mapping[str, Any], key: str) -> object:
    if entry.get(key) is None:
        raise FamilyFileError(f"{where}.{key}", "missing")
    return entry[key]


def _refuse_misspelt(where: str, entry: Mapping[str, Any], known: Collection[str]) -> None:
    for key in entry:
        alike = [] if key in known else difflib.get_close_matches(key.lower(), known, n=1, cutoff=0.8)
        if alike:
            raise FamilyFileError(f"{where}.{key}" if where else key, f"unknown key; did you mean {alike[0]}?")


def _text(where: str, value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise FamilyFileError(where, f"must be text, not {_shown(value)}")
    return value.strip()


def _date(where: str, value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):  # an explicit !!timestamp
        return value
    try:
        # fromisoformat alone would also take 20260105 and 2026-W01-1.
        if isinstance(value, str) and re.fullmatch(r"\s*\d{4}-\d{2}-\d{2}\s*", value, re.ASCII):
            return date.fromisoformat(value.strip())
    except ValueError:
        pass  # such as 2026-02-30: refused below in the same words
    raise FamilyFileError(where, f"{_shown(value)} is not a date (YYYY-MM-DD)")


def _past(where: str, value: object, today: date) -> date:
    day = _date(where, value)
    if day > today:
        raise FamilyFileError(where, f"{day} lies in the future (today is {today})")
    return day


def _time(where: str, value: object) -> time:
    """ "08:00", "8.00" (the Indonesian way) or "08:00:00"."""
    match = re.fullmatch(r"(\d{1,2})[:.](\d{2})(?::00)?", str(value).strip(), re.ASCII)
    if match and int(match[1]) < 24 and int(match[2]) < 60:
        return time(int(match[1]), int(match[2]))
    raise FamilyFileError(where, f"{_shown(value)} is not a time (HH:MM)")


def _sex(where: str, value: object) -> Sex | None:
    if value is None:
        return None
    sex = _SEXES.get(str(value).strip().lower())
    if sex is None:
        raise FamilyFileError(where, f"{_shown(value)} is not M (male) or F (female)")
    return sex


def _truth(where: str, value: object) -> bool:
    if value is None:
        return False
    truth = _TRUTHS.get(str(value).strip().lower())
    if truth is None:
        raise FamilyFileError(where, f"{_shown(value)} is not true or false")
    return truth


def _number(where: str, value: object, low: float, high: float) -> float | None:
    """A number within what the unit makes possible, so that kilograms are not taken for grams."""
    if value is None:
        return None
    # A decimal comma is how a weight is written in Indonesia.
    match = re.fullmatch(r"\s*(\d+)(?:[.,](\d+))?\s*", value, re.ASCII) if isinstance(value, str) else None
    if match is None:
        raise FamilyFileError(where, f"{_shown(value)} is not a number")
    number = float(f"{match[1]}.{match[2] or 0}")
    if not low <= number <= high:
        raise FamilyFileError(where, f"{_shown(value)} lies outside {low} to {high}")
    return number


def _whole(where: str, value: object, low: int, high: int) -> int | None:
    number = _number(where, value, low, high)
    return None if number is None else math.floor(number)


def _shown(value: object) -> str:
    """A value for a message: short, and never the representation of a whole tree."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = str(value)
    return text if len(text) <= 40 else text[:40] + "..."
