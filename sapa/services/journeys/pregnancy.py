"""The dialogue "hamil": since when, how often she was seen, which posyandu; the reminders follow from that.

Any one way of dating will do (last period, due date, scan, weeks, months); what is only an estimate is said to be one.
Whoever is registered already hears the week and the due date, and may put them right.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sapa.family.people import Pregnancy
from sapa.family.pregnancy import (
    ESTIMATES,
    MONTHS,
    USG,
    DateProblem,
    anc_targets,
    better,
    from_edd,
    from_gestation,
    from_lmp,
    from_months,
    from_scan,
    gestational_week,
    months_range,
    redated,
    visit_named,
    visit_on,
    visits_by_count,
)
from sapa.family.reading.birth import is_birth_report, tells_of_newborn
from sapa.family.reading.child import POSYANDU as CHILD_POSYANDU
from sapa.family.reading.child import closest_posyandu, read_child_facts
from sapa.family.reading.dates import DateReading
from sapa.family.reading.pregnancy import (
    AGE,
    DATING,
    NOT_PREGNANT,
    OWN,
    SCAN_DATE,
    VISITS,
    WIFE,
    PregnancyReading,
    read_pregnancy,
)
from sapa.family.reading.words import is_unknown, looks_like_question, normalize, read_yes_no, words_of
from sapa.messaging.loss import is_elsewhere, is_not_now, speaks_of_loss, sure_loss
from sapa.messaging.text import words as word_list
from sapa.services import places
from sapa.services.consents import PREGNANCY_CARE
from sapa.services.journeys.contract import Heard, Question, Scene
from sapa.services.kb_recording import on_pregnancy
from sapa.services.records import Reply
from sapa.services.reminders import replan
from sapa.services.seats import lapse_pregnancy_seats

LABEL = "flow/daftar-hamil"
POSYANDU, KNOWN, CONFIRM, CHANGE = "posyandu", "known", "confirm", "change"
NO_POSYANDU = "-"
NOT_KNOWN = -1

# From this week on the visits made so far decide which reminders make sense, so they are asked for.
_VISITS_FROM_WEEK = 13
# The facts plan a pregnancy for 20 to 35 (healthy_pregnancy_planning): below, the bidan should know the age.
_YOUNG = 20
# A yes, a no or the name of a field is shorter than this; a longer question is somebody's question.
_SHORT = 6
_FORM = "dialog/daftar-hamil/"
_PROBLEMS = {
    DateProblem.FUTURE: "tanggal-belum-lewat",
    DateProblem.TOO_LONG_AGO: "haid-terlalu-lama",
    DateProblem.PASSED: "perkiraan-lahir-lewat",
    DateProblem.TOO_FAR: "perkiraan-lahir-jauh",
    DateProblem.NO_SUCH_AGE: "umur-tidak-mungkin",
}
_FIELDS = {
    DATING: word_list(
        "tanggal tanggalnya tgl haid haidnya hpht mens menstruasi hpl umur umurnya usia usianya minggu minggunya bulan"
        " bulannya perkiraan hitungan usg semua semuanya"
    ),
    POSYANDU: word_list("posyandu posyandunya posy"),
    VISITS: word_list("periksa periksanya pemeriksaan kontrol kontrolnya kunjungan"),
}
_DETAILS = ("lmp", "edd", "by")


class PregnancyJourney:
    """See the module. Its data: lmp, edd, by; visits, last_visit, next_visit; posyandu; whose; multiple; confirmed."""

    name = "hamil"
    purpose: str | None = PREGNANCY_CARE
    consent_text: str | None = "dialog/persetujuan/hamil"

    def opens(self, scene: Scene, text: str, label: str | None) -> bool:
        """By its label, or by a date nobody tells for any other reason ("HPHT saya 3 mei")."""
        if label == LABEL:
            return True
        if label is not None and label not in {"hamil/usia-hpl", "inform"}:
            return False
        reading = read_pregnancy(text, scene.received_on)
        if label is None and scene.family.pregnancy is None and _tells_much(text, reading):
            return True
        marked = normalize(text) != reading.lmp.matched and (reading.lmp.usable or reading.edd.usable)
        return marked and not looks_like_question(text) and any(w in normalize(text) for w in ("hpht", "hpl", "haid"))

    def begin(self, scene: Scene) -> Heard:
        """A pregnancy on record is shown and may be corrected."""
        known = scene.family.pregnancy
        data: dict[str, Any] = {}
        contact = scene.tx.contact(scene.contact_id)
        if known is not None:
            data |= {"id": known.id, **_dating(known), "multiple": known.multiple}
            data["whose"] = OWN if known.contact_id == scene.contact_id else WIFE
        elif contact is not None and getattr(contact, "relation", "") in {"ayah", "calon_suami"}:
            data["whose"] = WIFE
        return Heard(data)

    def hear(self, scene: Scene, text: str, data: Mapping[str, Any], asked: str | None) -> Heard:
        """Takes dates, ages, visits, posyandu, twins; at the summary also "benar", "ubah ..." and corrections."""
        today = scene.received_on
        reading = read_pregnancy(text, today, asked)
        if tells_of_loss(scene, text, sure=reading.dates):
            return Heard(data, notes=(Reply("dialog/duka"),), over="loss")
        if asked is not None and looks_like_question(text) and not _answers(text, reading):
            return Heard(data, understood=False)
        if asked is not None and (is_birth_report(text) or tells_of_newborn(text, today)):
            # "Sudah lahir kemarin" is no last period: the dialogue for a birth takes it.
            return Heard(data, understood=False)
        if not data.get("id") and not reading.dates and NOT_PREGNANT.search(normalize(text)):
            return Heard(data, notes=(Reply(f"{_FORM}belum-hamil"),), over="not-pregnant")
        now = dict(data)
        notes = _take_dating(now, reading, today, asked)
        _take_visits(now, reading, today, asked)
        _take_person(now, reading)
        take_posyandu(now, scene, text, asked, bare=True)
        if _lost_for_dates(now, reading, asked, today):
            return Heard(now, notes=(Reply(f"{_FORM}tanpa-tanggal", {"own": _own(now)}),), over="undated")
        if asked in {CONFIRM, KNOWN, CHANGE} and not notes:
            answer = _at_summary(now, data, text, asked)
            if answer is not None:
                return answer
        if now == dict(data) and not notes:
            hint = (reading.late or reading.tested) and "lmp" not in now
            return Heard(now, understood=hint, notes=(_just_found_out(now),) if hint else ())
        if (reading.late or reading.tested) and "lmp" not in now and not notes:
            notes = [_just_found_out(now)]
        now["changed"] = now.get("changed") or any(
            now.get(k) != data.get(k) for k in (*_DETAILS, "multiple", "next_visit")
        )
        return Heard(now, notes=tuple(notes))

    def ask(self, scene: Scene, data: Mapping[str, Any]) -> Question | None:
        """When, how often seen, where; then the summary."""
        own = _own(data)
        if data.get("scan") is not None:
            return Question(SCAN_DATE, Reply(f"{_FORM}tanya-tanggal-usg", {"own": own}))
        pregnancy = _pregnancy(data)
        if pregnancy is None:
            slot, text = (AGE, "tanya-umur") if data.get("forgot") else (DATING, "tanya-haid")
            return Question(slot, Reply(_FORM + text, {"own": own}))
        if data.get("asking_what"):
            return Question(CHANGE, Reply(f"{_FORM}ubah-apa"))
        if data.get("id") and not data.get("changed"):
            return Question(KNOWN, Reply(f"{_FORM}sudah-terdaftar", _summary(scene, data, pregnancy)))
        week = gestational_week(pregnancy, scene.family.today)
        if not data.get("id") and data.get("visits") is None and week >= _VISITS_FROM_WEEK:
            return Question(VISITS, Reply(f"{_FORM}tanya-periksa", {"own": own}))
        if wants_posyandu(scene, data):
            return Question(POSYANDU, which_posyandu(scene, data))
        if not data.get("confirmed"):
            return Question(CONFIRM, Reply(f"{_FORM}konfirmasi", _summary(scene, data, pregnancy)))
        return None

    def finish(self, scene: Scene, data: Mapping[str, Any]) -> tuple[Reply, ...]:
        """Write the pregnancy, its visits and the posyandu; a couple's wedding plan ends here."""
        tx, now, today = scene.tx, scene.now, scene.family.today
        dated = _pregnancy(data)
        assert dated is not None
        household_id = tx.household_of(scene.contact_id, now)
        pregnancy = _to_save(scene, data, dated, household_id)
        tx.save_pregnancy(household_id, pregnancy, now)
        # Told anew after it had been closed by mistake: it goes on.
        tx.reopen_pregnancy(pregnancy.id)
        for visit, on in _visits(data, pregnancy, today).items():
            tx.record_visit(pregnancy.id, visit, on, now)
            pregnancy = replace(pregnancy, anc={**pregnancy.anc, visit: on})
        join_posyandu(scene, household_id, data.get("posyandu"))
        wedding = tx.wedding_of(household_id)
        if wedding is not None:
            tx.close_wedding(wedding.id, "pregnancy", now)
        changed = bool(data.get("id"))
        event = "pregnancy_changed" if changed else "pregnancy_registered"
        tx.audit(event, scene.contact_id, {"inbound": scene.inbound_id, "dated_by": pregnancy.dated_by}, now)
        # What reminded her of contraception ends here, on her own phone alone.
        if not changed:
            # Who followed an earlier child agreed to that; of a new pregnancy they hear once they agree to it.
            lapse_pregnancy_seats(tx, household_id, scene.contact_id, scene.inbound_id, now)
        ended = on_pregnancy(tx, pregnancy.contact_id, now) if pregnancy.contact_id == scene.contact_id else None
        replan(scene.deps, tx, household_id, now)
        details = {**_summary(scene, data, pregnancy), "young": bool(data.get("young")), "changed": changed}
        done = Reply(f"{_FORM}selesai", {**details, "labels": ["hamil/periksa-anc", "hamil/tanda-bahaya"]})
        return (done,) if ended is None else (ended, done)


JOURNEY = PregnancyJourney()


def tells_of_loss(scene: Scene, text: str, *, sure: bool) -> bool:
    """Whether a loss is reported in the dialogue. sure: only one beyond doubt counts, because other facts stand beside.

    Losses are caught before any dialogue; this is the second look, at what only the dialogue makes clear.
    """
    names = [child.name for child in scene.family.children]
    if sure_loss(text, names, expecting=scene.family.pregnancy is not None) is not None:
        return True
    return not sure and speaks_of_loss(text) and not is_elsewhere(text) and not is_not_now(text)


# --------------------------------------------------------------------------------------------------------- hearing


def _tells_much(text: str, reading: PregnancyReading) -> bool:
    """Whether a message tells an own pregnancy with so much beside it that it can only be meant to be written down."""
    if looks_like_question(text) or not reading.aged or reading.whose is None or "hamil" not in normalize(text):
        return False
    visits = reading.visits_done is not None or reading.last_visit.usable or reading.next_visit.usable
    return visits or "posyandu" in normalize(text)


def _answers(text: str, reading: PregnancyReading) -> bool:
    """Whether a message in the shape of a question still answers: "3 mei ya?"."""
    return len(words_of(text)) <= _SHORT and (reading.dates or reading.visits_done is not None)


def _dating(pregnancy: Pregnancy) -> dict[str, Any]:
    return {"lmp": pregnancy.lmp.isoformat(), "edd": pregnancy.edd.isoformat(), "by": pregnancy.dated_by}


def _pregnancy(data: Mapping[str, Any]) -> Pregnancy | None:
    """The dating in the data, None while there is none."""
    if not data.get("lmp"):
        return None
    return Pregnancy(date.fromisoformat(data["lmp"]), date.fromisoformat(data["edd"]), data["by"])


def _take_dating(now: dict[str, Any], reading: PregnancyReading, today: date, asked: str | None) -> list[Reply]:
    """The best dating of the message, if it may replace what is known; else what was wrong with it."""
    found: list[Pregnancy | DateProblem] = []
    scan = _scan(now, reading, asked)
    if scan is not None:
        weeks, days, on = scan
        found.append(from_scan(weeks, days, on, today))
    for day, make in ((reading.edd, from_edd), (reading.lmp, from_lmp)):
        # A date that lies ahead is whole and may be judged: a due date has to.
        if day.value is not None and day.precision == "day" and day.problem in {None, "future"}:
            found.append(make(day.value, today))
    if reading.weeks is not None:
        found.append(from_gestation(reading.weeks, reading.days, today))
    if reading.months is not None:
        found.append(from_months(reading.months, today, reading.month_days))
    good = [one for one in found if isinstance(one, Pregnancy)]
    if good:
        best = good[0]
        for one in good[1:]:
            best = best if better(one, best) else one
        return _replace_dating(now, best, asked)
    problem = next((one for one in found if isinstance(one, DateProblem)), None)
    if problem is not None:
        return [Reply(_FORM + _PROBLEMS[problem], {"own": _own(now)})]
    return _unclear(now, (reading.edd, reading.lmp, reading.scan_on), asked)


def _scan(now: dict[str, Any], reading: PregnancyReading, asked: str | None) -> tuple[int, int, date] | None:
    """A scan with its day, also when the day is the answer to our question."""
    day = reading.scan_on.value if reading.scan_on.usable or reading.scan_on.problem == "future" else None
    if reading.scan_weeks is not None:
        if day is not None:
            now.pop("scan", None)
            return reading.scan_weeks, reading.scan_days, day
        now["scan"] = {"weeks": reading.scan_weeks, "days": reading.scan_days}
    elif asked == SCAN_DATE and now.get("scan") is not None:
        if reading.forgot:
            # Nobody knows of which day the number was true: it says nothing about today.
            now.pop("scan")
            now["forgot"] = True
        elif day is not None:
            scan = now.pop("scan")
            return scan["weeks"], scan["days"], day
    return None


def _replace_dating(now: dict[str, Any], best: Pregnancy, asked: str | None) -> list[Reply]:
    known = _pregnancy(now)
    correcting = asked in {CONFIRM, KNOWN, CHANGE} or (asked is None and bool(now.get("id")))
    if known is not None and known.dated_by == USG and best.dated_by != USG:
        # Facts, ultrasound_overrides: the scan of the first trimester stands over everything else.
        return [Reply(f"{_FORM}usg-dipakai", {"edd": now["edd"]})] if correcting else []
    if correcting or better(known, best):
        now |= _dating(best)
        for done in ("forgot", "rough", "asking_what"):
            now.pop(done, None)
    return []


def _unclear(now: dict[str, Any], days: Sequence[DateReading], asked: str | None) -> list[Reply]:
    """A date was named, but not to the day, or one that does not exist."""
    day = next((day for day in days if day.problem != "none"), None)
    if day is None or (day.usable and day.absolute):
        return []
    if day.problem == "vague" and day.value is not None and day.precision == "month":
        # If nothing better is known, the middle of the month will do.
        now["rough"] = (day.value.replace(day=1) + timedelta(days=14)).isoformat()
    return [Reply(f"{_FORM}tanggal-belum-jelas", {"own": _own(now)})]


def _lost_for_dates(now: dict[str, Any], reading: PregnancyReading, asked: str | None, today: date) -> bool:
    """Whether no way of dating is left; a month that was named serves as a last one."""
    if now.get("lmp") or now.get("scan") or not reading.forgot or reading.dates or asked not in {None, DATING, AGE}:
        return False
    if now.get("rough"):
        rough = from_lmp(date.fromisoformat(now["rough"]), today)
        if isinstance(rough, Pregnancy):
            now |= _dating(replace(rough, dated_by=MONTHS))
            return False
    if asked == AGE:
        return True
    now["forgot"] = True
    return False


def _take_visits(now: dict[str, Any], reading: PregnancyReading, today: date, asked: str | None) -> None:
    if reading.visits_done is not None:
        now["visits"] = reading.visits_done
    elif asked == VISITS and reading.forgot:
        now["visits"] = NOT_KNOWN
    last, coming = reading.last_visit, reading.next_visit
    if last.usable and last.value is not None and last.value <= today:
        now["last_visit"] = last.value.isoformat()
    if coming.usable and coming.value is not None and coming.value > today:
        now["next_visit"] = coming.value.isoformat()


def _take_person(now: dict[str, Any], reading: PregnancyReading) -> None:
    if reading.whose is not None and (reading.whose != OWN or not now.get("whose")):
        now["whose"] = reading.whose
    if reading.multiple is not None:
        now["multiple"] = reading.multiple
    if reading.age_years is not None and reading.age_years < _YOUNG:
        now["young"] = True


def take_posyandu(now: dict[str, Any], scene: Scene, text: str, asked: str | None, *, bare: bool = False) -> None:
    """A known posyandu at once, an unknown one when it is said twice, "-" where the family has none.

    bare: between commas its name alone is enough; not where names of children are told.
    """
    if bare and asked != POSYANDU:
        pieces = {piece.strip() for piece in re.split(r"[,;]", normalize(text))}
        named = [label for label in places.known_names(scene.tx) if normalize(label) in pieces]
        if len(named) == 1:
            now["posyandu"] = named[0]
            return
    if asked != POSYANDU and "pos" not in normalize(text):
        return
    known = places.known_names(scene.tx)
    said = _picked(text, now.get("options") or places.offered(known)) if asked == POSYANDU else text
    facts = read_child_facts(
        said, scene.received_on, known_posyandu=known, asked=CHILD_POSYANDU if asked == POSYANDU else None
    )
    stands_by = asked == POSYANDU and now.get("said") and (read_yes_no(text) or {"tetap", "itu"} & set(words_of(text)))
    chosen = facts.posyandu or (NO_POSYANDU if facts.posyandu_unknown else None) or (now["said"] if stands_by else None)
    unknown = facts.posyandu_said
    if chosen is None and unknown and (not known or normalize(unknown) == normalize(str(now.get("said") or ""))):
        chosen = unknown
    if chosen is not None:
        now["posyandu"] = chosen
        for done in ("said", "options", "other_posyandu"):
            now.pop(done, None)
    elif unknown:
        now["said"], now["options"] = unknown, closest_posyandu(unknown, known)
        now.pop("posyandu", None)


def _picked(text: str, options: Sequence[str]) -> str:
    """The posyandu behind a number of the list we showed; any other text as it is."""
    number = text.strip().rstrip(".)")
    if not (number.isascii() and number.isdigit() and len(number) <= 2):
        return text
    return options[int(number) - 1] if 1 <= int(number) <= len(options) else text


def _at_summary(now: dict[str, Any], before: Mapping[str, Any], text: str, asked: str) -> Heard | None:
    """What "benar", "tidak" and "ubah tanggal" do; None where the message told something new instead."""
    if any(
        now.get(k) != before.get(k) for k in (*_DETAILS, "multiple", "visits", "posyandu", "said", "next_visit", "scan")
    ):
        now.pop("asking_what", None)
        return None
    words = words_of(text)
    fields = [field for field, names in _FIELDS.items() if names & set(words)] if len(words) <= _SHORT else []
    if fields:
        now.pop("asking_what", None)
        for field in fields:
            _clear(now, field)
        return Heard(now)
    answer = read_yes_no(text)
    changes = bool({"ubah", "ganti", "salah", "keliru", "ralat", "rubah", "betulkan"} & set(words))
    if asked == CHANGE and (answer is not None or is_unknown(text)) and not changes:
        now.pop("asking_what", None)
        return Heard(now)
    if (answer is False or changes) and len(words) <= _SHORT:
        now["asking_what"] = True
        return Heard(now)
    if answer is True and asked == KNOWN:
        return Heard(now, notes=(Reply(f"{_FORM}tetap"),), over="unchanged")
    if answer is True and asked == CONFIRM:
        now["confirmed"] = True
        return Heard(now)
    return None


def _clear(now: dict[str, Any], field: str) -> None:
    """Empties what is named, so that it is asked again."""
    now["changed"] = True
    for key in {DATING: (*_DETAILS, "rough", "forgot", "scan"), VISITS: ("visits",), POSYANDU: ("posyandu",)}[field]:
        now.pop(key, None)
    if field == POSYANDU:
        now["other_posyandu"] = True
    if field == VISITS and now.get("id"):
        now["visits"] = NOT_KNOWN


def _just_found_out(data: Mapping[str, Any]) -> Reply:
    return Reply(f"{_FORM}baru-tahu", {"own": _own(data)})


def _own(data: Mapping[str, Any]) -> bool:
    """Whether the one who writes is the one who is pregnant."""
    return data.get("whose") in {None, OWN}


# ---------------------------------------------------------------------------------------------------------- saying


def wants_posyandu(scene: Scene, data: Mapping[str, Any]) -> bool:
    """Whether the posyandu has to be asked for: none on record, an unknown one named, or to be changed."""
    if data.get("posyandu"):
        return False
    return scene.family.posyandu is None or bool(data.get("said") or data.get("other_posyandu"))


def which_posyandu(scene: Scene, data: Mapping[str, Any]) -> Reply:
    """The question for the posyandu, in the words the registration of a child has for it."""
    if data.get("said"):
        return Reply("dialog/daftar-anak/posyandu-tidak-dikenal", {"options": data.get("options", [])})
    known = places.offered(places.known_names(scene.tx))
    return Reply("dialog/daftar-anak/tanya-posyandu", {"options": known})


def _summary(scene: Scene, data: Mapping[str, Any], pregnancy: Pregnancy) -> dict[str, Any]:
    """What the summary and the last text say. Weeks are completed weeks today."""
    today = scene.family.today
    week = gestational_week(pregnancy, today)
    first, last = months_range(pregnancy, today) if pregnancy.dated_by == MONTHS else (week, week)
    visits = data.get("visits")
    told = data.get("posyandu")
    joined = scene.family.posyandu.name if scene.family.posyandu else None
    return {
        "own": _own(data),
        "week": week,
        "weeks_from": first,
        "weeks_to": last,
        "edd": pregnancy.edd.isoformat(),
        "lmp": pregnancy.lmp.isoformat() if pregnancy.dated_by not in ESTIMATES else None,
        "estimate": pregnancy.dated_by in ESTIMATES,
        "past_due": today > pregnancy.edd,
        "multiple": bool(data.get("multiple")),
        "visits": visits if visits not in {None, NOT_KNOWN} else None,
        "place": told if told and told != NO_POSYANDU else joined if told is None else None,
        "next": _next(scene, data, pregnancy),
    }


def _next(scene: Scene, data: Mapping[str, Any], pregnancy: Pregnancy) -> dict[str, Any] | None:
    """The next visit; overdue: its week has come or gone by, so that she should go now."""
    today = scene.family.today
    known = scene.family.pregnancy
    if known is not None and known.id == data.get("id"):
        pregnancy = replace(pregnancy, anc={**known.anc, **pregnancy.anc}, next_visit_on=known.next_visit_on)
    if data.get("next_visit"):
        pregnancy = replace(pregnancy, next_visit_on=date.fromisoformat(data["next_visit"]))
    pregnancy = replace(pregnancy, anc={**pregnancy.anc, **_visits(data, pregnancy, today)})
    target = next(iter(anc_targets(pregnancy, today)), None)
    if target is None:
        return None
    week = gestational_week(pregnancy, today)
    return {
        "date": target.date.isoformat(),
        "from_bidan": target.from_bidan,
        "by": target.by,
        "ultrasound": target.ultrasound,
        "overdue": not target.from_bidan and visit_named(target.visit).target_week <= week,
    }


# ---------------------------------------------------------------------------------------------------------- writing


def _to_save(scene: Scene, data: Mapping[str, Any], dated: Pregnancy, household_id: str) -> Pregnancy:
    """The pregnancy as it will stand: the one on record with new dates, or a new one with an id from what it is."""
    known = scene.tx.pregnancy_of(household_id)
    coming = data.get("next_visit")
    next_visit = date.fromisoformat(coming) if coming else None
    own = scene.contact_id if _own(data) else ""
    if known is not None:
        return replace(
            redated(known, dated),
            multiple=bool(data.get("multiple", known.multiple)),
            contact_id=known.contact_id or own,
            next_visit_on=next_visit or known.next_visit_on,
        )
    return replace(
        dated,
        id=str(uuid5(NAMESPACE_URL, f"pregnancy:{household_id}:{dated.lmp.isoformat()}")),
        multiple=bool(data.get("multiple")),
        contact_id=own,
        next_visit_on=next_visit,
    )


def _visits(data: Mapping[str, Any], pregnancy: Pregnancy, today: date) -> dict[str, date]:
    """The visits told that are not on record yet; the last of them on the day told, if one was."""
    count = data.get("visits")
    found = visits_by_count(pregnancy, count, today) if count not in {None, NOT_KNOWN} else {}
    last = date.fromisoformat(data["last_visit"]) if data.get("last_visit") else None
    if last is not None and last >= pregnancy.lmp and last not in pregnancy.anc.values():
        visit = max(found, default=None) if count is not None else visit_on(pregnancy, last)
        if visit is not None:
            found[visit] = last
    return {visit: on for visit, on in found.items() if visit not in pregnancy.anc}


def join_posyandu(scene: Scene, household_id: str, said: str | None) -> None:
    """Write down the posyandu of the dialogue; a name we do not know is kept as it was said."""
    row = places.named(scene.tx, said) if said != NO_POSYANDU else None
    if row is not None:
        scene.tx.set_posyandu(household_id, row.id)
    elif said and scene.tx.posyandu_of(household_id) is None:
        scene.tx.set_posyandu(household_id, None, None if said == NO_POSYANDU else said)
