"""Who lives in a run of the chaos suite, and what they must get: reminders, two broadcasts, appointments, answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from sqlalchemy import Table, insert

from sapa.bootstrap import App
from sapa.family.plan import SESSION
from sapa.messaging.states import Channel, Kind
from sapa.services import broadcasts
from sapa.services.access import Role, staffer
from sapa.services.broadcasts import UNDO, Plan
from sapa.services.records import OutboxDraft, PosyanduRow, ReminderRow, SessionRow
from sapa.services.reminders import replan, replan_everybody_if_campaigns_changed
from sapa.services.staff import enrol
from sapa.store.models import AddressTable, ChildTable, ConsentTable, ContactTable, HouseholdTable

KADER = "+6281399900001"
HOME, CALLED = "p-reminders", "p-broadcasts"
# Things written to us; the pretend engine answers each with one text.
QUESTIONS = ("apa itu stunting", "menu mpasi 8 bulan", "halo", "efek samping imunisasi", "asi saya sedikit")


@dataclass(frozen=True)
class Size:
    """How much a run is: people and messages of each kind. span_s: seconds in which all of it falls due."""

    reminders: int
    called: int  # families of the second posyandu, each told twice
    appointments: int
    writers: int
    each: int  # messages a writer writes
    span_s: float

    @property
    def messages(self) -> int:
        """What must go out in all."""
        return self.reminders + 2 * self.called + self.appointments + self.writers * self.each


FULL = Size(reminders=800, called=250, appointments=100, writers=150, each=4, span_s=14.0)
QUICK = Size(reminders=120, called=40, appointments=20, writers=20, each=4, span_s=8.0)


@dataclass(frozen=True)
class Expected:
    """What must go out, and not before when. Ids of reminders and of outbox rows; of broadcasts."""

    reminders: dict[str, datetime]
    broadcasts: dict[str, datetime]
    appointments: dict[str, datetime]


def zone_where_it_is_ten(now: datetime) -> str:
    """A time zone in whose morning we are: whenever the suite runs, no family sleeps and no reminder waits."""
    offset = 10 - now.hour
    offset += 24 if offset < -12 else 0
    return f"Etc/GMT{-offset:+d}" if offset else "Etc/GMT"


def plant(app: App, size: Size, seed: int, now: datetime) -> Expected:
    """Put everybody and everything planned into an empty store. What is due falls due from `now` on."""
    dice = Random(f"world {seed}")
    zone = zone_where_it_is_ten(now)
    today = (now + timedelta(hours=10 - now.hour)).date()
    with app.store.transaction() as tx:
        tx.save_posyandu(PosyanduRow(HOME, "Melati", zone))
        tx.save_posyandu(PosyanduRow(CALLED, "Mawar", zone))
        tx.save_session(SessionRow("s1", HOME, today + timedelta(days=1), time(8), "Balai Desa"))
        enrol(tx, KADER, "Sari", Role.KADER, CALLED, None, now)
    # The plans below are made by hand: nobody must be planned anew because the campaigns are seen for the first time.
    replan_everybody_if_campaigns_changed(app.deps, now)
    _people(app, HOME, "r", size.reminders, dice, now)
    _people(app, CALLED, "b", size.called, dice, now)
    return Expected(
        _reminders(app, size, dice, now),
        _broadcasts(app, today, dice, size, now),
        _appointments(app, size, dice, now),
    )


def _people(app: App, posyandu: str, letter: str, count: int, dice: Random, now: datetime) -> None:
    """Households of one mother and one child; every tenth by SMS, half of the others wrote within the hour."""
    born = (now - timedelta(days=200)).date()
    rows: dict[type[Any], list[dict[str, Any]]] = {
        HouseholdTable: [],
        ContactTable: [],
        AddressTable: [],
        ConsentTable: [],
        ChildTable: [],
    }
    for number in range(count):
        key = f"{letter}{number}"
        by_sms, wrote = number % 10 == 9, dice.random() < 0.5
        phone = f"+6281{'3' if letter == 'r' else '5'}{number:08}"
        rows[HouseholdTable].append({"id": f"h{key}", "posyandu_id": posyandu, "created_at": now})
        rows[ContactTable].append(
            {
                "id": f"c{key}",
                "household_id": f"h{key}",
                "name": "Ibu",
                "dialogue_reset": False,
                "last_inbound_at": now - timedelta(hours=1) if wrote and not by_sms else None,
                "created_at": now - timedelta(days=30),
            }
        )
        channel = Channel.SMS if by_sms else Channel.WHATSAPP
        rows[AddressTable].append(
            {"id": f"a{key}", "contact_id": f"c{key}", "channel": channel.value, "value": phone, "phone": phone}
        )
        rows[ConsentTable].append(
            {
                "id": f"k{key}",
                "contact_id": f"c{key}",
                "purpose": "child_care",
                "wording": "",
                "granted": True,
                "at": now - timedelta(days=30),
            }
        )
        rows[ChildTable].append(
            {
                "id": f"n{key}",
                "household_id": f"h{key}",
                "name": "Anak",
                "birth_date": born,
                "special_care": False,
                "created_at": now,
            }
        )
    _insert(app, rows)


def _insert(app: App, rows: dict[type[Any], list[dict[str, Any]]]) -> None:
    with app.store.engine.begin() as connection:
        for model, values in rows.items():
            table = model.__table__
            assert isinstance(table, Table)
            if values:
                connection.execute(insert(table), values)


def _reminders(app: App, size: Size, dice: Random, now: datetime) -> dict[str, datetime]:
    """One planned reminder a household. The families are alike, so that the plan of the first serves all."""
    with app.store.transaction() as tx:
        replan(app.deps, tx, "hr0", now)
        first = next(row for row in tx.reminders_of("hr0") if row.event == SESSION)
        tx.replace_plan("hr0", [], now)
    due: dict[str, datetime] = {}
    with app.store.transaction() as tx:
        for number in range(size.reminders):
            household = f"hr{number}"
            row = _moved(first, household, now + timedelta(seconds=dice.uniform(0, size.span_s)))
            tx.replace_plan(household, [row], now)
            due[row.id] = row.send_at
    return due


def _moved(row: ReminderRow, household: str, send_at: datetime) -> ReminderRow:
    planned = row.id.partition(":")[2]
    return replace(row, id=f"{household}:{planned}", household_id=household, send_at=send_at)


def _broadcasts(app: App, today: date, dice: Random, size: Size, now: datetime) -> dict[str, datetime]:
    """A day called, and soon after a word of the kader to the same families."""
    plans = (
        Plan("session", CALLED, today + timedelta(days=12), time(9), "Rumah Ibu RW 03"),
        Plan("announcement", CALLED, text="Mohon bawa payung, jalan ke posyandu sedang diperbaiki."),
    )
    due: dict[str, datetime] = {}
    with app.store.transaction() as tx:
        who = staffer(tx, tx.contact_id_for(Channel.WHATSAPP, KADER) or "")
        assert who is not None
        for number, plan in enumerate(plans):
            # Confirmed so long ago that the time to undo ends in the middle of the run.
            released = now + timedelta(seconds=1 + number * size.span_s / 2 + dice.uniform(0, 1))
            draft = broadcasts.create(app.deps, tx, who, plan, released - UNDO, key=f"chaos {number}")
            sent = broadcasts.confirm(app.deps, tx, who, draft.id, released - UNDO)
            assert sent.release_at is not None
            due[sent.id] = sent.release_at
    return due


def _appointments(app: App, size: Size, dice: Random, now: datetime) -> dict[str, datetime]:
    """Notices that lie in the outbox before their time, to people of whom many get a reminder or a call as well."""
    due: dict[str, datetime] = {}
    with app.store.transaction() as tx:
        for number in range(size.appointments):
            letter = "rb"[number % 2]
            key = f"{letter}{number % (size.reminders if letter == 'r' else size.called)}"
            address = tx.addresses_of(f"c{key}")[0]
            at = now + timedelta(seconds=dice.uniform(0, size.span_s))
            draft = OutboxDraft(
                dedupe_key=f"appointment:{number}",
                contact_id=f"c{key}",
                address_id=address.id,
                channel=address.channel,
                kind=Kind.NOTICE,
                content_id="pengingat/umum",
                text=f"Pemberitahuan {number}",
                template="pengingat_umum",
                sms_text=f"Pemberitahuan {number}" if address.channel is Channel.WHATSAPP else None,
                not_before=at,
            )
            outbox_id = tx.queue(draft, now)
            assert outbox_id is not None
            due[outbox_id] = at
    return due
