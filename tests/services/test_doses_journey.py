"""Several doses at once, everything up to an age, a dose taken back: shown with child and day, then written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sapa.bootstrap import App
from sapa.family.immunization import schedule
from sapa.family.people import Child
from sapa.family.reading.dose_bulk import visit_age
from sapa.messaging.sms import gsm7_unsupported, sms_parts
from sapa.messaging.states import Channel
from sapa.services.consents import CHILD_CARE
from sapa.services.dose_recording import record_from_message
from sapa.services.households import family_of_contact
from sapa.services.journeys import conductor
from sapa.services.journeys.contract import Scene
from sapa.services.journeys.doses import JOURNEY
from sapa.services.records import PosyanduRow, Reply
from sapa.services.replies import render_reply
from sapa.services.understanding import Understood

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
BORN = date(2026, 1, 3)  # ten months old: every visit up to nine months lies behind
PREFIX = "dialog/catat-imunisasi/"
UNSURE = Understood((("nlu_fallback", 0.2),), True)
TO_FOUR_MONTHS = {"HB0", "BCG", "OPV1", "DPTHBHIB1", "OPV2", "PCV1", "RV1", "DPTHBHIB2", "OPV3", "PCV2", "RV2"} | {
    *("DPTHBHIB3", "OPV4", "IPV1", "RV3")
}


class Talk:
    """A caregiver with children; the recorder is asked first, then the journey, as in the real dialogue."""

    def __init__(self, app: App, *children: Child, address: str = "+6281200000001") -> None:
        self.app, self.state = app, None
        self.shown: list[Mapping[str, Any]] = []
        with app.store.transaction() as tx:
            contact, _ = tx.contact_for_address(Channel.WHATSAPP, address, address, NOW)
            self.contact_id = contact.id
            tx.record_consent(contact.id, CHILD_CARE, "...", True, None, NOW)
            self.household_id = tx.household_of(contact.id, NOW)
            tx.save_posyandu(PosyanduRow("p1", "Melati", "Asia/Makassar", "Nusa Tenggara Timur"))
            tx.set_posyandu(self.household_id, "p1")
            for child in children:
                tx.save_child(self.household_id, child, NOW)

    def say(self, text: str, label: str | None = None) -> list[str]:
        """The content ids of what comes back, without the folder; every text is rendered for both channels."""
        understood = UNSURE if label is None else Understood(((label, 0.9),), False)
        with self.app.store.transaction() as tx:
            family = family_of_contact(tx, self.contact_id, NOW, "Asia/Makassar")
            scene = Scene(self.app.deps, tx, self.contact_id, family, NOW, TODAY, "in-1")
            if self.state is not None:
                turned = conductor.go_on(JOURNEY, scene, self.state, text, understood, self.app.content_ids)
            else:
                recorded = record_from_message(self.app.deps, tx, self.contact_id, text, label or "", NOW)
                if recorded is not None:
                    turned = conductor.Turned((recorded,))
                elif JOURNEY.opens(scene, text, label):
                    turned = conductor.begin(JOURNEY, scene, text)
                else:
                    return []
            self.state = turned.state
            family = family_of_contact(tx, self.contact_id, NOW, "Asia/Makassar")
            for reply in turned.replies:
                self._render(reply, family)
        self.last = turned.replies[-1]
        if self.last.key == PREFIX + "periksa":
            if self.last.vars["page"] == 1:
                self.shown = []
            self.shown += self.last.vars["rows"]
        return [reply.key.removeprefix(PREFIX) for reply in turned.replies]

    def _render(self, reply: Reply, family: Any) -> None:
        self.texts = {c: render_reply(self.app.deps, reply, c, family).text for c in (Channel.WHATSAPP, Channel.SMS)}
        assert len(self.texts[Channel.WHATSAPP]) <= 1024, self.texts[Channel.WHATSAPP]
        sms = self.texts[Channel.SMS]
        assert gsm7_unsupported(sms) == "" and sms_parts(sms) <= 2, sms

    def child(self, name: str = "Aisyah") -> Child:
        with self.app.store.transaction(write=False) as tx:
            return next(child for child in tx.children_of(self.household_id) if child.name == name)

    def doses(self, name: str = "Aisyah") -> dict[str, date]:
        return dict(self.child(name).doses)


def aisyah(**doses: date) -> Child:
    return Child(id="c1", name="Aisyah", birth_date=BORN, doses=doses)


def budi(**doses: date) -> Child:
    return Child(id="c2", name="Budi", birth_date=date(2024, 6, 1), doses=doses)


def twin(name: str, number: str) -> Child:
    return Child(id=number, name=name, birth_date=BORN)


# ------------------------------------------------------------------------------------------------ several named doses


@pytest.fixture
def database_url(one_database: str) -> str:
    """One kind of database is enough here: what it is asked is asked of both in test_dose_recording.py."""
    return one_database


def test_several_doses_are_shown_first_and_written_after_yes(app: App) -> None:
    talk = Talk(app, aisyah())
    assert talk.say("sudah DPT 1 sama polio 2 tgl 3 bulan lalu") == ["periksa"]
    assert talk.doses() == {}
    assert talk.say("benar") == ["selesai"] and talk.state is None
    assert talk.doses() == {"DPTHBHIB1": date(2026, 10, 3), "OPV2": date(2026, 10, 3)}


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (
            "BCG 3 februari, DPT1 5 maret, polio 2 juga",
            {"BCG": date(2026, 2, 3), "DPTHBHIB1": date(2026, 3, 5), "OPV2": date(2026, 3, 5)},
        ),
        ("imunisasi 2 bulan lengkap 10/3/26", dict.fromkeys(("DPTHBHIB1", "OPV2", "PCV1", "RV1"), date(2026, 3, 10))),
        (
            "HB0 3/1/26\nBCG 5/2/26\nPolio 1 5/2/26",
            {"HB0": BORN, "BCG": date(2026, 2, 5), "OPV1": date(2026, 2, 5)},
        ),
        ("DPT 5 maret, DPT 7 april", {"DPTHBHIB1": date(2026, 3, 5), "DPTHBHIB2": date(2026, 4, 7)}),
    ],
)
def test_what_is_named_with_its_day_needs_only_a_yes(app: App, text: str, written: dict[str, date]) -> None:
    talk = Talk(app, aisyah())
    assert talk.say(text) == ["periksa"]
    talk.say("ya benar")
    assert talk.doses() == written


def test_a_single_dose_with_its_day_is_written_at_once(app: App) -> None:
    talk = Talk(app, aisyah())
    assert talk.say("BCG 3 februari") == ["tercatat"] and talk.state is None
    assert talk.doses() == {"BCG": date(2026, 2, 3)}


def test_two_children_in_one_report(app: App) -> None:
    talk = Talk(app, aisyah(), budi())
    assert talk.say("BCG aisyah 3 februari, budi MR 1 1 maret 2025") == ["periksa"]
    assert {(row["names"][0], *row["doses"]) for row in talk.shown} == {("Aisyah", "BCG"), ("Budi", "MR1")}
    talk.say("benar")
    assert (talk.doses(), talk.doses("Budi")) == ({"BCG": date(2026, 2, 3)}, {"MR1": date(2025, 3, 1)})


def test_whose_doses_they_are_is_asked_and_nothing_told_is_lost(app: App) -> None:
    talk = Talk(app, aisyah(), budi())
    assert talk.say("sudah BCG 3 februari, DPT 1 5 maret") == ["anak-yang-mana"]
    assert talk.say("aisyah") == ["periksa"]
    talk.say("benar")
    assert talk.doses() == {"BCG": date(2026, 2, 3), "DPTHBHIB1": date(2026, 3, 5)} and talk.doses("Budi") == {}


def test_a_day_told_without_its_year_is_of_the_year_that_fits_the_age(app: App) -> None:
    """Budi was born in June 2024: two months in August 2024, three in September; not in 2026."""
    talk = Talk(app, budi())
    talk.say("DPT 1 3 agustus, DPT 2 5 september")
    talk.say("benar")
    assert talk.doses("Budi") == {"DPTHBHIB1": date(2024, 8, 3), "DPTHBHIB2": date(2024, 9, 5)}


def test_a_number_that_was_not_said_is_asked(app: App) -> None:
    talk = Talk(app, aisyah())
    assert talk.say("sudah BCG sama rotavirus") == ["yang-ke-berapa"]
    assert talk.say("1 dan 2") == ["tanya-kunjungan"]
    for text in ("3 februari", "5 maret", "7 april"):
        talk.say(text)
    talk.say("benar")
    assert set(talk.doses()) == {"BCG", "RV1", "RV2"}


def test_a_day_that_cannot_be_is_explained_and_asked_again(app: App) -> None:
    talk = Talk(app, aisyah())
    assert talk.say("BCG 1 november 2025, DPT 1 5 maret") == ["sebelum-lahir", "tanya-kunjungan"]
    assert talk.say("besok") == ["tanggal-belum-tiba", "tanya-kunjungan"]
    assert talk.say("maret") == ["tanggal-kurang-lengkap", "tanya-kunjungan"]
    assert talk.say("3 februari") == ["periksa"]
    talk.say("benar")
    assert talk.doses() == {"BCG": date(2026, 2, 3), "DPTHBHIB1": date(2026, 3, 5)}


def test_a_day_before_the_age_is_shown_with_its_reason(app: App) -> None:
    talk = Talk(app, aisyah())
    talk.say("DPT 1 20 januari 2026, BCG 3 februari")  # 17 days old; from six weeks on
    reasons = {row["doses"][0]: row["reason"] for row in talk.shown}
    assert reasons == {"DPTHBHIB1": "given_before_min_age", "BCG": None}
    assert "belum cukup" in talk.texts[Channel.WHATSAPP] and "cek lagi" in talk.texts[Channel.SMS]


def test_another_day_than_the_recorded_one_is_shown_beside_it(app: App) -> None:
    talk = Talk(app, aisyah(BCG=date(2026, 2, 1)))
    talk.say("BCG 3 februari, DPT 1 5 maret")
    assert [row["was"] for row in talk.shown] == ["2026-02-01", None]
    talk.say("benar")
    assert talk.doses()["BCG"] == date(2026, 2, 3)


# ----------------------------------------------------------------------------------------- everything up to an age


def test_everything_up_to_an_age_is_asked_by_visit_and_written_as_shown(app: App) -> None:
    talk = Talk(app, aisyah())
    assert talk.say("semua sampai 4 bulan lengkap") == ["tanya-kunjungan"]
    assert (talk.last.vars["months"], talk.last.vars["doses"]) == (0, ["HB0"])
    assert talk.say("3 januari") == ["tanya-kunjungan"]
    assert talk.say("1 bulan 5 februari, 2 bulan 5 maret, 3 bulan 7 april") == ["tanya-kunjungan"]
    assert talk.last.vars["months"] == 4
    assert talk.say("9 mei") == ["periksa"] and talk.doses() == {}
    while talk.state is not None:
        talk.say("benar")
    days = {0: BORN, 1: date(2026, 2, 5), 2: date(2026, 3, 5), 3: date(2026, 4, 7), 4: date(2026, 5, 9)}
    assert talk.doses() == {dose: days[visit_age(dose)] for dose in TO_FOUR_MONTHS}


def test_everything_may_be_told_in_one_message(app: App) -> None:
    talk = Talk(app, aisyah())
    first = talk.say("imunisasinya lengkap sampai 2 bulan, lahir 3 jan, 1 bulan 5 feb, 2 bulan 5 maret")
    assert first == ["periksa"]
    talk.say("benar")
    assert set(talk.doses()) == {"HB0", "BCG", "OPV1", "DPTHBHIB1", "OPV2", "PCV1", "RV1"}


def test_what_is_left_out_is_not_asked_about(app: App) -> None:
    talk = Talk(app, aisyah(**{dose: BORN for dose in TO_FOUR_MONTHS - {"RV3"}}))
    assert talk.say("udah komplit kecuali campak sama rota") == ["tanya-kunjungan"]
    assert talk.last.vars["doses"] == ["IPV2"]  # nine months: MR 1 and IPV 2; RV 3 is left out


@pytest.mark.parametrize(
    "text",
    ["anak sudah imunisasi lengkap sampai 4 bulan", "imunisasi nya lengkap smp umur 4 bln", "lengkap sampai DPT 3"],
)
def test_however_it_is_said(app: App, text: str) -> None:
    talk = Talk(app, aisyah())
    assert talk.say(text, "flow/catat-imunisasi") == ["tanya-kunjungan"]
    assert talk.state is not None
    assert {dose for item in talk.state["data"]["items"] for dose in item["doses"]} == TO_FOUR_MONTHS


@pytest.mark.parametrize(
    "text",
    [
        "imunisasi belum lengkap",
        "imunisasi lengkap itu apa saja?",
        "imunisasi dasar lengkap",
        "asi lengkap sampai 6 bulan",
        "biar imunisasinya lengkap harus gimana",
        "sudah lengkap",
        "lengkap sampai 4 bulan habis itu demam",
        "BCG, DPT",
        "BCG belum",
        "belum DPT 1",
    ],
)
def test_what_is_no_report_opens_nothing(app: App, text: str) -> None:
    assert Talk(app, aisyah()).say(text) == []


def test_the_child_is_asked_where_there_are_two(app: App) -> None:
    talk = Talk(app, aisyah(), budi())
    assert talk.say("imunisasinya lengkap sampai 2 bulan") == ["anak-yang-mana"]
    assert talk.say("budi") == ["tanya-kunjungan"] and talk.last.vars["names"] == ["Budi"]
    assert talk.say("lahir 1 juni, 1 bulan 3 juli, 2 bulan 4 agustus") == ["periksa"]
    talk.say("benar")
    assert set(talk.doses("Budi").values()) == {date(2024, 6, 1), date(2024, 7, 3), date(2024, 8, 4)}


def test_twins_are_asked_about_together(app: App) -> None:
    talk = Talk(app, twin("Ani", "t1"), twin("Ana", "t2"))
    talk.say("imunisasi keduanya lengkap sampai 1 bulan")
    assert talk.last.vars["names"] == ["Ani", "Ana"]
    assert talk.say("lahir 3 jan, 1 bulan 5 feb") == ["periksa"]
    assert [row["names"] for row in talk.shown] == [["Ani", "Ana"]] * 2
    talk.say("benar")
    assert talk.doses("Ani") == talk.doses("Ana") and set(talk.doses("Ana")) == {"HB0", "BCG", "OPV1"}


def test_what_stands_in_the_record_is_not_asked_again(app: App) -> None:
    talk = Talk(app, aisyah(HB0=BORN, BCG=date(2026, 2, 5), OPV1=date(2026, 2, 5)))
    assert talk.say("imunisasinya lengkap sampai 1 bulan") == ["sudah-semua"] and talk.state is None
    assert talk.say("imunisasinya lengkap sampai 2 bulan") == ["tanya-kunjungan"]
    assert talk.last.vars["months"] == 2


def test_a_visit_that_was_not_made_is_left_out(app: App) -> None:
    talk = Talk(app, aisyah())
    talk.say("imunisasinya lengkap sampai 2 bulan")
    assert talk.say("belum") == ["tanya-kunjungan"]  # at birth
    talk.say("5 februari")
    talk.say("5 maret")
    talk.say("benar")
    assert "HB0" not in talk.doses() and "BCG" in talk.doses()


# ----------------------------------------------------------------------------------------------------- unknown days


def test_days_nobody_knows_are_kept_as_reported_and_never_made_up(app: App) -> None:
    talk = Talk(app, aisyah())
    talk.say("imunisasinya lengkap sampai 2 bulan")
    assert talk.say("tidak tahu") == ["tanya-kunjungan"]
    talk.say("5 februari")
    assert talk.say("lupa") == ["periksa"]
    assert {row["kind"] for row in talk.shown} == {"given", "unknown"}
    talk.say("benar")
    assert talk.doses() == {"BCG": date(2026, 2, 5), "OPV1": date(2026, 2, 5)}
    assert talk.child().reported == {"HB0", "DPTHBHIB1", "OPV2", "PCV1", "RV1"}


@pytest.mark.parametrize("text", ["buku KIA nya hilang", "lupa semua", "gak punya bukunya"])
def test_a_lost_book_ends_the_questions(app: App, text: str) -> None:
    talk = Talk(app, aisyah())
    talk.say("semua sampai 4 bulan lengkap")
    assert talk.say(text) == ["periksa"]
    assert {row["kind"] for row in talk.shown} == {"unknown"}
    talk.say("benar")
    assert talk.doses() == {} and talk.child().reported == TO_FOUR_MONTHS


def test_a_reported_dose_gets_its_day_later_and_may_be_taken_back(app: App) -> None:
    talk = Talk(app, aisyah())
    talk.say("imunisasinya lengkap sampai 1 bulan, bukunya hilang")
    talk.say("benar")
    talk.say("BCG 5 februari")
    assert talk.child().reported == {"HB0", "OPV1"} and talk.doses() == {"BCG": date(2026, 2, 5)}
    talk.say("hapus HB0")
    talk.say("benar")
    assert talk.child().reported == {"OPV1"}


# ------------------------------------------------------------------------------------------------- changing the list


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BCG 6 februari", {"BCG": date(2026, 2, 6), "DPTHBHIB1": date(2026, 3, 5), "OPV2": date(2026, 3, 5)}),
        ("salah, polio 2 belum", {"BCG": date(2026, 2, 3), "DPTHBHIB1": date(2026, 3, 5)}),
        ("bukan, 2 bulan 6 maret", {"BCG": date(2026, 2, 3), **dict.fromkeys(("DPTHBHIB1", "OPV2"), date(2026, 3, 6))}),
        (
            "PCV 1 juga 5 maret",
            {"BCG": date(2026, 2, 3), **dict.fromkeys(("DPTHBHIB1", "OPV2", "PCV1"), date(2026, 3, 5))},
        ),
    ],
)
def test_the_list_is_corrected_in_plain_words(app: App, text: str, expected: dict[str, date]) -> None:
    talk = Talk(app, aisyah())
    talk.say("BCG 3 februari, DPT 1 5 maret, polio 2 juga")
    assert talk.say(text) == ["periksa"]
    talk.say("benar")
    assert talk.doses() == expected


def test_ubah_asks_what_and_names_suffice(app: App) -> None:
    talk = Talk(app, aisyah())
    talk.say("BCG 3 februari, DPT 1 5 maret, polio 2 juga")
    assert talk.say("ubah") == ["ubah-apa"]
    assert talk.say("yang 2 bulan") == ["tanya-kunjungan"]
    assert talk.say("6 maret") == ["periksa"]
    assert talk.say("ubah BCG") == ["tanya-kunjungan"]
    assert talk.say("4 februari") == ["periksa"]
    talk.say("benar")
    assert talk.doses() == {"BCG": date(2026, 2, 4), **dict.fromkeys(("DPTHBHIB1", "OPV2"), date(2026, 3, 6))}


def test_the_other_child_was_meant(app: App) -> None:
    talk = Talk(app, aisyah(), budi())
    talk.say("BCG aisyah 3 februari 2026, DPT 1 aisyah 5 maret 2026")
    assert talk.say("salah, itu budi") == ["periksa"]
    talk.say("benar")
    assert talk.doses() == {} and set(talk.doses("Budi")) == {"BCG", "DPTHBHIB1"}


def test_nothing_left_is_the_end(app: App) -> None:
    talk = Talk(app, aisyah())
    talk.say("BCG 3 februari, DPT 1 5 maret")
    talk.say("BCG belum")
    assert talk.say("DPT 1 juga belum") == ["tidak-jadi"] and talk.state is None
    assert talk.doses() == {}


def test_cancel_and_a_question_in_between_write_nothing(app: App) -> None:
    talk = Talk(app, aisyah())
    talk.say("BCG 3 februari, DPT 1 5 maret")
    assert talk.say("apa itu stunting?", "hpk/apa-itu-stunting") == ["hpk/apa-itu-stunting", "periksa"]
    talk.say("batal")
    assert talk.state is None and talk.doses() == {}


# ------------------------------------------------------------------------------------------------- taking a dose back


@pytest.mark.parametrize(
    "text", ["hapus BCG", "BCG belum ternyata", "salah, belum BCG", "BCG belum", "tolong hapus bcg nya bu"]
)
def test_a_dose_is_taken_back_after_a_yes(app: App, text: str) -> None:
    talk = Talk(app, aisyah(BCG=date(2026, 2, 3), HB0=BORN))
    assert talk.say(text, "flow/hapus-data" if "hapus" in text else None) == ["periksa"]
    assert talk.shown[0]["kind"] == "remove" and talk.doses() == {"BCG": date(2026, 2, 3), "HB0": BORN}
    assert talk.say("benar") == ["selesai"]
    assert talk.doses() == {"HB0": BORN}


def test_a_dose_that_is_not_there_cannot_be_taken_back(app: App) -> None:
    talk = Talk(app, aisyah())
    assert talk.say("hapus BCG") == ["belum-tercatat"] and talk.state is None


def test_which_of_several_is_asked(app: App) -> None:
    talk = Talk(app, aisyah(DPTHBHIB1=date(2026, 3, 5), DPTHBHIB2=date(2026, 4, 7)))
    assert talk.say("hapus DPT") == ["yang-ke-berapa"]
    assert talk.say("2") == ["periksa"]
    talk.say("benar")
    assert set(talk.doses()) == {"DPTHBHIB1"}


def test_erasing_everything_is_not_taken_for_a_dose(app: App) -> None:
    talk = Talk(app, aisyah(BCG=date(2026, 2, 3)))
    assert talk.say("hapus data saya", "flow/hapus-data") == []


# ------------------------------------------------------------------------------------------------------ what must hold


def test_the_last_turn_done_twice_writes_the_same(app: App) -> None:
    talk = Talk(app, aisyah())
    talk.say("BCG 3 februari, DPT 1 5 maret")
    before = talk.state
    first = talk.say("benar")
    doses, reply = talk.doses(), talk.last
    talk.state = before
    assert talk.say("benar") == first and (talk.doses(), talk.last) == (doses, reply)


def test_without_a_child_the_way_to_register_is_told(app: App) -> None:
    assert Talk(app).say("imunisasinya lengkap sampai 9 bulan") == ["tidak-ada"]


_numbers = (f"+62812{n:08d}" for n in range(10_000))


@pytest.fixture
def numbers() -> Iterator[str]:
    return _numbers


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    months=st.integers(0, 24),
    born=st.dates(date(2024, 11, 25), TODAY),
    twins=st.booleans(),
    left_out=st.sampled_from(["", " kecuali PCV", " kecuali campak", ", rotavirus belum"]),
    answers=st.lists(
        st.sampled_from(["hari ini", "tidak tahu", "belum", "1 november 2026", "3 mei", "besok"]), max_size=40
    ),
)
def test_a_report_of_everything_writes_exactly_what_was_shown(
    app: App, numbers: Iterator[str], months: int, born: date, twins: bool, left_out: str, answers: list[str]
) -> None:
    number = next(numbers)
    children = [Child(id=f"{number}-{n}", name=n, birth_date=born) for n in (("Ani", "Ana") if twins else ("Ani",))]
    talk = Talk(app, *children, address=number)
    talk.say(f"imunisasi {'keduanya ' if twins else ''}sudah lengkap sampai {months} bulan{left_out}")
    for answer in [*answers, *["tidak tahu"] * 12]:
        if talk.state is None or talk.state["asked"] != "date":
            break
        talk.say(answer)
    shown = {child.name: ({}, set()) for child in children}
    while talk.state is not None:
        assert talk.state["asked"] == "confirm" and all(not talk.doses(child.name) for child in children)
        talk.say("benar")
    for row in talk.shown:
        for name in row["names"]:
            for dose in row["doses"]:
                if row["kind"] == "given":
                    shown[name][0][dose] = date.fromisoformat(row["date"])
                else:
                    shown[name][1].add(dose)
    for child in children:
        kept = talk.child(child.name)
        assert (dict(kept.doses), set(kept.reported)) == shown[child.name]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(doses=st.lists(st.sampled_from([dose.id for dose in schedule() if dose.id != "JE1"]), unique=True, min_size=2))
def test_however_many_days_are_told_every_page_of_the_list_fits_an_sms(
    app: App, numbers: Iterator[str], doses: list[str]
) -> None:
    """Each dose on a day of its own, all of them odd and other than recorded: the longest list there can be."""
    number = next(numbers)
    names = ("Muhammad Rizki Ramadhan", "Siti Nurhaliza Maharani")
    before = {dose: date(2024, 12, 30) for dose in doses}
    children = [Child(id=number + n[:4], name=n, birth_date=date(2024, 12, 28), doses=before) for n in names]
    talk = Talk(app, *children, address=number)
    report = ", ".join(f"{dose} {n + 1}/{1 + n % 9}/2026" for n, dose in enumerate(doses))
    talk.say(f"keduanya {report}".replace("DPTHBHIB", "DPT "))
    while talk.state is not None and talk.state["asked"] == "confirm":
        talk.say("benar")  # rendered for both channels, and measured
    assert talk.state is None and {row["doses"][0] for row in talk.shown} == set(doses)
