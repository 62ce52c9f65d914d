"""The dialogue "siar": a kader calls, moves or cancels a posyandu day, or announces something to her families.

She sees word for word what will be sent, to how many and by which way. Nothing goes out before she writes KIRIM.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sapa.family.reading.casework import read_order as read_case_order
from sapa.family.reading.kader import KaderWish, read_command, read_order, says_change, says_send, without_change
from sapa.family.reading.kader_schedule import (
    Day,
    Parts,
    place_words,
    read_bare_day,
    read_parts,
    read_time,
    resolve,
    with_day,
)
from sapa.family.reading.words import is_unknown, looks_like_question, normalize, read_yes_no, tidy, words_of
from sapa.services import broadcasts
from sapa.services.access import Staffer, staffer
from sapa.services.broadcast_records import BroadcastKind, Code, Plan, Preview, Refusal
from sapa.services.journeys.contract import Heard, Question, Scene
from sapa.services.records import PosyanduRow, Reply, SessionRow

TEXTS = "kader/siar/"
NOT_STAFF = "kader/bukan-kader"
LABEL = "flow/kader-siar"
SCHEDULE = "posyandu/jadwal"
_WHAT, _PLACE_OF, _WHICH = "apa", "posyandu", "sesi"
_DAY, _NEW_DAY, _HOUR, _WHERE, _TEXT = "tanggal", "tanggal_baru", "jam", "tempat", "isi"
_CHANGE, _SEND = "ubah", "kirim"
_AHEAD = timedelta(days=366)
_MOST_OPTIONS = 8
_UNDO_MINUTES = 2
_FEW_WORDS = 3
# Which question a refusal leads back to.
_ASKS_DAY = frozenset({Code.PAST, Code.DOUBLE})
_ASKS_TEXT = frozenset({Code.TOO_LONG, Code.LINK, Code.MONEY, Code.MEDICINE, Code.EMPTY})
_SAME_PLACE = frozenset(["sama", "biasa", "biasanya", "tetap", "seperti", "kemarin"])
_CHOICES = {
    "jadwal": "session", "jadwalkan": "session", "pindah": "moved", "pindahkan": "moved", "batal": "cancelled",
    "batalkan": "cancelled", "umumkan": "announcement", "pengumuman": "announcement", "1": "session", "2": "moved",
    "3": "cancelled", "4": "announcement",
}  # fmt: skip


@dataclass(frozen=True)
class _View:
    """What the journey's data mean, looked up afresh with every message.

    places: her posyandu. sessions: what is planned at the posyandu. session: the one that is moved or cancelled.
    """

    who: Staffer
    places: Sequence[PosyanduRow]
    place: PosyanduRow | None
    sessions: Sequence[SessionRow]
    session: SessionRow | None
    day: date | None
    new_day: date | None
    today: date


class BroadcastJourney:
    """See the module. Its consent is the families', asked where they were registered: it needs none of its own."""

    name = "siar"
    purpose: str | None = None
    consent_text: str | None = None

    def opens(self, scene: Scene, text: str, label: str | None) -> bool:
        """Her orders; from somebody who is no kader only what is plainly an order, to be refused kindly."""
        who = staffer(scene.tx, scene.contact_id)
        wish = read_order(text, scene.received_on, _names(_places(scene, who)) if who else ())
        if who is None:
            return wish is not None and wish.firm
        return wish is not None or (label == LABEL and not looks_like_question(text))

    def begin(self, scene: Scene) -> Heard:
        """Only for staff. What a mother may have meant, the posyandu's days, is answered with the refusal."""
        who = staffer(scene.tx, scene.contact_id)
        if who is not None and who.by_name:
            return Heard({})
        meant = (Reply(SCHEDULE),) if scene.family.posyandu is not None else ()
        refusal = Reply(NOT_STAFF, {"staff": who is not None, "shown": bool(meant)})
        return Heard(notes=(refusal, *meant), over="not_staff")

    def hear(self, scene: Scene, text: str, data: Mapping[str, Any], asked: str | None) -> Heard:
        """An order, a part of one, or the answer to the question before."""
        who = staffer(scene.tx, scene.contact_id)
        if who is None:  # her role was taken while she wrote
            return Heard(notes=(Reply(NOT_STAFF, {"staff": False, "shown": False}),), over="not_staff")
        view = _look(scene, who, data)
        if asked == _SEND and says_send(text):
            return Heard({**data, "go": True} if _may_go(scene, view, data) else dict(data))
        told = None if asked is not None and _is_other_work(text) else _answer(view, text, data, asked)
        if told is None:
            return Heard(dict(data), understood=False)
        return Heard(told)

    def ask(self, scene: Scene, data: Mapping[str, Any]) -> Question | None:
        """What is missing, then the preview; None where it may be sent or cannot be."""
        who = staffer(scene.tx, scene.contact_id)
        if who is None or data.get("go"):
            return None
        view = _look(scene, who, data)
        missing = _missing(view, data)
        if missing is not None:
            return missing
        if _no_session(view, data):
            return None
        if data.get("change"):
            return Question(_CHANGE, Reply(TEXTS + "tanya-ubah", {"action": data["action"]}))
        seen = broadcasts.preview(scene.deps, scene.tx, who, _plan(view, data), scene.now)
        if seen.refused is not None:
            return _ask_again(view, data, seen)
        if data.get("nudge"):
            return Question(_SEND, Reply(TEXTS + "ketik-kirim", {"recipients": seen.recipients}))
        return Question(_SEND, Reply(TEXTS + "pratinjau", _preview_vars(view, seen)))

    def finish(self, scene: Scene, data: Mapping[str, Any]) -> tuple[Reply, ...]:
        """Make and confirm the broadcast; she has two minutes to take it back."""
        who = staffer(scene.tx, scene.contact_id)
        if who is None:
            return (Reply(NOT_STAFF, {"staff": False, "shown": False}),)
        view = _look(scene, who, data)
        if _no_session(view, data):
            return (Reply(TEXTS + "tidak-ada-sesi", {"posyandu_name": view.place.name if view.place else None}),)
        if _missing(view, data) is not None:
            return (_refused(Code.GONE),)
        plan = _plan(view, data)
        seen = broadcasts.preview(scene.deps, scene.tx, who, plan, scene.now)
        if not data.get("go") or seen.refused is not None:
            return (_refused(seen.refused),)
        try:
            made = broadcasts.create(scene.deps, scene.tx, who, plan, scene.now, key=scene.inbound_id)
            broadcasts.confirm(scene.deps, scene.tx, who, made.id, scene.now)
        except Refusal as refusal:
            return (_refused(refusal.code),)
        told = {"action": plan.kind, "recipients": seen.recipients, "minutes": _UNDO_MINUTES}
        return (Reply(TEXTS + "menunggu", {**told, "waits_until": _local(seen.waits_until, view.place)}),)


JOURNEY = BroadcastJourney()


def _may_go(scene: Scene, view: _View, data: Mapping[str, Any]) -> bool:
    """Whether what she saw hours ago can still be sent: her colleague may have moved the day, or it has begun."""
    if _no_session(view, data) or _missing(view, data) is not None:
        return False
    return broadcasts.preview(scene.deps, scene.tx, view.who, _plan(view, data), scene.now).refused is None


# ------------------------------------------------------------------------------------------------------- what is heard


def _answer(view: _View, text: str, data: Mapping[str, Any], asked: str | None) -> dict[str, Any] | None:
    """The data after a message; None where it says nothing of use."""
    data = {name: value for name, value in data.items() if name not in ("nudge", "why")}
    rewrites = data.get("action") == "announcement" and (asked == _CHANGE or (asked == _SEND and says_change(text)))
    wish = None if asked == _TEXT or rewrites else read_order(text, view.today, _names(view.places))
    if wish is not None and (asked is None or asked == _WHAT or _is_another(wish, data, asked)):
        return _from_wish(view, wish)
    if asked is None:
        # Opened by its label alone: which of the four it shall be is asked.
        return {} if not data else None
    if asked == _WHAT:
        chosen = next((_CHOICES[word] for word in words_of(text) if word in _CHOICES), None)
        return {"action": chosen} if chosen else None
    if asked in (_SEND, _CHANGE):
        return _changed(view, text, data, asked)
    return _to_question(view, text, data, asked)


def _is_other_work(text: str) -> bool:
    """Whether she writes of something else of her work in between: LAPORAN, AMBIL 12. It is no place and no text."""
    command = read_command(text)
    # "Salah tempat" is about what she is shown.
    return (command is not None and command.kind != "slip") or read_case_order(text) is not None


def _is_another(wish: KaderWish, data: Mapping[str, Any], asked: str) -> bool:
    """Whether a message in the middle is an order of its own, and no part of this one."""
    return wish.firm and (wish.action != data.get("action") or asked == _SEND)


def _from_wish(view: _View, wish: KaderWish) -> dict[str, Any]:
    data: dict[str, Any] = {"action": wish.action}
    if wish.action == "announcement":
        return {**data, "text": wish.text} if wish.text else data
    return _with_parts(view, data, wish.parts)


def _with_parts(view: _View, data: Mapping[str, Any], parts: Parts) -> dict[str, Any]:
    """What was told so far and what a message adds."""
    told = dict(data)
    day, new_day = parts.day, parts.new_day
    if data.get("action") == "session":
        day, new_day = day or new_day, None
    elif data.get("action") == "moved" and data.get("day") and new_day is None:
        # The session is known: a day said now is the one it moves to.
        day, new_day = None, day
    for name, said in (("day", day), ("new_day", new_day)):
        if said is not None:
            told[name] = _day_json(_in_its_month(view, data, name, said))
    if parts.time is not None:
        told |= {"time": parts.time.isoformat("minutes"), "bad_time": False}
    elif parts.bad_time:
        told["bad_time"] = True
    for name, words in (("place", parts.place), ("note", parts.note)):
        if words:
            told[name] = words
    if parts.posyandu is not None:
        fitting = [place for place in view.places if place.name == parts.posyandu]
        told["posyandu"] = fitting[0].id if len(fitting) == 1 else None
    elif parts.posyandu_said:
        told["said"] = parts.posyandu_said
    return told


def _in_its_month(view: _View, data: Mapping[str, Any], name: str, said: Day) -> Day:
    """A day told again without its month is put right: after "25 desember", "tanggal 26" is the 26th of December."""
    before = view.new_day if name == "new_day" else view.day if data.get("action") == "session" else None
    if said.number is None or data.get(name) is None or before is None:
        return said
    same_month = with_day(before, said.number)
    if same_month is not None and same_month >= view.today:
        return Day(same_month)
    return Day(resolve(said, view.today, near=before))


def _changed(view: _View, text: str, data: Mapping[str, Any], asked: str) -> dict[str, Any] | None:
    """UBAH and what; also a part of it alone ("jam 9", "di rumah Bu RT"). A yes is no KIRIM."""
    rest = without_change(text) if says_change(text) else text
    kept = {name: value for name, value in data.items() if name != "change"}
    if says_change(text) and not words_of(rest):
        return {**kept, "change": True}
    if data.get("action") == "announcement":
        if asked == _CHANGE and says_send(text):
            return None
        if asked == _SEND and says_change(text) and len(words_of(rest)) <= _FEW_WORDS:
            # "Ubah jam 10" is a part of it, and no announcement: she is asked for the whole.
            return {**kept, "change": True}
        if asked == _CHANGE or says_change(text):
            return {**kept, "text": tidy(rest).strip()}
        return {**kept, "nudge": True} if _is_answer(text) else None
    parts = read_parts(rest, view.today, _names(view.places))
    if data.get("action") == "cancelled" and parts.new_day is not None:
        parts = replace(parts, day=parts.day or parts.new_day, new_day=None)
    if not (parts.empty or looks_like_question(text)):
        return _with_parts(view, kept, parts)
    bare = read_bare_day(rest) if asked == _CHANGE else None
    if bare is not None:
        return _with_parts(view, kept, Parts(day=bare))
    return {**kept, "nudge": True} if asked == _SEND and _is_answer(text) else None


def _is_answer(text: str) -> bool:
    return read_yes_no(text) is not None or says_send(text)


def _to_question(view: _View, text: str, data: Mapping[str, Any], asked: str) -> dict[str, Any] | None:
    """The answer to one of the questions; it may say more than was asked. KIRIM, sent too early, answers none."""
    if says_send(text):
        return None
    if asked == _TEXT:
        said = tidy(text).strip()
        return {**data, "text": said} if said else None
    if looks_like_question(text):
        return None
    parts = read_parts(text, view.today, _names(view.places))
    if asked in (_PLACE_OF, _WHICH):
        chosen = _chosen(view, text, asked)
        if chosen is not None:
            return {**data, **chosen}
    if asked in (_DAY, _NEW_DAY, _WHICH):
        said_day = parts.new_day or parts.day or read_bare_day(text)
        name = "new_day" if asked == _NEW_DAY else "day"
        parts = replace(parts, day=None, new_day=None)
        if said_day is not None:
            told_day = _in_its_month(view, data, name, said_day)
            return {**_with_parts(view, data, parts), name: _day_json(told_day), "session": None}
    if asked == _HOUR and parts.time is None:
        hour = read_time(text)
        if hour is not None:
            return {**data, "time": hour.isoformat("minutes"), "bad_time": False}
    if asked == _WHERE and not parts.place:
        return _place_told(view, text, data, parts)
    return None if parts.empty else _with_parts(view, data, parts)


def _place_told(view: _View, text: str, data: Mapping[str, Any], parts: Parts) -> dict[str, Any] | None:
    last = _last_place(view)
    if last and (set(words_of(text)) & _SAME_PLACE or read_yes_no(text) is True):
        return {**data, "place": last}
    if is_unknown(text) or read_yes_no(text) is not None or parts.day or parts.time:
        return None if parts.empty else _with_parts(view, data, parts)
    said = place_words(tidy(text))
    return (
        {**_with_parts(view, data, replace(parts, posyandu=None, posyandu_said=None)), "place": said} if said else None
    )


def _chosen(view: _View, text: str, asked: str) -> dict[str, Any] | None:
    """One of those that were offered, by number or by name."""
    number = text.strip(" .)")
    at = int(number) - 1 if number.isascii() and number.isdigit() else -1
    if asked == _WHICH:
        offered = view.sessions[:_MOST_OPTIONS]
        # "10" is the tenth of the month where there are no ten to choose from.
        return {"session": offered[at].id} if 0 <= at < len(offered) else None
    if 0 <= at < min(len(view.places), _MOST_OPTIONS):
        return {"posyandu": view.places[at].id}
    said = set(words_of(text))
    if sum(said >= set(words_of(place.name)) for place in view.places) > 1:
        return None  # "Melati dan Mawar": one after the other
    found = read_parts(f"posyandu {text}", view.today, _names(view.places)).posyandu
    fitting = [place for place in view.places if place.name == found]
    return {"posyandu": fitting[0].id} if len(fitting) == 1 else None


# ------------------------------------------------------------------------------------------------------ what it means


def _look(scene: Scene, who: Staffer, data: Mapping[str, Any]) -> _View:
    places = _places(scene, who)
    place = next((one for one in places if one.id == data.get("posyandu")), places[0] if len(places) == 1 else None)
    today = _today(scene, place or (places[0] if places else None))
    moving = data.get("action") in ("moved", "cancelled")
    about = [place.id] if place is not None else [one.id for one in places]
    sessions = scene.tx.sessions_between(about, today, today + _AHEAD)
    session = _session(sessions, data, today) if moving else None
    if session is not None and place is None:
        place = next(one for one in places if one.id == session.posyandu_id)
    day = resolve(_day(data.get("day")), today)
    if session is not None:
        day = session.date
    new_day = resolve(_day(data.get("new_day")), today, near=day)
    return _View(who, places, place, sessions, session, day, new_day, today)


def _session(sessions: Sequence[SessionRow], data: Mapping[str, Any], today: date) -> SessionRow | None:
    """The session that is meant: the one chosen, the one of that day, or the only one there is."""
    chosen = next((one for one in sessions if one.id == data.get("session")), None)
    said = _day(data.get("day"))
    if chosen is not None or said is None:
        return chosen or (sessions[0] if len(sessions) == 1 else None)
    if said.number is not None:
        fitting = [one for one in sessions if one.date.day == said.number]
        # The nearest one: "tanggal 10" is not the tenth of the month after.
        return fitting[0] if fitting and len({one.posyandu_id for one in fitting[:2]}) == 1 else _only(fitting)
    return _only([one for one in sessions if one.date == resolve(said, today)])


def _only(found: Sequence[SessionRow]) -> SessionRow | None:
    return found[0] if len(found) == 1 else None


def _no_session(view: _View, data: Mapping[str, Any]) -> bool:
    return data.get("action") in ("moved", "cancelled") and not view.sessions


def _missing(view: _View, data: Mapping[str, Any]) -> Question | None:
    """The first thing that is not known."""
    action = data.get("action")
    if action is None:
        return Question(_WHAT, Reply(TEXTS + "tanya-apa"))
    if view.place is None and not (action in ("moved", "cancelled") and not view.sessions):
        options = [_title(view, place) for place in view.places[:_MOST_OPTIONS]]
        return Question(_PLACE_OF, Reply(TEXTS + "tanya-posyandu", {"options": options}))
    if action == "announcement":
        return None if data.get("text") else _ask_text(None)
    if action == "session":
        return _missing_of_new(view, data)
    if not view.sessions:
        return None
    if view.session is None:
        told = resolve(_day(data.get("day")), view.today)
        rows = [_session_json(one) for one in view.sessions[:_MOST_OPTIONS]]
        return Question(_WHICH, Reply(TEXTS + "tanya-sesi", {"sessions": rows, "action": action, "told": _iso(told)}))
    if action == "moved" and view.new_day is None and not (_is_same_day(data) and not _wrong(data, "new_day")):
        return _ask_day(view, data, _NEW_DAY, _wrong(data, "new_day"))
    return None


def _is_same_day(data: Mapping[str, Any]) -> bool:
    """Whether only the hour or the place changes."""
    return bool(data.get("time") or data.get("place")) and not data.get("new_day")


def _missing_of_new(view: _View, data: Mapping[str, Any]) -> Question | None:
    if view.day is None:
        return _ask_day(view, data, _DAY, _wrong(data, "day"))
    if not data.get("time"):
        why = "impossible" if data.get("bad_time") else None
        return Question(_HOUR, Reply(TEXTS + "tanya-jam", {"why": why, "date": _iso(view.day)}))
    if not data.get("place"):
        return Question(_WHERE, Reply(TEXTS + "tanya-tempat", {"last": _last_place(view)}))
    return None


def _ask_day(view: _View, data: Mapping[str, Any], slot: str, why: str | None) -> Question:
    told = view.new_day if slot == _NEW_DAY else view.day
    vars_ = {"why": why, "told": _iso(told), "moved": slot == _NEW_DAY}
    return Question(slot, Reply(TEXTS + "tanya-tanggal", vars_))


def _ask_text(why: str | None) -> Question:
    return Question(_TEXT, Reply(TEXTS + "tanya-isi", {"why": why}))


def _ask_again(view: _View, data: Mapping[str, Any], seen: Preview) -> Question | None:
    """The question a refusal leads back to; None where nothing she could say would help."""
    why = str(seen.refused)
    moved = data.get("action") == "moved"
    if data.get("action") == "announcement" and why in _ASKS_TEXT:
        return _ask_text(why)
    if why == Code.PAST and moved and (view.new_day is None or view.new_day > view.today):
        return None  # it is the day spoken of that has begun, not the new one
    if why in _ASKS_DAY and data.get("action") != "cancelled":
        return _ask_day(view, data, _NEW_DAY if moved else _DAY, why)
    if why == Code.EMPTY and moved:
        return _ask_day(view, data, _NEW_DAY, "same")
    if why in _ASKS_TEXT:
        return Question(_CHANGE, Reply(TEXTS + "tanya-catatan", {"why": why}))
    return None


# ------------------------------------------------------------------------------------------------------- what is shown


def _plan(view: _View, data: Mapping[str, Any]) -> Plan:
    assert view.place is not None
    action = BroadcastKind(str(data["action"]))
    if action is BroadcastKind.ANNOUNCEMENT:
        return Plan(action, view.place.id, text=str(data.get("text") or ""))
    hour = time.fromisoformat(data["time"]) if data.get("time") else None
    place, note = str(data.get("place") or ""), _note(data)
    if action is BroadcastKind.SESSION:
        return Plan(action, view.place.id, view.day, hour, place, note)
    assert view.session is not None
    if action is BroadcastKind.CANCELLED:
        return Plan(action, view.place.id, note=note, session_id=view.session.id)
    return Plan(action, view.place.id, view.new_day, hour, place, note, view.session.id)


def _note(data: Mapping[str, Any]) -> str:
    """What to bring; every message names the Buku KIA already, so that alone needs no second line."""
    note = str(data.get("note") or "")
    return "" if normalize(note).strip(" .!") in {"bawa buku kia", "bawa buku kia nya", "bawa kia"} else note


def _preview_vars(view: _View, seen: Preview) -> dict[str, Any]:
    return {
        "action": str(seen.plan.kind),
        "posyandu_name": view.place.name if view.place else None,
        "date": _iso(seen.plan.date or (view.session.date if view.session else None)),
        "message": seen.text,
        "recipients": seen.recipients,
        "whatsapp": seen.whatsapp,
        "sms": seen.sms,
        "unreachable": seen.unreachable,
        "cost": seen.cost_rupiah,
        "paid": seen.templates + seen.sms_parts,
        "waits_until": _local(seen.waits_until, view.place),
        "warnings": [str(one) for one in seen.warnings],
        "holiday": seen.holiday,
        "told": seen.told,
        "not_told": seen.not_told,
    }


def _refused(why: str | None) -> Reply:
    return Reply(TEXTS + "tidak-bisa", {"why": str(why)})


def _title(view: _View, place: PosyanduRow) -> str:
    """Its name, with the village where two of hers are called the same."""
    twice = sum(one.name == place.name for one in view.places) > 1
    return f"{place.name} ({place.village})" if twice and place.village else place.name


def _session_json(row: SessionRow) -> dict[str, Any]:
    return {"date": row.date.isoformat(), "time": f"{row.time:%H:%M}", "place": row.place}


def _last_place(view: _View) -> str | None:
    """Where the next planned session is held: mostly it is always the same place."""
    return next((one.place for one in view.sessions if one.place), None)


def _local(moment: datetime | None, place: PosyanduRow | None) -> str | None:
    if moment is None or place is None:
        return None
    return f"{moment.astimezone(ZoneInfo(place.timezone)):%H:%M}"


def _places(scene: Scene, who: Staffer) -> list[PosyanduRow]:
    found = [place for one in who.by_name if (place := scene.tx.posyandu(one)) is not None]
    return sorted(found, key=lambda place: (place.name, place.id))


def _names(places: Sequence[PosyanduRow]) -> list[str]:
    return [place.name for place in places]


def _today(scene: Scene, place: PosyanduRow | None) -> date:
    """The day on which she wrote, at her posyandu: "besok" is the day after it, however late it is worked on."""
    moment = scene.received_at or scene.now
    return moment.astimezone(ZoneInfo(place.timezone)).date() if place is not None else scene.received_on


def _day_json(day: Day) -> dict[str, Any]:
    return {**asdict(day), "value": _iso(day.value)}


def _day(kept: Mapping[str, Any] | None) -> Day | None:
    if kept is None:
        return None
    value = date.fromisoformat(kept["value"]) if kept.get("value") else None
    return Day(value, kept.get("number"), kept.get("wrong"))


def _wrong(data: Mapping[str, Any], name: str) -> str | None:
    return (data.get(name) or {}).get("wrong")


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None
