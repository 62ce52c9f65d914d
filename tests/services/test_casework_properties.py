"""Whatever order people and the clock act in: one human has a case, nothing is said after its end, and the bot is
silent exactly while somebody has it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sapa.bootstrap import App
from sapa.clock import SetClock
from sapa.messaging.states import Channel
from sapa.services import casework
from sapa.services.access import staffer
from sapa.services.case_rules import HANDLING, MOST_TO_CLOSE, PATIENCE
from sapa.services.casework import AlreadyTaken, CaseClosed, NoBidan, NoSuchCase, NoteKind
from sapa.services.inbound import receive_message, triage_next
from sapa.services.records import AreaRow, OutboxMessage, PosyanduRow, StaffRow
from tests.support import NOW, inbound_form, opened, settings_for, wired

STAFF = {"rina": "kader", "sari": "kader", "sri": "bidan"}
KINDS = ("danger", "handover", "keluhan", "duka")
_numbers = itertools.count(1)

ACTIONS = st.one_of(
    st.tuples(st.sampled_from(["take", "answer", "hand_over", "close"]), st.sampled_from(sorted(STAFF))),
    st.tuples(st.just("writes"), st.sampled_from(["masih sakit bu", "ya", "terima kasih", "BOT", "menu"])),
    # Minutes: from a breath to more than a day.
    st.tuples(st.just("time"), st.sampled_from([1, 14, 16, 60, 239, 241, 600, 1439, 1441, 3000])),
)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, new_file: Callable[[Path], str]) -> App:
    """One village for all examples: each brings a family of its own."""
    folder: Path = tmp_path_factory.mktemp("casework")
    url = new_file(folder / "test.db")
    engine = opened(url)
    app = wired(settings_for(url, folder), engine, SetClock(NOW))
    with app.store.transaction() as tx:
        tx.save_area(AreaRow("kec", "kecamatan", "Sukamaju"))
        tx.save_posyandu(PosyanduRow("melati", "Melati", "Asia/Jakarta", "Jawa Barat", area_id="kec"))
    return app


@dataclass
class Life:
    """One case and what must be true of it, kept beside the system in the simplest way there is."""

    app: App
    now: datetime
    kind: str
    staff: dict[str, str] = field(default_factory=dict)
    family: str = ""
    phone: str = ""
    number: int = 0
    taker: str | None = None
    open: bool = True
    last_human: datetime | None = None
    passed_on: Counter[str] = field(default_factory=Counter)

    def begin(self) -> None:
        n = next(_numbers)
        self.phone = f"+62811{n:08d}"
        with self.app.store.transaction() as tx:
            for place, (name, role) in enumerate(STAFF.items()):
                number = f"+62812{n:06d}{place}0"
                contact, _ = tx.contact_for_address(Channel.WHATSAPP, number, number, self.now)
                tx.set_contact_name(contact.id, name)
                where = {"posyandu_id": "melati"} if role == "kader" else {"area_id": "kec"}
                tx.grant(StaffRow(f"s-{n}-{name}", contact.id, role, **where), self.now)
                self.staff[name] = contact.id
        receipt = receive_message(self.app.deps, inbound_form("tolong bu", self.phone), self.now)
        assert receipt.inbound_id is not None
        with self.app.store.transaction() as tx:
            self.family = tx.contact_id_for(Channel.WHATSAPP, self.phone) or ""
            tx.set_posyandu(tx.household_of(self.family, self.now), "melati")
            tx.finish_inbound(receipt.inbound_id, None, self.kind, self.now)
            tx.open_case(self.family, self.kind, receipt.inbound_id, self.now)
            (view,) = tx.case_views(contact_id=self.family)
            self.number = view.row.number or 0

    def end(self) -> None:
        """Leave nothing behind that the next family's staff would hear of."""
        with self.app.store.transaction() as tx:
            for view in tx.case_views():
                tx.conclude_case(view.row.id, "end", None, self.now)
            for name in STAFF:
                for row in tx.roles_of(self.staff[name]):
                    tx.revoke(row.id, self.now)

    def silent(self) -> bool:
        return (
            self.open
            and self.taker is not None
            and self.last_human is not None
            and (self.now < self.last_human + PATIENCE)
        )

    # --- what may happen

    def do(self, what: str, how: str | int) -> None:
        if what == "time":
            self.now += timedelta(minutes=int(how))
            self._tick()
        elif what == "writes":
            self._writes(str(how))
        else:
            self._acts(what, str(how))

    def _tick(self) -> None:
        for _ in range(2):  # looking twice says nothing twice
            casework.notify_due(self.app.deps, self.now)
            casework.remind_due(self.app.deps, self.now)
        if self.taker is not None and not self.silent():
            self.taker = None

    def _writes(self, text: str) -> None:
        receipt = receive_message(self.app.deps, inbound_form(text, self.phone), self.now)
        assert receipt.inbound_id is not None and triage_next(self.app.deps, self.now) is not None
        with self.app.store.transaction() as tx:
            to_bot = tx.has_dialogue(self.now)
            claimed = tx.claim_dialogue("w", self.now, self.now + timedelta(minutes=1))
            if claimed is not None:
                tx.finish_inbound(claimed.id, "w", None, self.now)
        was_silent = self.silent()
        if was_silent and text in ("BOT", "menu"):
            self.taker = None
            assert to_bot is (text == "menu")
            return
        assert to_bot is not was_silent, "the bot is silent exactly while a human has the case"
        if was_silent and self.taker is not None:
            self.passed_on[self.taker] += 1

    def _acts(self, what: str, name: str) -> None:
        try:
            with self.app.store.transaction() as tx:
                who = staffer(tx, self.staff[name])
                assert who is not None
                deps = self.app.deps
                if what == "take":
                    casework.take(deps, tx, who, self.number, self.now)
                elif what == "answer":
                    key = f"{self.number}-{self.now.isoformat()}-{len(tx.outbox_of(self.family))}"
                    casework.answer(deps, tx, who, self.number, "Bawa ke puskesmas ya Bu.", self.now, key)
                elif what == "hand_over":
                    casework.hand_over(deps, tx, who, self.number, self.now)
                else:
                    casework.close(deps, tx, who, self.number, "selesai", self.now)
        except CaseClosed:
            assert not self.open
        except AlreadyTaken as taken:
            assert self.open and taken.name == self.taker != name
        except NoBidan:
            assert self.open and name == "sri", "there is one bidan"
        except NoSuchCase:
            raise AssertionError("everybody here may see it") from None
        else:
            self._done(what, name)

    def _done(self, what: str, name: str) -> None:
        assert self.open
        if what in ("take", "answer"):
            assert self.taker in (None, name)
            if what == "answer" or self.taker is None:
                self.last_human = self.now
            self.taker = name
        elif what == "hand_over":
            assert self.taker in (None, name)
            self.taker = None
        else:
            assert self.taker in (None, name) or name == "sri"
            self.open, self.taker = False, None

    # --- what must be true

    def check(self) -> None:
        with self.app.store.transaction(write=False) as tx:
            who = staffer(tx, self.staff["sri"])
            assert who is not None
            page = casework.case_page(tx, who, self.number, self.now)
            family = list(tx.outbox_of(self.family))
            staff = {name: list(tx.outbox_of(contact_id)) for name, contact_id in self.staff.items()}
        assert (page.case.closed_at is None) is self.open
        if self.open and self.silent():
            assert page.case.taken_by == self.staff[self.taker or ""]
        answers = [note for note in page.notes if note.kind is NoteKind.ANSWER]
        assert len(answers) == _count(family, "kasus/jawaban")
        assert _count(family, "kasus/selesai") <= 1
        if page.case.closed_at is not None:
            said_after = [m for m in family if m.created_at > page.case.closed_at and m.content_id.startswith("kasus/")]
            assert said_after == []
        for name, messages in staff.items():
            new = [m for m in messages if m.content_id == "kader/kasus/baru" and "Diserahkan" not in m.text]
            assert len(new) + _count(messages, "kader/kasus/harian") <= 1
            assert _count(messages, "kader/kasus/pesan") == self.passed_on[name]
            if not any(note.kind in (NoteKind.TAKEN, NoteKind.HANDED) for note in page.notes):
                assert _count(messages, "kader/kasus/ingat") <= HANDLING[self.kind].most
            closings = sum(note.kind in (NoteKind.RELEASED, NoteKind.HANDED) for note in page.notes)
            assert _count(messages, "kader/kasus/belum-ditutup") <= MOST_TO_CLOSE * max(closings, 0)


def _count(messages: list[OutboxMessage], content_id: str) -> int:
    return sum(message.content_id == content_id for message in messages)


_later = itertools.count()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(KINDS), actions=st.lists(ACTIONS, min_size=1, max_size=14))
def test_in_any_order_one_human_has_a_case_and_the_bot_is_silent_exactly_then(
    app: App, kind: str, actions: list[tuple[str, str | int]]
) -> None:
    # A time of its own for each life: at noon, in the evening, at night.
    start = datetime(2027, 1, 1, tzinfo=UTC) + timedelta(days=40, hours=7) * next(_later)
    life = Life(app, start, kind)
    life.begin()
    try:
        life._tick()
        for what, how in actions:
            life.do(what, how)
            life.check()
    finally:
        life.end()


def test_two_who_take_at_the_same_moment_are_one_taker(app: App) -> None:
    life = Life(app, datetime(2026, 12, 1, 2, 0, tzinfo=UTC), "handover")
    life.begin()
    try:
        for name in STAFF:
            life.do("take", name)
        life.check()
        assert life.taker == "rina"
    finally:
        life.end()
