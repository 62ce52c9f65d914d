"""Every second village has a "Melati": who says the bare name is asked for the desa, never put into the wrong one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from sapa.bootstrap import App
from sapa.messaging.states import Channel
from sapa.services import places
from sapa.services.households import family_of_contact
from sapa.services.journeys import conductor
from sapa.services.journeys.contract import Journey, Scene
from sapa.services.journeys.correct import JOURNEY as CORRECT
from sapa.services.journeys.pregnancy import JOURNEY as PREGNANCY
from sapa.services.records import PosyanduRow
from sapa.services.registration import child_turn
from sapa.services.understanding import Understood
from tests.household_phones import FATHER as NEIGHBOUR
from tests.household_phones import MOTHER, Village

OESAPA, LASIANA = "Melati (Desa Oesapa)", "Melati (Desa Lasiana)"


def place(own_id: str, name: str, village: str | None) -> PosyanduRow:
    return PosyanduRow(own_id, name, "Asia/Makassar", "Nusa Tenggara Timur", village)


MELATIS = (
    place("a", "Melati", "Desa Oesapa"),
    place("b", "Melati", "Desa Lasiana"),
    place("c", "Mawar", "Desa Oesapa"),
)


def test_a_name_is_enough_until_two_bear_it() -> None:
    assert list(places.labels(MELATIS)) == [OESAPA, LASIANA, "Mawar"]
    assert list(places.labels(MELATIS[1:])) == ["Melati", "Mawar"]


def test_two_of_one_desa_or_without_a_desa_are_told_apart_by_a_number() -> None:
    rows = (place("a", "Melati", "Desa X"), place("b", "Posyandu Melati", "Desa X"), place("c", "melati", None))
    assert list(places.labels(rows)) == ["Melati (Desa X)", "Posyandu Melati (Desa X)", "melati"]
    twice = (place("a", "Melati", None), place("b", "Melati", None))
    assert list(places.labels(twice)) == ["Melati", "Melati 2"]


@pytest.mark.parametrize(
    ("name", "village", "ids"),
    [
        ("Melati", "", ["a", "b"]),
        ("posyandu MELATI", "Oesapa", ["a"]),
        ("Melati", "desa lasiana", ["b"]),
        ("Melati (Desa Lasiana)", "", ["b"]),
        ("melati lasiana", "", ["b"]),
        ("Mawar", "", ["c"]),
        ("Mawar", "Lasiana", []),
        ("Anggrek", "", []),
    ],
)
def test_a_register_finds_its_posyandu_by_name_and_desa(name: str, village: str, ids: list[str]) -> None:
    assert [row.id for row in places.find(MELATIS, name, village)] == ids


@pytest.mark.parametrize(("one", "other"), [("Melati II", "melati 2"), ("Posyandu  Melati", "MELATI."), ("Ds. X", "x")])
def test_names_of_places_are_compared_without_case_dots_and_numerals(one: str, other: str) -> None:
    assert places.place_key(one) == places.place_key(other)


def test_more_posyandu_than_fit_on_a_screen_are_asked_for_by_name() -> None:
    assert places.offered(["Melati"] * 12) and places.offered(["Melati"] * 13) == []


# ------------------------------------------------------------------------------------------------------ in dialogues


@pytest.fixture
def village(app: App, now: datetime) -> Village:
    """A family of the demonstration's Melati, which lies in "Desa Contoh"; two more Melati have come to it."""
    found = Village(app, now)
    found.register(NEIGHBOUR)
    with app.store.transaction() as tx:
        for row in MELATIS[:2]:
            tx.save_posyandu(row)
    return found


def home_of(village: Village, phone: str = NEIGHBOUR) -> str | None:
    """The id of the posyandu of whoever holds a phone."""
    with village.app.store.transaction(write=False) as tx:
        household_id = village.contact(phone).household_id
        row = tx.posyandu_of(household_id) if household_id else None
    return row.id if row else None


def test_a_family_that_moves_is_asked_which_melati(village: Village) -> None:
    assert village.say(NEIGHBOUR, "kami pindah ke posyandu melati") == ["dialog/pindah/posyandu-tidak-dikenal"]
    asked = village.sent_to(NEIGHBOUR)[-1].text
    assert all(label in asked for label in (OESAPA, LASIANA, "Melati (Desa Contoh)")) and "belum ada" not in asked
    assert village.say(NEIGHBOUR, "posyandu melati desa lasiana") == ["dialog/pindah/konfirmasi"]
    assert village.say(NEIGHBOUR, "benar") == ["dialog/pindah/selesai"]
    assert home_of(village) == "b"


def test_the_desa_beside_the_name_says_it_at_once(village: Village) -> None:
    assert village.say(NEIGHBOUR, "kami pindah ke posyandu melati desa lasiana") == ["dialog/pindah/konfirmasi"]
    assert village.say(NEIGHBOUR, "benar") == ["dialog/pindah/selesai"]
    assert home_of(village) == "b"


def test_the_number_of_the_list_is_the_one_that_was_shown(village: Village) -> None:
    village.say(NEIGHBOUR, "kami pindah ke posyandu melati")
    shown = [line for line in village.sent_to(NEIGHBOUR)[-1].text.splitlines() if line[:1].isdigit()]
    number = next(line.partition(".")[0] for line in shown if OESAPA in line)
    assert village.say(NEIGHBOUR, number) == ["dialog/pindah/konfirmasi"]
    village.say(NEIGHBOUR, "benar")
    assert home_of(village) == "a"


class Registration:
    """A child's registration, message by message."""

    def __init__(self, village: Village) -> None:
        self._village, self._number = village, 0
        self.slots: dict[str, Any] = {}
        self.asked: str | None = None
        with village.app.store.transaction() as tx:
            contact, _ = tx.contact_for_address(Channel.WHATSAPP, MOTHER, MOTHER, village.now)
        self.contact_id = contact.id

    def say(self, text: str) -> list[Any]:
        self._number += 1
        app = self._village.app
        with app.store.transaction() as tx:
            turn = child_turn(
                app.deps, tx, self.contact_id, text, self.slots, self.asked, "inform", 0.9, f"in-{self._number}",
                self._village.now, app.content_ids,
            )  # fmt: skip
        self.slots, self.asked = {**self.slots, **turn.slots}, turn.next_slot
        return list(turn.replies)


def test_a_registration_asks_which_melati_and_joins_that_one(village: Village) -> None:
    form = Registration(village)
    form.say("daftarkan anak saya Ani perempuan lahir 3 mei 2026 posyandu melati")
    (asked,) = form.say("setuju")
    assert asked.key == "dialog/daftar-anak/posyandu-tidak-dikenal"
    assert set(asked.vars["options"][:3]) == {OESAPA, LASIANA, "Melati (Desa Contoh)"}
    (shown,) = form.say(str(asked.vars["options"].index(LASIANA) + 1))
    assert shown.key == "dialog/daftar-anak/konfirmasi" and shown.vars["child_posyandu"] == LASIANA
    form.say("benar")
    assert home_of(village, MOTHER) == "b"


def test_a_registration_with_the_desa_asks_nothing_more(village: Village) -> None:
    form = Registration(village)
    form.say("daftarkan anak saya Ani perempuan lahir 3 mei 2026 posyandu melati desa oesapa")
    (shown,) = form.say("setuju")
    assert shown.vars["child_posyandu"] == OESAPA


def test_many_posyandu_are_not_listed_and_a_number_picks_none_that_was_not_shown(village: Village) -> None:
    with village.app.store.transaction() as tx:
        for number in range(20):
            tx.save_posyandu(place(f"n{number}", f"Anggrek {number}", "Desa Jauh"))
    form = Registration(village)
    form.say("daftarkan anak saya Ani perempuan lahir 3 mei 2026")
    (asked,) = form.say("setuju")
    assert asked.key == "dialog/daftar-anak/tanya-posyandu" and asked.vars["options"] == []
    form.say("1")
    assert not form.slots.get("child_posyandu")
    (shown,) = form.say("anggrek 7")
    assert shown.vars["child_posyandu"] == "Anggrek 7"


class Talk:
    """A journey, message by message."""

    def __init__(self, village: Village, journey: Journey, phone: str) -> None:
        self._village, self._journey, self._phone = village, journey, phone
        self._state: Any = None

    def say(self, text: str) -> list[Any]:
        app, now = self._village.app, self._village.now
        with app.store.transaction() as tx:
            contact_id = tx.contact_id_for(Channel.WHATSAPP, self._phone)
            assert contact_id is not None
            family = family_of_contact(tx, contact_id, now, "Asia/Jakarta")
            scene = Scene(app.deps, tx, contact_id, family, now, family.today, f"in-{text}")
            unsure = Understood((("nlu_fallback", 0.0),), unsure=True)
            if self._state is None:
                turned = conductor.begin(self._journey, scene, text)
            else:
                turned = conductor.go_on(self._journey, scene, self._state, text, unsure, ())
            self._state = turned.state
        return list(turned.replies)


@pytest.mark.parametrize(("answer", "home"), [("melati desa lasiana", "b"), ("BUKAN", None), ("99", "same")])
def test_a_correction_to_a_name_that_several_bear_asks_which(village: Village, answer: str, home: str | None) -> None:
    before = home_of(village)
    talk = Talk(village, CORRECT, NEIGHBOUR)
    (asked,) = talk.say("posyandunya salah, harusnya posyandu melati")
    assert asked.key == "dialog/pindah/posyandu-tidak-dikenal"
    talk.say(answer)
    talk.say("benar")
    assert home_of(village) == (before if home == "same" else home)


def test_a_pregnancy_is_registered_at_the_melati_that_was_meant(village: Village) -> None:
    with village.app.store.transaction() as tx:
        tx.contact_for_address(Channel.WHATSAPP, MOTHER, MOTHER, village.now)
    talk = Talk(village, PREGNANCY, MOTHER)
    talk.say("saya hamil, hpht 1 juni 2026, posyandu melati desa oesapa")
    for answer in ("setuju", "1", "benar"):
        talk.say(answer)
    assert home_of(village, MOTHER) == "a"
