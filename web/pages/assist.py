"""A kader registers a family that has no WhatsApp. Without the mother's spoken yes nothing is written."""

from __future__ import annotations

from datetime import date

from starlette.responses import Response
from starlette.routing import Route

from sapa.family.people import Sex
from sapa.family.reading.seats import read_phone
from sapa.services import assisted
from sapa.services.access import may_act_for
from sapa.services.assisted import AssistedError, AssistedFamily
from web.session import BY_NAME, Console, HiddenError, Visit

_FIELDS = (
    *("posyandu", "ibu", "alamat", "hp", "anak", "lahir", "kelamin", "berat_lahir", "minggu", "buku"),
    *("hpht", "hpl", "setuju"),
)
_BOOK = {"ya": True, "tidak": False}
_GRAMS, _WEEKS = range(300, 7000), range(20, 46)
# Which field a refusal of the service is shown at.
_AT = {
    assisted.NO_CONSENT: "setuju",
    assisted.NO_MOTHER: "ibu",
    assisted.NO_POSYANDU: "posyandu",
    assisted.NOBODY: "anak",
    assisted.BIRTH_FUTURE: "lahir",
    assisted.BIRTH_TOO_OLD: "lahir",
    assisted.PREGNANCY_DATE: "hpht",
}


def routes(console: Console) -> list[Route]:
    """The pages of this module."""
    return [
        console.get("/daftarkan", form, BY_NAME),
        console.post("/daftarkan", register, BY_NAME),
    ]


def form(visit: Visit) -> Response:
    """The empty form, with the words to read aloud."""
    return _form(visit, dict.fromkeys(_FIELDS, ""), {})


def _form(visit: Visit, filled: dict[str, str], errors: dict[str, str], status: int = 200) -> Response:
    with visit.read() as tx:
        places = visit.places(tx)
    words = assisted.consent_words(visit.deps, visit.now)
    return visit.page("daftarkan.html", status, filled=filled, errors=errors, places=places, words=words)


def register(visit: Visit) -> Response:
    """Register the family as told."""
    filled = {name: visit.field(name) for name in _FIELDS}
    family, errors = _read(filled)
    if errors:
        return _form(visit, filled, errors, 422)
    if not may_act_for(visit.who, family.posyandu_id):
        raise HiddenError
    try:
        with visit.write() as tx:
            done = assisted.register(visit.deps, tx, visit.who, family, visit.now)
    except AssistedError as refused:
        return _form(visit, filled, {_AT.get(refused.code, "ibu"): refused.code}, 422)
    taken = 1 if done.phone_problem else 0
    if not done.new:
        return visit.go(f"/keluarga/{done.household_id}", "family_known", phone_taken=taken)
    return visit.go(f"/keluarga/{done.household_id}", "family_new", reached=int(done.reached), phone_taken=taken)


def _read(filled: dict[str, str]) -> tuple[AssistedFamily, dict[str, str]]:
    """What the form says, and what is wrong with which field."""
    errors: dict[str, str] = {}
    phone = read_phone(filled["hp"]) if filled["hp"] else None
    if filled["hp"] and phone is None:
        errors["hp"] = "unreadable"
    if not filled["posyandu"]:
        errors["posyandu"] = "missing"
    days = {name: _day(filled, name, errors) for name in ("lahir", "hpht", "hpl")}
    if filled["anak"] and not filled["lahir"]:
        errors["lahir"] = "missing"
    if filled["lahir"] and not filled["anak"]:
        errors["anak"] = "missing"
    family = AssistedFamily(
        posyandu_id=filled["posyandu"],
        mother_name=filled["ibu"],
        consent=filled["setuju"] == "1",
        child_name=filled["anak"] or None,
        birth_date=days["lahir"],
        sex=Sex(filled["kelamin"]) if filled["kelamin"] in set(Sex) else None,
        birth_weight_g=_number(filled, "berat_lahir", _GRAMS, errors),
        birth_weeks=_number(filled, "minggu", _WEEKS, errors),
        has_book=_BOOK.get(filled["buku"]),
        lmp=days["hpht"],
        edd=None if days["hpht"] else days["hpl"],
        phone=phone,
        address=filled["alamat"] or None,
    )
    return family, errors


def _day(filled: dict[str, str], name: str, errors: dict[str, str]) -> date | None:
    if not filled[name]:
        return None
    try:
        return date.fromisoformat(filled[name])
    except ValueError:
        errors[name] = "unreadable"
        return None


def _number(filled: dict[str, str], name: str, within: range, errors: dict[str, str]) -> int | None:
    told = filled[name]
    if not told:
        return None
    if told.isascii() and told.isdecimal() and len(told) < 6 and int(told) in within:
        return int(told)
    errors[name] = "unreadable"
    return None
