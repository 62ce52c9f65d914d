"""Families without WhatsApp: registered by a kader on the mother's word, reminded by SMS or visited."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sapa.bootstrap import App
from sapa.family.people import Sex
from sapa.messaging.sms import gsm7_unsupported, sms_parts
from sapa.messaging.states import Channel, Kind
from sapa.services import assisted, posyandu_day
from sapa.services.access import NotAllowed, Staffer, staffer
from sapa.services.assisted import AssistedError, AssistedFamily, Registered, register
from sapa.services.consents import CHILD_CARE, PREGNANCY_CARE
from sapa.services.due import queue_due
from sapa.services.households import family_of_contact
from sapa.services.journeys import conductor
from sapa.services.journeys.assisted import JOURNEY
from sapa.services.journeys.contract import Scene
from sapa.services.records import PosyanduRow, Reply, SessionRow, StaffRow
from sapa.services.replies import render_reply
from sapa.services.understanding import Understood

WIB = ZoneInfo("Asia/Jakarta")
KADER, PHONE = "+6281200000011", "+6281234567890"
DAY = date(2026, 12, 10)


class Posyandu:
    """Posyandu Melati, its kader, and a session on 10 December."""

    def __init__(self, app: App, now: datetime) -> None:
        self.app, self.now, self.number = app, now, 0
        self.state: conductor.State | None = None
        with app.store.transaction() as tx:
            for name in ("Melati", "Mawar"):
                tx.save_posyandu(PosyanduRow(name.lower(), name, "Asia/Jakarta", facility_name="Puskesmas Oesapa"))
            tx.save_session(SessionRow("s", "melati", DAY, time(8), "Balai RW 03"))
            contact = tx.contact_for_address(Channel.WHATSAPP, KADER, KADER, now)[0]
            tx.grant(StaffRow("role", contact.id, "kader", posyandu_id="melati"), now)
            found = staffer(tx, contact.id)
        assert found is not None
        self.who: Staffer = found

    def register(self, **more: Any) -> Registered:
        told: dict[str, Any] = {
            "posyandu_id": "melati",
            "mother_name": "Rina",
            "consent": True,
            "child_name": "Ani",
            "birth_date": date(2026, 5, 3),
            "sex": Sex.FEMALE,
            "phone": PHONE,
            "address": "RT 02",
        }
        with self.app.store.transaction() as tx:
            return register(self.app.deps, tx, self.who, AssistedFamily(**{**told, **more}), self.now)

    def mother(self, household: str) -> Any:
        with self.app.store.transaction() as tx:
            (contact,) = tx.caregivers_of(household)
        return contact

    def rows(self) -> int:
        """How many households there are in the posyandu."""
        with self.app.store.transaction() as tx:
            return len(tx.households_of_posyandu("melati"))

    def say(self, text: str) -> list[Reply]:
        """One message of the kader; the dialogue opens by itself."""
        self.number += 1
        with self.app.store.transaction() as tx:
            family = family_of_contact(tx, self.who.contact_id, self.now, "Asia/Jakarta")
            scene = Scene(self.app.deps, tx, self.who.contact_id, family, self.now, family.today, f"in-{self.number}")
            if self.state is None:
                assert JOURNEY.opens(scene, text, None), text
                turned = conductor.begin(JOURNEY, scene, text)
            else:
                understood = Understood((("inform", 0.9),))
                turned = conductor.go_on(JOURNEY, scene, self.state, text, understood, self.app.content_ids)
        self.state = turned.state
        for reply in turned.replies:
            for channel in Channel:
                words = render_reply(self.app.deps, reply, channel, family).text
                if channel is Channel.SMS:
                    assert gsm7_unsupported(words) == "" and sms_parts(words) <= 2, words
                else:
                    assert len(words) <= 1024 and "None" not in words, words
        return list(turned.replies)

    def keys(self, text: str) -> list[str]:
        return [reply.key.removeprefix("kader/hari/keluarga/") for reply in self.say(text)]


@pytest.fixture
def posyandu(app: App, now: datetime) -> Posyandu:
    return Posyandu(app, now)


# ------------------------------------------------------------------------------------------------ what is written down


def test_a_child_is_registered_with_its_mothers_word_and_who_heard_it(posyandu: Posyandu) -> None:
    done = posyandu.register()
    assert (done.new, done.reached, done.phone_problem) == (True, True, None)
    mother = posyandu.mother(done.household_id)
    with posyandu.app.store.transaction() as tx:
        (child,) = tx.children_of(done.household_id)
        assert (child.name, child.sex, child.birth_date) == ("Ani", Sex.FEMALE, date(2026, 5, 3))
        assert tx.household_address(done.household_id) == "RT 02"
        (consent,) = tx.consents_of(mother.id)
        place = tx.posyandu_of(done.household_id)
    assert (consent.purpose, consent.granted, consent.recorded_by) == (CHILD_CARE, True, posyandu.who.contact_id)
    assert "Apakah Ibu setuju?" in consent.wording
    assert mother.name == "Rina" and place is not None and place.id == "melati"


def test_without_the_mothers_yes_nothing_at_all_is_written(posyandu: Posyandu) -> None:
    with pytest.raises(AssistedError, match="no_consent"):
        posyandu.register(consent=False)
    assert posyandu.rows() == 0
    with posyandu.app.store.transaction() as tx:
        assert tx.contact_of_phone(PHONE) is None


def test_registering_twice_changes_nothing_more(posyandu: Posyandu) -> None:
    first = posyandu.register()
    again = posyandu.register(mother_name="Ibu RINA", child_name="ani ")
    assert again.household_id == first.household_id and not again.new
    mother = posyandu.mother(first.household_id)
    with posyandu.app.store.transaction() as tx:
        assert len(tx.children_of(first.household_id)) == 1
        assert len(tx.consents_of(mother.id)) == 1
        assert len([one for one in tx.outbox_of(mother.id) if one.kind is Kind.NOTICE]) == 1


def test_a_second_child_of_the_same_number_comes_into_the_same_household(posyandu: Posyandu) -> None:
    first = posyandu.register()
    second = posyandu.register(child_name="Budi", birth_date=date(2024, 2, 1), sex=Sex.MALE)
    assert second.household_id == first.household_id and second.new
    with posyandu.app.store.transaction() as tx:
        assert {child.name for child in tx.children_of(first.household_id)} == {"Ani", "Budi"}


def test_a_number_of_another_family_is_not_taken_over(posyandu: Posyandu) -> None:
    with posyandu.app.store.transaction() as tx:
        other = tx.contact_for_address(Channel.WHATSAPP, PHONE, PHONE, posyandu.now)[0]
        theirs = tx.household_of(other.id, posyandu.now)
    done = posyandu.register()
    assert (done.reached, done.phone_problem) == (False, "phone_taken")
    assert done.household_id != theirs
    with posyandu.app.store.transaction() as tx:
        found = tx.contact_of_phone(PHONE)
        assert found is not None and found.household_id == theirs and tx.outbox_of(other.id) == []


def test_a_number_that_once_wrote_and_never_registered_is_the_mothers(posyandu: Posyandu) -> None:
    with posyandu.app.store.transaction() as tx:
        writer = tx.contact_for_address(Channel.WHATSAPP, PHONE, PHONE, posyandu.now)[0]
    done = posyandu.register()
    assert done.reached and posyandu.mother(done.household_id).id == writer.id


def test_a_pregnant_woman_is_registered_by_either_date(posyandu: Posyandu) -> None:
    for mother, dates in (("Sari", {"lmp": date(2026, 6, 15)}), ("Tuti", {"edd": date(2027, 3, 22)})):
        done = posyandu.register(mother_name=mother, child_name=None, birth_date=None, sex=None, phone=None, **dates)
        with posyandu.app.store.transaction() as tx:
            pregnancy = tx.pregnancy_of(done.household_id)
            (contact,) = tx.caregivers_of(done.household_id)
            assert pregnancy is not None and pregnancy.edd == date(2027, 3, 22)
            assert pregnancy.contact_id == contact.id and tx.has_consent(contact.id, PREGNANCY_CARE)


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"mother_name": " "}, "no_mother"),
        ({"birth_date": date(2026, 11, 24)}, "birth_future"),
        ({"birth_date": date(2021, 11, 23)}, "birth_too_old"),  # 60 months today
        ({"child_name": None}, "nobody"),
        ({"child_name": None, "lmp": date(2025, 1, 1)}, "pregnancy_date"),
        ({"child_name": None, "edd": date(2028, 1, 1)}, "pregnancy_date"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(posyandu: Posyandu, told: dict[str, Any], code: str) -> None:
    with pytest.raises(AssistedError, match=code):
        posyandu.register(**told)
    assert posyandu.rows() == 0


def test_a_kader_registers_for_her_own_posyandu_alone(posyandu: Posyandu) -> None:
    with pytest.raises(NotAllowed):
        posyandu.register(posyandu_id="mawar")


def test_whether_there_is_a_buku_kia_is_kept(posyandu: Posyandu) -> None:
    done = posyandu.register(has_book=True)
    with posyandu.app.store.transaction() as tx:
        (child,) = tx.children_of(done.household_id)
        assert tx.book_of(child.id) is True
        tx.set_book(child.id, None)
        assert tx.book_of(child.id) is None


# ------------------------------------------------------------------------------------------------- how they are reached


def test_the_first_sms_says_who_writes_and_how_to_stop(posyandu: Posyandu) -> None:
    done = posyandu.register()
    with posyandu.app.store.transaction() as tx:
        (message,) = tx.outbox_of(posyandu.mother(done.household_id).id)
    assert message.channel is Channel.SMS and message.to == PHONE
    assert "Sapa Keluarga" in message.text and "berhenti" in message.text
    assert posyandu.app.settings.bot_whatsapp in message.text and sms_parts(message.text) <= 2


def test_a_family_with_sms_alone_gets_the_ordinary_reminders(posyandu: Posyandu) -> None:
    done = posyandu.register()
    three_days = datetime(2026, 12, 7, 16, 0, tzinfo=WIB)
    assert queue_due(posyandu.app.deps, three_days)["queued"] == 1
    with posyandu.app.store.transaction() as tx:
        messages = tx.outbox_of(posyandu.mother(done.household_id).id)
    (reminder,) = [one for one in messages if one.kind is Kind.REMINDER]
    assert reminder.channel is Channel.SMS and "10 Des 2026" in reminder.text


def test_a_family_without_any_phone_is_visited_and_nothing_fails(posyandu: Posyandu) -> None:
    done = posyandu.register(phone=None)
    assert not done.reached
    three_days = datetime(2026, 12, 7, 16, 0, tzinfo=WIB)
    fates = queue_due(posyandu.app.deps, three_days)
    assert (fates["queued"], fates["dropped"]) == (0, 1)
    assert posyandu_day.no_phone_due(posyandu.app.deps, three_days) == 1
    with posyandu.app.store.transaction() as tx:
        (visit,) = posyandu_day.home_visits(tx, posyandu.who, "melati")
    assert (visit.name, visit.address, visit.reason, visit.children) == ("Rina", "RT 02", "no_phone", ("Ani",))


# --------------------------------------------------------------------------------------------------------- the dialogue


def test_everything_may_be_told_at_once_and_only_the_mothers_yes_is_left(posyandu: Posyandu) -> None:
    told = "DAFTARKAN Ani anak Bu Rina lahir 3 mei 2026 perempuan, hp 0812-3456-7890, alamat RT 02"
    (reply,) = posyandu.say(told)
    assert reply.key == "kader/hari/keluarga/bacakan"
    with posyandu.app.store.transaction() as tx:
        words = render_reply(
            posyandu.app.deps,
            reply,
            Channel.WHATSAPP,
            family_of_contact(tx, posyandu.who.contact_id, posyandu.now, "Asia/Jakarta"),
        ).text
    assert assisted.consent_words(posyandu.app.deps, posyandu.now) in words
    assert posyandu.rows() == 0
    assert posyandu.keys("SUDAH SETUJU") == ["selesai"]
    with posyandu.app.store.transaction() as tx:
        (household,) = tx.households_of_posyandu("melati")
        (child,) = tx.children_of(household)
    assert (child.name, child.sex, child.birth_date) == ("Ani", Sex.FEMALE, date(2026, 5, 3))


def test_step_by_step_each_thing_is_asked_once(posyandu: Posyandu) -> None:
    steps = [
        ("daftarkan keluarga", "tanya-ibu"),
        ("rina wati", "tanya-anak"),
        ("Ani", "tanya-lahir"),
        ("3 mei 2026", "tanya-kelamin"),
        ("perempuan", "tanya-hp"),
        ("tidak ada", "tanya-alamat"),
        ("RT 02 RW 05 dekat kios", "bacakan"),
        ("lahir 4 mei 2026", "bacakan"),
        ("sudah setuju", "selesai"),
    ]
    assert [(text, *posyandu.keys(text)) for text, _ in steps] == steps
    with posyandu.app.store.transaction() as tx:
        (household,) = tx.households_of_posyandu("melati")
        (child,) = tx.children_of(household)
        assert tx.household_address(household) == "RT 02 RW 05 dekat kios"
    assert child.birth_date == date(2026, 5, 4)


def test_a_pregnant_woman_step_by_step(posyandu: Posyandu) -> None:
    steps = [
        ("daftarkan ibu hamil", "tanya-ibu"),
        ("Bu Sari", "tanya-haid"),
        ("15 juni 2026", "tanya-hp"),
        ("081234567890", "tanya-alamat"),
        ("lewati", "bacakan"),
        ("ibunya setuju", "selesai"),
    ]
    assert [(text, *posyandu.keys(text)) for text, _ in steps] == steps
    with posyandu.app.store.transaction() as tx:
        (household,) = tx.households_of_posyandu("melati")
        pregnancy = tx.pregnancy_of(household)
    assert pregnancy is not None and pregnancy.lmp == date(2026, 6, 15)


def test_a_mother_who_says_no_is_not_kept(posyandu: Posyandu) -> None:
    posyandu.say("DAFTARKAN Ani anak Bu Rina lahir 3 mei 2026 perempuan, tidak ada hp, alamat RT 02")
    assert posyandu.keys("tidak setuju") == ["tidak-setuju"]
    assert posyandu.state is None and posyandu.rows() == 0


def test_a_date_that_cannot_be_is_asked_again(posyandu: Posyandu) -> None:
    posyandu.say("daftarkan keluarga")
    posyandu.say("Rina")
    posyandu.say("Ani")
    (reply,) = posyandu.say("3 mei 2027")
    assert (reply.key, reply.vars["problem"]) == ("kader/hari/keluarga/tanya-lahir", "depan")
    (reply,) = posyandu.say("3 mei 2019")
    assert (reply.key, reply.vars["problem"]) == ("kader/hari/keluarga/tanya-lahir", "lama")
    assert posyandu.keys("3 mei 2026") == ["tanya-kelamin"]


def test_batal_ends_it_with_nothing_written(posyandu: Posyandu) -> None:
    posyandu.say("daftarkan keluarga")
    posyandu.say("Rina")
    assert posyandu.say("batal")[0].key == "dialog/perjalanan/batal"
    assert posyandu.state is None and posyandu.rows() == 0


@pytest.mark.parametrize("text", ["daftarkan anak saya Ani", "mau daftar", "daftar", "daftarkan Ani"])
def test_a_kaders_own_child_is_registered_the_ordinary_way(posyandu: Posyandu, text: str) -> None:
    assert not _opens(posyandu, posyandu.who.contact_id, text)


def test_nobody_but_staff_opens_it(posyandu: Posyandu) -> None:
    with posyandu.app.store.transaction() as tx:
        stranger = tx.contact_for_address(Channel.WHATSAPP, "+6281299999999", None, posyandu.now)[0]
    assert not _opens(posyandu, stranger.id, "daftarkan keluarga")


def _opens(posyandu: Posyandu, contact_id: str, text: str) -> bool:
    with posyandu.app.store.transaction() as tx:
        family = family_of_contact(tx, contact_id, posyandu.now, "Asia/Jakarta")
        return JOURNEY.opens(
            Scene(posyandu.app.deps, tx, contact_id, family, posyandu.now, family.today, "x"), text, None
        )


def test_a_family_that_was_registered_is_on_the_list_of_the_day(posyandu: Posyandu) -> None:
    posyandu.register(phone=None)
    with posyandu.app.store.transaction() as tx:
        (one,) = posyandu_day.expected(posyandu.app.deps, tx, "s", posyandu.now + timedelta(days=1))
    assert (one.name, one.mother, one.address) == ("Ani", "Rina", "RT 02")
