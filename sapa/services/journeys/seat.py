"""The dialogue "kursi": invite somebody, take a seat with a code, remove one, who is reminded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sapa.family.reading.seats import SAYS_WHO, SeatWish, read_own_relation, read_seat
from sapa.family.reading.seats import read_code as six_digits
from sapa.family.reading.words import FIRM_YES, normalize, read_yes_no, words_of
from sapa.services import seats
from sapa.services.consents import PREGNANCY_CARE
from sapa.services.households import family_of
from sapa.services.journeys.contract import Heard, Question, Scene
from sapa.services.records import CodeRow, Reply

_CODE, _RELATION, _CONSENT, _WHICH, _SURE = "kode", "hubungan", "setuju", "yang_mana", "yakin"
_TEXTS = "dialog/kursi/"
_OWNERS_ONLY = frozenset({"invite", "remove"})


class SeatJourney:
    """See the module. It asks for its consent itself: a seat may need two, in one wording of its own."""

    name = "kursi"
    purpose: str | None = None
    consent_text: str | None = None

    def opens(self, scene: Scene, text: str, label: str | None) -> bool:
        """Whether the words ask for this dialogue, whatever the label says."""
        wish = read_seat(text, _names(scene))
        if wish is None:
            return False
        if wish.action == "join" and wish.code is None:
            # A bare "ikut" may mean anything, but not from somebody who came by a code.
            return seats.is_seat(scene.tx, scene.contact_id)
        return wish.action in ("join", "invite") or _household(scene) is not None

    def begin(self, scene: Scene) -> Heard:
        """Nothing is known before the first message."""
        return Heard({})

    def hear(self, scene: Scene, text: str, data: Mapping[str, Any], asked: str | None) -> Heard:
        """The wish, or the answer to the question before."""
        wish = read_seat(text, _names(scene))
        if asked is None or (wish is not None and _is_another(wish, data)):
            if wish is None:
                return Heard(dict(data), understood=False)
            return Heard({name: value for name, value in asdict(wish).items() if value is not None})
        answer = _answer(scene, text, data, asked)
        return Heard({**data, **answer}, understood=bool(answer))

    def ask(self, scene: Scene, data: Mapping[str, Any]) -> Question | None:
        """The next thing to know; None where the wish can be carried out, or cannot be."""
        if data.get("action") == "join":
            return self._ask_joiner(scene, data)
        if data.get("action") in ("remove", "leave") and _refusal(scene, data) is None:
            return self._ask_leaver(scene, data)
        return None

    def finish(self, scene: Scene, data: Mapping[str, Any]) -> tuple[Reply, ...]:
        """Do what was asked and say so."""
        action = data.get("action")
        refusal = _refusal(scene, data)
        if refusal is not None:
            return (refusal,)
        if action == "join":
            return _join(scene, data)
        if action == "invite":
            return _invite(scene, data)
        if action in ("remove", "leave"):
            return _release(scene, data)
        if action in ("remind_me", "remind_less"):
            return _remind(scene, action == "remind_me")
        return (_members(scene),)

    def _ask_joiner(self, scene: Scene, data: Mapping[str, Any]) -> Question | None:
        row = None
        if not _agrees_later(scene, data):
            code = data.get("code")
            if code is None:
                return Question(_CODE, Reply(_TEXTS + "tanya-kode"))
            row, _ = _offer(scene, str(code))
            if row is None or _cannot_take(scene, row) is not None:
                return None
        relation = _relation(scene, data, row)
        if relation is None:
            return Question(_RELATION, Reply(_TEXTS + "tanya-hubungan"))
        if data.get("agreed") is None:
            return Question(_CONSENT, seats.consent_question(relation, _pregnancy(scene, row)))
        return None

    def _ask_leaver(self, scene: Scene, data: Mapping[str, Any]) -> Question | None:
        if data["action"] == "leave":
            return None if data.get("sure") is not None else Question(_SURE, Reply(_TEXTS + "yakin-berhenti"))
        fitting = _meant(scene, data)
        if len(fitting) > 1:
            names = [member.name or "" for member in fitting]
            relations = [member.relation for member in fitting]
            return Question(_WHICH, Reply(_TEXTS + "yang-mana", {"names": names, "relations": relations}))
        if data.get("sure") is None:
            member = fitting[0]
            told = {"relation": member.relation, "member_name": member.name}
            return Question(_SURE, Reply(_TEXTS + "yakin-keluarkan", told))
        return None


JOURNEY = SeatJourney()


# ------------------------------------------------------------------------------------------------------- what is heard


def _is_another(wish: SeatWish, data: Mapping[str, Any]) -> bool:
    """Whether a message in the middle asks for something else: another wish, or another code."""
    return wish.action != data.get("action") or (wish.code is not None and wish.code != data.get("code"))


def _answer(scene: Scene, text: str, data: Mapping[str, Any], asked: str) -> dict[str, Any]:
    """What the message says to the question `asked`; empty where it says nothing to it."""
    if asked == _CODE:
        code = six_digits(text)
        return {"code": code} if code else {}
    if asked == _RELATION:
        relation = read_own_relation(text)
        return {"relation": relation} if relation else {}
    if asked == _CONSENT:
        agreed = read_yes_no(text)
        if agreed is None and len(told := words_of(text)) <= 3 and told and told[0] == "ikut":
            # The code a second time is no consent.
            agreed = True if six_digits(text) is None else None
        told_who = SAYS_WHO.search(normalize(text))
        relation = read_own_relation(told_who.group(1)) if told_who else None
        return ({} if agreed is None else {"agreed": agreed}) | ({"relation": relation} if relation else {})
    if asked == _WHICH:
        return _chosen(scene, text, data)
    sure = read_yes_no(text)
    if sure is None and words_of(text)[:1] and words_of(text)[0] in FIRM_YES | {"keluarkan", "keluar"}:
        sure = True
    return {} if sure is None else {"sure": sure}


def _chosen(scene: Scene, text: str, data: Mapping[str, Any]) -> dict[str, Any]:
    fitting = _meant(scene, data)
    number = text.strip(" .)")
    if number.isascii() and number.isdigit() and 1 <= int(number) <= len(fitting):
        return {"member": fitting[int(number) - 1].contact_id}
    told = set(words_of(text))
    named = [member for member in fitting if member.name and set(words_of(member.name)[:1]) & told]
    return {"member": named[0].contact_id} if len(named) == 1 else {}


# ----------------------------------------------------------------------------------------------------- what is the case


def _household(scene: Scene) -> str | None:
    contact = scene.tx.contact(scene.contact_id)
    return contact.household_id if contact is not None else None


def _names(scene: Scene) -> tuple[str, ...]:
    return tuple(member.name for member in seats.others(scene.tx, scene.contact_id) if member.name)


def _missing(scene: Scene) -> tuple[str, ...]:
    """What this member has not agreed to, of all that the household holds."""
    household_id = _household(scene)
    if household_id is None:
        return ()
    family = family_of(scene.tx, household_id, scene.now, scene.deps.default_timezone)
    return seats.missing_consents(scene.tx, scene.contact_id, family) if seats.is_followed(family) else ()


def _missing_uninvited(scene: Scene) -> tuple[str, ...]:
    """What a member may agree to without a new code: never a pregnancy, who hears of it is for her to say."""
    return tuple(purpose for purpose in _missing(scene) if purpose != PREGNANCY_CARE)


def _agrees_later(scene: Scene, data: Mapping[str, Any]) -> bool:
    """A member who says IKUT without a code: a child came that needs a consent of its own."""
    return data.get("code") is None and seats.is_seat(scene.tx, scene.contact_id) and bool(_missing_uninvited(scene))


def _offer(scene: Scene, code: str) -> tuple[CodeRow | None, str | None]:
    return seats.find_code(scene.tx, scene.contact_id, code, seats.CODE_KIND, scene.now)


def _cannot_take(scene: Scene, row: CodeRow) -> str | None:
    """Why this person may not take a good code's seat: in it already, or in another household.

    Whoever is in it may still be asked for a consent to what came up since: a pregnancy.
    """
    assert row.household_id is not None
    if _household(scene) == row.household_id:
        return None if row.created_by != scene.contact_id and _missing(scene) else "sudah-ikut"
    elsewhere = seats.belongs_elsewhere(scene.deps, scene.tx, scene.contact_id, row.household_id, scene.now)
    return "sudah-punya" if elsewhere else None


def _relation(scene: Scene, data: Mapping[str, Any], row: CodeRow | None) -> str | None:
    """What the new member said; else what the inviter said; else what is on record."""
    contact = scene.tx.contact(scene.contact_id)
    invited = row.detail.get("relation") if row is not None else None
    inside = contact is not None and (row is None or contact.household_id == row.household_id)
    known = seats.kin(contact.relation) if contact is not None and inside else None
    return data.get("relation") or invited or known or None


def _pregnancy(scene: Scene, row: CodeRow | None) -> bool:
    if row is None or row.household_id is None:
        return False
    family = family_of(scene.tx, row.household_id, scene.now, scene.deps.default_timezone)
    return family.pregnancy is not None or family.postpartum is not None


def _meant(scene: Scene, data: Mapping[str, Any]) -> list[Any]:
    """The seats that a wish to remove one may mean."""
    seated = [m for m in seats.others(scene.tx, scene.contact_id) if seats.is_seat(scene.tx, m.contact_id)]
    if data.get("member"):
        return [member for member in seated if member.contact_id == data["member"]]
    if data.get("name"):
        return [member for member in seated if member.name == data["name"]]
    relation = data.get("relation")
    return [member for member in seated if relation is None or seats.kin(member.relation) == relation]


def _refusal(scene: Scene, data: Mapping[str, Any]) -> Reply | None:
    """What is said where the wish cannot be granted to this person."""
    action = data.get("action")
    if action == "join":
        return None
    if _household(scene) is None or not seats.is_followed(scene.family):
        return Reply(_TEXTS + "daftar-dulu", {"wedding": scene.family.wedding is not None})
    seated = seats.is_seat(scene.tx, scene.contact_id)
    # Who hears of a pregnancy is for her to say, whoever registered the household.
    pregnancy = scene.family.pregnancy
    hers = pregnancy is not None and pregnancy.contact_id == scene.contact_id
    if action in _OWNERS_ONLY and seated and not (action == "invite" and hers):
        return Reply(_TEXTS + "hanya-pendaftar")
    if action == "leave" and not seated:
        return Reply(_TEXTS + "pendaftar-berhenti")
    if action == "remove" and not _meant(scene, data):
        return Reply(_TEXTS + "tidak-ada", {"relation": data.get("relation")})
    return None


# ------------------------------------------------------------------------------------------------------- what is done


def _invite(scene: Scene, data: Mapping[str, Any]) -> tuple[Reply, ...]:
    household_id = _household(scene)
    assert household_id is not None
    relation = data.get("relation")
    code = seats.invite(scene.tx, household_id, scene.contact_id, relation, scene.inbound_id, scene.now)
    # The second message is there to be passed on as it is.
    return (
        Reply(_TEXTS + "undangan", {"relation": relation, "code": code}),
        Reply(_TEXTS + "teruskan", {"code": code}),
    )


def _join(scene: Scene, data: Mapping[str, Any]) -> tuple[Reply, ...]:
    tx, contact_id, now = scene.tx, scene.contact_id, scene.now
    if _agrees_later(scene, data):
        return _agree_later(scene, data)
    row, why = _offer(scene, str(data.get("code") or ""))
    if row is None:
        contact = tx.contact(contact_id)
        known = tx.code(str(data.get("code") or ""))
        if (
            why == seats.USED
            and contact is not None
            and known is not None
            and known.household_id == contact.household_id
        ):
            return (Reply(_TEXTS + "sudah-ikut"),)  # the same message a second time
        seats.miss(tx, contact_id, seats.CODE_KIND, str(why), now)
        return (Reply(_TEXTS + "kode-salah", {"why": why}),)
    cannot = _cannot_take(scene, row)
    if cannot is not None:
        if cannot == "sudah-punya":
            tx.open_case(contact_id, "nomor", scene.inbound_id, now)
        return (Reply(_TEXTS + cannot),)
    if data.get("agreed") is not True:
        tx.audit("consent_refused", contact_id, {"purpose": seats.SEAT}, now)
        return (Reply(_TEXTS + "ditolak"),)
    relation = _relation(scene, data, row) or "lain"
    if _household(scene) == row.household_id:
        return _agree_with_code(scene, row, relation)
    if not seats.join(scene.deps, tx, contact_id, row, relation, scene.inbound_id, now):
        return (Reply(_TEXTS + "kode-salah", {"why": seats.USED}),)
    return (_done(scene, relation),)


def _agree_with_code(scene: Scene, row: CodeRow, relation: str) -> tuple[Reply, ...]:
    """A member who was invited anew agrees to what came up since; the household stays the same."""
    tx, contact = scene.tx, scene.tx.contact(scene.contact_id)
    assert contact is not None
    if not tx.use_code(row.code, scene.contact_id, scene.now):
        return (Reply(_TEXTS + "kode-salah", {"why": seats.USED}),)
    tx.set_member(scene.contact_id, row.household_id, relation, contact.every_reminder)
    seats.agree(scene.deps, tx, scene.contact_id, _missing(scene), relation, scene.inbound_id, scene.now)
    return (_done(scene, relation),)


def _agree_later(scene: Scene, data: Mapping[str, Any]) -> tuple[Reply, ...]:
    relation = _relation(scene, data, None) or "lain"
    if data.get("agreed") is not True:
        return (Reply(_TEXTS + "ditolak"),)
    missing = _missing_uninvited(scene)
    seats.agree(scene.deps, scene.tx, scene.contact_id, missing, relation, scene.inbound_id, scene.now)
    return (_done(scene, relation),)


def _done(scene: Scene, relation: str) -> Reply:
    household_id = _household(scene)
    assert household_id is not None
    family = family_of(scene.tx, household_id, scene.now, scene.deps.default_timezone)
    names = [child.name for child in family.children]
    return Reply(_TEXTS + "selesai", {"relation": relation, "names": names, "pregnancy": family.pregnancy is not None})


def _release(scene: Scene, data: Mapping[str, Any]) -> tuple[Reply, ...]:
    tx, contact_id = scene.tx, scene.contact_id
    if data.get("sure") is not True:
        return (Reply(_TEXTS + "tetap"),)
    leaving = data["action"] == "leave"
    target = contact_id if leaving else _meant(scene, data)[0].contact_id
    seats.release(scene.deps, tx, target, contact_id, scene.inbound_id, scene.now)
    return (Reply(_TEXTS + ("sudah-keluar" if leaving else "dikeluarkan")),)


def _remind(scene: Scene, wanted: bool) -> tuple[Reply, ...]:
    seats.want_every_reminder(scene.tx, scene.contact_id, wanted, scene.now)
    return (Reply(_TEXTS + ("ikut-diingatkan" if wanted else "cukup-satu")),)


def _members(scene: Scene) -> Reply:
    """Who follows: relation and name of each, the writer first."""
    people = scene.family.members
    own = [m for m in people if m.contact_id == scene.contact_id]
    rest = [m for m in people if m.contact_id != scene.contact_id]
    return Reply(
        _TEXTS + "daftar",
        {
            "relations": [seats.kin(member.relation) for member in [*own, *rest]],
            "names": [member.name or "" for member in [*own, *rest]],
            "owner": not seats.is_seat(scene.tx, scene.contact_id),
        },
    )
