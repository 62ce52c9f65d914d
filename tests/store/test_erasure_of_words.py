"""What an erasure does to the words of others: names go out of them, and nobody else's alarm is lost for it."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from sapa.bootstrap import App
from sapa.messaging.states import Channel, Kind
from sapa.services import broadcasts, casework
from sapa.services.broadcasts import Plan
from sapa.services.records import OutboxDraft
from sapa.store.models import BroadcastTable, OutboxTable
from tests.kader_phones import BIDAN, KADER, MELATI, KaderVillage


@pytest.fixture
def village(app: App, now: object) -> KaderVillage:
    return KaderVillage(app, now)  # type: ignore[arg-type]


def named(village: KaderVillage, number: int, name: str) -> tuple[str, str]:
    """A family whose mother has a name: her phone and contact id."""
    phone = village.family(number)
    with village.app.store.transaction() as tx:
        contact_id = tx.contact_id_for(Channel.WHATSAPP, phone) or ""
        tx.set_contact_name(contact_id, name)
    return phone, contact_id


def erase(village: KaderVillage, contact_id: str) -> None:
    with village.app.store.transaction() as tx:
        tx.erase_contact(contact_id, "R-1", None, village.now)


def texts(village: KaderVillage, prefix: str) -> list[str]:
    with Session(village.app.store.engine) as session:
        rows = select(OutboxTable.text).where(OutboxTable.content_id.startswith(prefix)).order_by(OutboxTable.seq)
        return list(session.scalars(rows))


def test_an_alarm_that_waits_is_not_emptied_because_it_holds_an_erased_name(village: KaderVillage) -> None:
    """Erasing Ani while "Ibu Yani: kejang" waits for the kader used to empty it, and the list of the day besides."""
    _, ani = named(village, 1, "Ani")
    with village.app.store.transaction() as tx:
        who = village.who(KADER)
        assert who is not None
        (address,) = tx.addresses_of(who.contact_id)
        for key, words in (("kader/kasus/baru", "Ibu Yani: kejang"), ("kader/hari/daftar", "1. Ani 2. Budi")):
            tx.queue(
                OutboxDraft(key, who.contact_id, address.id, Channel.WHATSAPP, Kind.NOTICE, key, words), village.now
            )
    erase(village, ani)
    assert texts(village, "kader/kasus/") == ["Ibu Yani: kejang"]
    assert texts(village, "kader/hari/") == ["1. ... 2. Budi"]


def test_what_a_kader_announced_stays_without_the_name_of_the_erased(village: KaderVillage) -> None:
    _, wati = named(village, 1, "Wati")
    village.family(2)
    who = village.who(KADER)
    assert who is not None
    plan = Plan("announcement", MELATI, text="Selamat untuk Ibu Wati, lulus ASI eksklusif.")
    with village.app.store.transaction() as tx:
        one = broadcasts.create(village.app.deps, tx, who, plan, village.now, key="k")
        broadcasts.confirm(village.app.deps, tx, who, one.id, village.now)
    village.now += broadcasts.UNDO
    assert broadcasts.release_due(village.app.deps, village.now) == 2
    erase(village, wati)
    (heard,) = texts(village, "siar/")
    assert "Wati" not in heard and "Selamat untuk Ibu ..." in heard
    with Session(village.app.store.engine) as session:
        assert "Wati" not in str(session.scalars(select(BroadcastTable.payload)).all())


def test_what_a_kader_said_to_families_stays_theirs_without_her_name(village: KaderVillage) -> None:
    """Rina called her families and answered one of them; then she has herself erased."""
    phone, mother = named(village, 1, "Marina")
    village.say(phone, "tolong bu")
    who = village.who(KADER)
    assert who is not None
    with village.app.store.transaction() as tx:
        case_id = tx.open_case(mother, "handover", None, village.now)
        number = tx.case_views(case_id=case_id)[0].row.number or 0
        casework.answer(village.app.deps, tx, who, number, "Besok saya datang ya Bu.", village.now, "form-1")
        plan = Plan("announcement", MELATI, text="Besok ada senam.")
        one = broadcasts.create(village.app.deps, tx, who, plan, village.now, key="k")
        broadcasts.confirm(village.app.deps, tx, who, one.id, village.now)
    village.now += broadcasts.UNDO
    broadcasts.release_due(village.app.deps, village.now)
    before = texts(village, "kasus/") + texts(village, "siar/")
    assert any("Rina" in text for text in before)
    erase(village, who.contact_id)
    after = texts(village, "kasus/") + texts(village, "siar/")
    assert len(after) == len(before) and not any("Rina" in text for text in after)
    assert any("Besok saya datang ya Bu." in text for text in after)
    assert village.who(BIDAN) is not None
