"""A loss stops everything related for everybody at once; what is not certain closes nothing; a mistake is undone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pytest

from sapa.bootstrap import App
from sapa.family.people import Child, Pregnancy
from sapa.messaging.states import Channel, Kind, ReminderState
from sapa.services import losses
from sapa.services.consents import CHILD_CARE, PREGNANCY_CARE
from sapa.services.demo import seed_demo
from sapa.services.ports import Tx
from sapa.services.records import OutboxDraft, Reply
from sapa.services.reminders import replan

MOTHER, FATHER = "+6281200000001", "+6281200000002"


@dataclass
class Home:
    """A household with what the test gives it: a mother and a father, children, a pregnancy."""

    app: App
    now: datetime
    mother: str = ""
    father: str = ""
    household: str = ""

    def say(self, text: str, who: str | None = None, inbound_id: str = "in-1") -> Reply | None:
        """A message as triage sees it."""
        with self.app.store.transaction() as tx:
            return losses.catch_loss(self.app.deps, tx, who or self.mother, text, self.now, inbound_id)

    def labelled(self, text: str) -> Reply:
        """A message that only the classifier took for a loss."""
        with self.app.store.transaction() as tx:
            given = (Reply("dialog/duka"),)
            return losses.after_turn(self.app.deps, tx, self.mother, text, given, self.now, "in-9")[0]

    def children(self) -> list[str]:
        with self.app.store.transaction(write=False) as tx:
            return [child.name for child in tx.children_of(self.household)]

    def expecting(self) -> bool:
        with self.app.store.transaction(write=False) as tx:
            return tx.pregnancy_of(self.household) is not None

    def planned(self) -> int:
        with self.app.store.transaction(write=False) as tx:
            return sum(row.state is ReminderState.PLANNED for row in tx.reminders_of(self.household))

    def silent(self, after: timedelta = timedelta(), subjects: tuple[str, ...] = (), topic: str = "") -> bool:
        with self.app.store.transaction(write=False) as tx:
            return losses.silent(tx, self.household, self.now + after, subjects, topic)

    def grieving(self, after: timedelta = timedelta()) -> bool:
        with self.app.store.transaction(write=False) as tx:
            return losses.grieving(tx, self.household, self.now + after)


@pytest.fixture
def database_url(one_database: str) -> str:
    """One kind of database is enough here: what is asked of it is tested on both elsewhere."""
    return one_database


@pytest.fixture
def home(app: App, now: datetime) -> Home:
    home = Home(app, now)
    with app.store.transaction() as tx:
        seed_demo(tx, now.date())
        mother, _ = tx.contact_for_address(Channel.WHATSAPP, MOTHER, MOTHER, now)
        father, _ = tx.contact_for_address(Channel.WHATSAPP, FATHER, FATHER, now)
        home.mother, home.father = mother.id, father.id
        home.household = tx.household_of(mother.id, now)
        tx.set_member(mother.id, home.household, "ibu", False)
        tx.set_member(father.id, home.household, "ayah", True)
        tx.set_posyandu(home.household, tx.list_posyandu()[0].id)
        for contact in (mother.id, father.id):
            for purpose in (CHILD_CARE, PREGNANCY_CARE):
                tx.record_consent(contact, purpose, "setuju", True, f"c-{purpose}", now)
    return home


def with_child(home: Home, name: str, birth_date: date = date(2026, 6, 1)) -> str:
    child_id = f"child-{name}"
    with home.app.store.transaction() as tx:
        tx.save_child(home.household, Child(name=name, birth_date=birth_date, id=child_id), home.now)
        replan(home.app.deps, tx, home.household, home.now)
    return child_id


def with_pregnancy(home: Home, multiple: bool = False) -> None:
    lmp = home.now.date() - timedelta(weeks=20)
    with home.app.store.transaction() as tx:
        tx.save_pregnancy(
            home.household,
            Pregnancy(lmp=lmp, edd=lmp + timedelta(280), multiple=multiple, contact_id=home.mother, id="preg-1"),
            home.now,
        )
        replan(home.app.deps, tx, home.household, home.now)


def queue_unasked(tx: Tx, contact_id: str, now: datetime) -> str:
    address = tx.addresses_of(contact_id)[0]
    outbox_id = tx.queue(
        OutboxDraft(
            dedupe_key=f"r:{contact_id}",
            contact_id=contact_id,
            address_id=address.id,
            channel=Channel.WHATSAPP,
            kind=Kind.REMINDER,
            content_id="pengingat/posyandu",
            text="Besok posyandu.",
        ),
        now,
    )
    assert outbox_id is not None
    return outbox_id


# ------------------------------------------------------------------------------------------------- certain losses


def test_a_lost_pregnancy_ends_it_and_takes_back_what_waits_for_every_member(home: Home) -> None:
    with_pregnancy(home)
    with home.app.store.transaction() as tx:
        waiting = [queue_unasked(tx, who, home.now) for who in (home.mother, home.father)]
    reply = home.say("saya keguguran kemarin bu")
    assert reply is not None and reply.key == "dialog/duka/kandungan"
    assert not home.expecting() and home.planned() == 0
    with home.app.store.transaction() as tx:
        assert [tx.outbox_message(one).state for one in waiting] == ["suppressed", "suppressed"]  # type: ignore[union-attr]
        cases = tx.open_cases_of(home.mother)
        assert [case.kind for case in cases] == ["duka"]
        both = [tx.contact(who) for who in (home.mother, home.father)]
        assert [contact.dialogue_reset for contact in both if contact] == [True, True]


def test_a_named_child_ends_and_the_living_one_waits_fourteen_days(home: Home) -> None:
    with_child(home, "Ani")
    with_child(home, "Budi", date(2026, 7, 1))
    reply = home.say("Ani meninggal tadi pagi")
    assert reply is not None and reply.key == "dialog/duka/anak" and reply.vars["others"] == ["Budi"]
    assert home.children() == ["Budi"]
    assert home.planned() > 0  # Budi's plan stands ...
    assert home.silent(timedelta(days=13)) and not home.silent(timedelta(days=14))  # ... and waits


def test_the_only_child_is_the_one_that_died(home: Home) -> None:
    with_child(home, "Ani")
    reply = home.say("anak sudah ga ada bu")
    assert reply is not None and reply.key == "dialog/duka/anak"
    assert home.children() == [] and home.planned() == 0


def test_the_father_reports_and_the_mothers_reminders_stop_too(home: Home) -> None:
    with_pregnancy(home)
    reply = home.say("istri saya keguguran tadi malam", who=home.father)
    assert reply is not None and not home.expecting()
    with home.app.store.transaction() as tx:
        assert tx.contact(home.mother).dialogue_reset  # type: ignore[union-attr]


def test_a_baby_that_died_before_it_was_registered_ends_the_pregnancy(home: Home) -> None:
    with_pregnancy(home)
    assert home.say("bayinya ga selamat bu") is not None
    assert not home.expecting()


def test_after_the_death_of_a_newborn_the_weeks_after_birth_are_silent_too(home: Home) -> None:
    with_pregnancy(home)
    born = home.now.date() - timedelta(days=5)
    with home.app.store.transaction() as tx:
        tx.end_pregnancy("preg-1", "birth", born, home.now)
    with_child(home, "Ani", born)
    home.say("Ani meninggal semalam")
    with home.app.store.transaction() as tx:
        assert tx.postpartum_of(home.household, home.now.date()) is None


def test_the_death_of_a_mother_silences_all_until_a_human_or_the_family_ends_it(home: Home) -> None:
    with_child(home, "Ani")
    reply = home.say("istri saya meninggal waktu melahirkan", who=home.father)
    assert reply is not None and reply.key == "dialog/duka/ibu"
    assert home.children() == ["Ani"]
    assert home.silent(timedelta(days=300))
    with home.app.store.transaction() as tx:
        assert losses.resume(home.app.deps, tx, home.household, home.now)
    assert not home.silent() and home.planned() > 0 and home.grieving()


# ------------------------------------------------------------------------------------------------ uncertain losses

UNCERTAIN = [
    ("two children, none named", ["Ani", "Budi"], False, "anak saya meninggal"),
    ("one of twins", ["Ani", "Budi"], False, "anak kembar saya satunya meninggal"),
    ("a child and a pregnancy", ["Ani"], True, "bayi saya tidak tertolong"),
    ("nobody is named", ["Ani"], False, "sudah berpulang"),
    ("an ordinal", ["Ani"], False, "anak pertama saya meninggal karena diare"),
]


@pytest.mark.parametrize(("why", "names", "expecting", "text"), UNCERTAIN, ids=[row[0] for row in UNCERTAIN])
def test_where_it_is_not_certain_nothing_is_closed_and_everything_waits(
    home: Home, why: str, names: list[str], expecting: bool, text: str
) -> None:
    for name in names:
        with_child(home, name)
    if expecting:
        with_pregnancy(home)
    reply = home.say(text)
    assert reply is not None and reply.key == "dialog/duka"
    assert home.children() == names and home.expecting() is expecting
    assert home.planned() == 0 and home.silent(timedelta(days=400))


def test_a_grandmothers_child_is_the_mother_or_the_father_and_nobody_knows_which(home: Home) -> None:
    with_child(home, "Ani")
    with home.app.store.transaction() as tx:
        tx.set_member(home.father, home.household, "nenek", False)
    reply = home.say("anak saya meninggal", who=home.father)
    assert reply is not None and reply.key == "dialog/duka" and home.children() == ["Ani"]


def test_of_twins_in_the_womb_one_may_live(home: Home) -> None:
    with_pregnancy(home, multiple=True)
    assert home.say("saya keguguran") is not None
    assert home.expecting() and home.silent(timedelta(days=100))


def test_a_stranger_is_answered_too(app: App, now: datetime) -> None:
    with app.store.transaction() as tx:
        contact, _ = tx.contact_for_address(Channel.SMS, MOTHER, MOTHER, now)
        assert losses.catch_loss(app.deps, tx, contact.id, "anak saya meninggal", now, "in-1") is not None
        assert [case.kind for case in tx.open_cases_of(contact.id)] == ["duka"]


def test_a_strangers_question_after_an_old_loss_is_a_question(app: App, now: datetime) -> None:
    with app.store.transaction() as tx:
        contact, _ = tx.contact_for_address(Channel.SMS, MOTHER, MOTHER, now)
        text = "Saya keguguran bulan lalu. Berapa lama sebelum boleh hamil lagi?"
        assert losses.catch_loss(app.deps, tx, contact.id, text, now, "in-1") is None


# ---------------------------------------------------------------------------------------------------- look-alikes

LOOK_ALIKES = [
    ("nenek saya meninggal, anak rewel", "dialog/duka/kerabat"),
    ("bayi tetangga meninggal", "dialog/duka/kerabat"),
    ("nonton film bayi meninggal sedih", "dialog/duka/kerabat"),
    ("saya takut keguguran", "dialog/duka/khawatir"),
    ("dulu pernah keguguran", "dialog/duka/khawatir"),
]


@pytest.mark.parametrize(("text", "key"), LOOK_ALIKES)
def test_what_only_looks_like_a_loss_closes_nothing_even_if_the_classifier_is_sure(
    home: Home, text: str, key: str
) -> None:
    with_child(home, "Ani")
    with_pregnancy(home)
    planned = home.planned()
    assert home.say(text) is None
    assert home.labelled(text).key == key
    assert home.children() == ["Ani"] and home.expecting() and home.planned() == planned
    assert not home.silent() and not home.grieving()


def test_what_the_classifier_alone_finds_closes_nothing_but_silences(home: Home) -> None:
    with_child(home, "Ani")
    assert home.labelled("rumah kami sepi sekarang bu").key == "dialog/duka"
    assert home.children() == ["Ani"] and home.planned() == 0 and home.silent(timedelta(days=90))


# ------------------------------------------------------------------------------------------------------ afterwards


def test_nothing_jolly_is_said_for_sixty_days(home: Home) -> None:
    with_child(home, "Ani")
    home.say("anak saya meninggal kemarin")
    jolly = tuple(Reply(key) for key in ("dialog/salam", "dialog/terima-kasih", "dialog/pamit", "dialog/mulai-lagi"))
    with home.app.store.transaction() as tx:
        for day, softened in ((0, True), (59, True), (60, False)):
            at = home.now + timedelta(days=day)
            said = losses.after_turn(home.app.deps, tx, home.mother, "halo", jolly, at, "in-2")
            assert all(reply.key.startswith("dialog/duka/") for reply in said) is softened
    assert home.grieving(timedelta(days=59)) and not home.grieving(timedelta(days=60))


def test_a_mistake_is_undone_at_once_and_a_human_looks(home: Home) -> None:
    with_child(home, "Ani")
    with_pregnancy(home)
    planned = home.planned()
    home.say("saya keguguran dan Ani meninggal")  # whatever was understood of it ...
    home.say("Ani meninggal", inbound_id="in-2")
    assert home.children() == []
    home_heard_it(home)
    reply = home.say("salah, anak saya sehat", inbound_id="in-3")
    assert reply is not None and reply.key == "dialog/duka/salah-paham"
    assert home.children() == ["Ani"] and home.expecting() and home.planned() == planned
    assert not home.grieving() and not home.silent()
    with home.app.store.transaction() as tx:
        assert {case.inbound_id for case in tx.open_cases_of(home.mother)} == {"in-1", "in-2", "in-3"}


def home_heard_it(home: Home) -> None:
    """Our condolence was queued to the mother."""
    with home.app.store.transaction() as tx:
        address = tx.addresses_of(home.mother)[0]
        draft = OutboxDraft(
            "d", home.mother, address.id, Channel.WHATSAPP, Kind.HANDOVER, "dialog/duka/anak", "..", in_reply_to="in-2"
        )
        tx.queue(draft, home.now)


def test_weeks_later_a_healthy_sibling_is_no_denial(home: Home) -> None:
    with_child(home, "Ani")
    with_child(home, "Budi")
    home.say("Ani meninggal")
    later = home.now + timedelta(days=20)
    with home.app.store.transaction() as tx:
        assert losses.catch_loss(home.app.deps, tx, home.mother, "anak saya sehat bu", later, "in-2") is None
    assert home.children() == ["Budi"]


def test_the_same_message_twice_changes_nothing_more(home: Home) -> None:
    with_child(home, "Ani")
    first = home.say("Ani meninggal")
    second = home.say("Ani meninggal")
    assert first is not None and second is not None
    with home.app.store.transaction() as tx:
        assert len(tx.open_cases_of(home.mother)) == 1
        assert [reason for _, reason, _ in tx.ended_children_of(home.household)] == ["meninggal"]


def test_telling_it_again_gets_a_word_and_leaves_the_living_alone(home: Home) -> None:
    with_child(home, "Ani")
    with_child(home, "Budi")
    home.say("Ani meninggal")
    reply = home.say("anak saya sudah dimakamkan tadi", inbound_id="in-2")
    assert reply is not None and reply.key == "dialog/duka/lagi"
    assert home.children() == ["Budi"]


def test_a_new_pregnancy_after_an_endless_silence_is_reminded_of(home: Home) -> None:
    with_child(home, "Ani")
    with_child(home, "Budi")
    home.say("anak saya meninggal")
    with_pregnancy(home)
    assert home.silent(timedelta(days=30), topic="anak")
    assert not home.silent(timedelta(days=30), topic="hamil")


def test_a_loss_that_is_answered_as_a_danger_still_stops_everything(home: Home) -> None:
    with_pregnancy(home)
    with home.app.store.transaction() as tx:
        text = "keguguran kemarin, darahnya masih banyak"
        losses.note_loss(home.app.deps, tx, home.mother, text, home.now, "in-1")
    assert not home.expecting() and home.planned() == 0


@pytest.mark.parametrize("text", ["bayinya sehat", "bayinya masih hidup pak", "anaknya sehat bu"])
def test_good_news_of_the_baby_does_not_take_back_the_death_of_the_mother(home: Home, text: str) -> None:
    with_pregnancy(home)
    home.say("istri saya meninggal waktu melahirkan")
    home_heard_it(home)
    reply = home.say(text, inbound_id="in-3")
    assert reply is not None and reply.key == "dialog/duka/lagi"
    assert home.silent() and not home.expecting()


@pytest.mark.parametrize("text", ["Ani sehat", "kembarannya masih hidup", "anak saya sehat"])
def test_good_news_of_the_living_child_does_not_take_back_the_death_of_the_other(home: Home, text: str) -> None:
    with_child(home, "Ani")
    with_child(home, "Ana")
    home.say("Ana meninggal semalam")
    home_heard_it(home)
    reply = home.say(text, inbound_id="in-3")
    assert reply is not None and reply.key == "dialog/duka/lagi"
    assert home.children() == ["Ani"]


@pytest.mark.parametrize("text", ["salah, Ana sehat", "Ana masih hidup", "salah"])
def test_what_is_said_of_the_lost_child_itself_takes_it_back(home: Home, text: str) -> None:
    with_child(home, "Ani")
    with_child(home, "Ana")
    home.say("Ana meninggal semalam")
    home_heard_it(home)
    reply = home.say(text, inbound_id="in-3")
    assert reply is not None and reply.key == "dialog/duka/salah-paham"
    assert sorted(home.children()) == ["Ana", "Ani"]


@pytest.mark.parametrize("text", ["kucing Ani mati", "nenek Ani meninggal", "ayam punya Ani mati"])
def test_who_belongs_to_a_child_is_not_the_child(home: Home, text: str) -> None:
    with_child(home, "Ani")
    home.say(text)
    assert home.children() == ["Ani"]


@pytest.mark.parametrize(
    "text",
    [
        "saya sudah tidak hamil lagi",
        "ternyata saya tidak hamil, cuma telat",
        "istri saya udah gak hamil",
        "tidak jadi hamil bu",
    ],
)
def test_a_pregnancy_that_is_over_nobody_says_how_waits_and_closes_nothing(home: Home, text: str) -> None:
    with_pregnancy(home)
    reply = home.say(text)
    assert reply is not None and reply.key in ("dialog/duka/tidak-hamil", "dialog/duka/kandungan")
    assert home.planned() == 0 and home.silent(timedelta(days=200))


@pytest.mark.parametrize(
    "text",
    [
        "tidak mau hamil lagi",
        "biar tidak hamil lagi pakai KB apa",
        "sudah tidak hamil lagi kapan boleh kerja?",
        "sudah melahirkan, jadi sudah tidak hamil lagi",
    ],
)
def test_wishes_questions_and_births_end_no_pregnancy(home: Home, text: str) -> None:
    with_pregnancy(home)
    assert home.say(text) is None and home.expecting() and not home.silent()


def test_who_was_thought_to_be_pregnant_no_more_and_is_comes_back_with_one_message(home: Home) -> None:
    with_pregnancy(home)
    planned = home.planned()
    home.say("saya sudah tidak hamil lagi")
    home_heard_it(home)
    reply = home.say("eh masih hamil kok bu", inbound_id="in-2")
    assert reply is not None and reply.key == "dialog/duka/salah-paham"
    assert home.expecting() and home.planned() == planned


def test_a_birth_told_after_that_ends_the_silence(home: Home) -> None:
    with_pregnancy(home)
    home.say("saya sudah tidak hamil lagi")
    with home.app.store.transaction() as tx:
        losses.born_after_all(home.app.deps, tx, home.household, home.now)
    assert not home.silent() and not home.grieving()
