"""The journey "kb" from the first message to the record, led by the conductor."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sapa.bootstrap import App
from sapa.clock import SetClock
from sapa.family.people import Child, Contraception, Pregnancy, Sex
from sapa.messaging.states import Channel
from sapa.services.consents import FAMILY_PLANNING
from sapa.services.households import family_of_contact
from sapa.services.journeys import conductor
from sapa.services.journeys.contraception import JOURNEY
from sapa.services.journeys.contract import Scene
from sapa.services.ports import Tx
from sapa.services.records import Reply
from sapa.services.replies import render_reply
from sapa.services.understanding import Understood
from tests.support import NOW, opened, settings_for, wired

_numbers = itertools.count(1)
CONSENT, DONE = "dialog/persetujuan/kb", "dialog/kb/selesai"
SUMMARY = "dialog/kb/ringkasan"
NOTHING_SURE = Understood((("inform", 0.2),), unsure=True)


class Talk:
    """A journey as the conductor leads it, with the state that Rasa would keep."""

    def __init__(self, app: App, now: datetime = NOW) -> None:
        self.app, self.now = app, now
        number = f"+6281299{next(_numbers):06d}"
        self.state: Any = None
        self.replies: tuple[Reply, ...] = ()
        self._number = 0
        with app.store.transaction() as tx:
            contact, _ = tx.contact_for_address(Channel.WHATSAPP, number, number, now)
            tx.household_of(contact.id, now)
        self.contact_id = contact.id

    def scene(self, tx: Tx) -> Scene:
        family = family_of_contact(tx, self.contact_id, self.now, "Asia/Jakarta")
        return Scene(self.app.deps, tx, self.contact_id, family, self.now, family.today, f"in-{self._number}")

    def say(self, text: str, understood: Understood = NOTHING_SURE, again: bool = False) -> list[str]:
        self._number += not again
        with self.app.store.transaction() as tx:
            scene = self.scene(tx)
            if self.state is None:
                turned = conductor.begin(JOURNEY, scene, text)
            else:
                turned = conductor.go_on(JOURNEY, scene, self.state, text, understood, self.app.content_ids)
            # Everything said must be printable on both channels.
            for reply in turned.replies:
                for channel in Channel:
                    assert render_reply(self.app.deps, reply, channel, scene.family).text
        self.replies = turned.replies
        if not again:
            self.state = turned.state
        return [reply.key for reply in turned.replies]

    def record(self) -> Contraception | None:
        with self.app.store.transaction(write=False) as tx:
            return tx.contraception_of(self.contact_id)


@pytest.fixture(scope="module")
def kb_app(tmp_path_factory: pytest.TempPathFactory, new_file: Callable[[Path], str]) -> Iterator[App]:
    """One application for all of these tests; each test is another person."""
    folder = tmp_path_factory.mktemp("kb")
    url = new_file(folder / "kb.db")
    engine = opened(url)
    yield wired(settings_for(url, folder), engine, SetClock(NOW))
    engine.dispose()


@pytest.fixture
def talk(kb_app: App) -> Talk:
    return Talk(kb_app)


def _text(talk: Talk, channel: Channel = Channel.WHATSAPP) -> str:
    with talk.app.store.transaction() as tx:
        family = talk.scene(tx).family
    return "\n".join(render_reply(talk.app.deps, reply, channel, family).text for reply in talk.replies)


ONE = "daftar kb suntik 3 bulan, terakhir 3 september, kembali 26 november"


def test_one_sentence_needs_only_consent_and_confirmation(talk: Talk) -> None:
    assert talk.say(ONE) == [CONSENT]
    assert talk.record() is None
    assert talk.say("setuju") == [SUMMARY]
    assert talk.record() is None
    assert talk.say("benar") == [DONE]
    record = talk.record()
    assert record is not None
    assert (record.method, record.last_date, record.return_on) == (
        "suntik_3_bulan",
        date(2026, 9, 3),
        date(2026, 11, 26),
    )
    assert talk.state is None


def test_step_by_step_asks_one_thing_at_a_time(talk: Talk) -> None:
    said = ["mau diingatkan kb", "ya", "suntik", "yang 3 bulan", "3 september", "26 november", "benar"]
    assert [talk.say(text) for text in said] == [
        [CONSENT],
        ["dialog/kb/tanya-cara"],
        ["dialog/kb/tanya-jenis"],
        ["dialog/kb/tanya-terakhir"],
        ["dialog/kb/tanya-kembali"],
        [SUMMARY],
        [DONE],
    ]
    record = talk.record()
    assert record is not None and record.return_on == date(2026, 11, 26)


@pytest.mark.parametrize(
    "told",
    [
        ["suntik 3 bulan", "terakhir 3 sep", "kembali 26 nov"],
        ["kembali 26 nov", "suntik 3 bulan", "terakhir 3 sep"],
        ["terakhir suntik 3 sep", "kembali 26 nov", "yang 3 bulan"],
    ],
)
def test_facts_in_any_order_make_the_same_record(talk: Talk, told: list[str]) -> None:
    talk.say("daftar kb")
    talk.say("setuju")
    for text in told:
        talk.say(text)
    while talk.state is not None and talk.state["asked"] != "summary":
        talk.say("belum tahu")
    talk.say("benar")
    record = talk.record()
    assert record is not None and (record.method, record.return_on) == ("suntik_3_bulan", date(2026, 11, 26))


def test_without_a_card_the_default_with_a_source_is_shown_as_our_reckoning(talk: Talk) -> None:
    talk.say("daftar kb suntik 3 bulan terakhir 3 september")
    assert talk.say("setuju") == ["dialog/kb/tanya-kembali"]
    assert talk.say("belum tahu") == [SUMMARY]
    assert "26 November 2026" in _text(talk) and "perkiraan" in _text(talk)
    talk.say("benar")
    record = talk.record()
    assert record is not None and record.return_on is None  # ours stays ours: the card may still tell


def test_for_a_monthly_injection_no_date_is_reckoned(talk: Talk) -> None:
    talk.say("daftar kb suntik sebulan terakhir 10 november")
    talk.say("setuju")
    talk.say("belum tahu")
    assert talk.say("tidak") == [SUMMARY]
    assert "Desember" not in _text(talk)
    talk.say("benar")
    assert talk.replies[0].vars["kb_return"] is None and talk.replies[0].vars["kb_reminded"]


def test_nothing_known_is_no_dead_end(talk: Talk) -> None:
    talk.say("daftar kb")
    said = ["setuju", "suntik", "tidak tahu", "lupa", "belum tahu", "ndak tau", "benar"]
    assert [talk.say(text) for text in said][-2:] == [[SUMMARY], [DONE]]
    assert "belum bisa kami ingatkan" in _text(talk)
    record = talk.record()
    assert record is not None and (record.method, record.last_date, record.return_on) == ("suntik", None, None)


@pytest.mark.parametrize(
    ("said", "method"),
    [(["kondom"], "kondom"), (["steril"], "mow"), (["menyusui saja", "3 oktober 2026"], "MAL")],
)
def test_a_method_is_asked_only_what_it_has(talk: Talk, said: list[str], method: str) -> None:
    talk.say("daftar kb")
    talk.say("setuju")
    answers = [talk.say(text) for text in said]
    assert answers[-1] == [SUMMARY]
    talk.say("benar")
    record = talk.record()
    assert record is not None and record.method == method


# ----------------------------------------------------------------------------------------------------- wrong values


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("3 desember 2026", "dialog/kb/tanggal-belum-tiba"),
        ("bulan lalu", "dialog/kb/tanggal-kurang-jelas"),
        ("31 februari", "dialog/kb/tanggal-kurang-jelas"),
        ("3 september 1990", "dialog/kb/tanggal-kurang-jelas"),
    ],
)
def test_a_wrong_last_date_is_explained_and_asked_again(talk: Talk, text: str, note: str) -> None:
    talk.say("daftar kb suntik 3 bulan")
    talk.say("setuju")
    assert talk.say(text) == [note, "dialog/kb/tanya-terakhir"]
    assert talk.say("3 september") == ["dialog/kb/tanya-kembali"]


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("1 september 2026", "dialog/kb/kembali-keliru"),
        ("26 november 2029", "dialog/kb/tanggal-terlalu-jauh"),
        ("bulan depan", "dialog/kb/tanggal-kurang-jelas"),
    ],
)
def test_a_wrong_return_date_is_explained_and_asked_again(talk: Talk, text: str, note: str) -> None:
    talk.say("daftar kb suntik 3 bulan terakhir 3 september")
    talk.say("setuju")
    assert talk.say(text) == [note, "dialog/kb/tanya-kembali"]
    assert talk.say("26 november") == [SUMMARY]


def test_who_is_late_is_asked_to_come_at_once_and_never_told_how_late_one_may_be(talk: Talk) -> None:
    talk.say("daftar kb suntik 3 bulan terakhir 3 agustus kembali 26 oktober")
    talk.say("setuju")
    talk.say("benar")
    for channel in Channel:
        text = _text(talk, channel)
        assert "secepatnya" in text and "26 Okt" in text
        assert "minggu" not in text.lower() and "hari" not in text.lower()


# ------------------------------------------------------------------------------------------------------- corrections


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (["ubah", "tanggal kembali", "2 desember"], ("suntik_3_bulan", date(2026, 9, 3), date(2026, 12, 2))),
        (["ubah tanggal kembali 2 desember"], ("suntik_3_bulan", date(2026, 9, 3), date(2026, 12, 2))),
        (["salah, terakhirnya 5 september"], ("suntik_3_bulan", date(2026, 9, 5), date(2026, 11, 26))),
        (["eh kembalinya 3 desember"], ("suntik_3_bulan", date(2026, 9, 3), date(2026, 12, 3))),
        (["ubah", "caranya implan", "3 mei 2025", "lupa"], ("implan", date(2025, 5, 3), None)),
        (["bukan, suntik yang sebulan", "tidak"], ("suntik_1_bulan", date(2026, 9, 3), date(2026, 11, 26))),
    ],
)
def test_at_the_summary_one_thing_can_be_changed(talk: Talk, said: list[str], expected: tuple[Any, ...]) -> None:
    talk.say(ONE)
    talk.say("setuju")
    for text in said:
        talk.say(text)
    assert talk.state["asked"] == "summary", talk.state
    assert talk.say("benar") == [DONE]
    record = talk.record()
    assert record is not None and (record.method, record.last_date, record.return_on) == expected


def test_a_question_in_between_is_answered_and_nothing_is_lost(talk: Talk) -> None:
    talk.say("daftar kb suntik 3 bulan")
    talk.say("setuju")
    aside = Understood((("kb/efek-samping", 0.9),))
    assert talk.say("kenapa suntik 3 bulan bikin tidak haid?", aside) == [
        "kb/efek-samping",
        "dialog/kb/tanya-terakhir",
    ]
    assert talk.state["data"]["method"] == "suntik_3_bulan"


def test_whoever_uses_nothing_is_not_pushed(talk: Talk) -> None:
    talk.say("daftar kb")
    talk.say("setuju")
    assert talk.say("belum") == ["dialog/kb/belum-pakai"]
    assert talk.state is None and talk.record() is None


def test_without_consent_nothing_is_kept(talk: Talk) -> None:
    talk.say(ONE)
    talk.say("tidak")
    assert talk.state is None and talk.record() is None
    with talk.app.store.transaction(write=False) as tx:
        assert not tx.has_consent(talk.contact_id, FAMILY_PLANNING)


# --------------------------------------------------------------------------------- for the bidan to judge


def test_a_combined_method_while_breastfeeding_is_passed_to_the_bidan_without_a_verdict(talk: Talk) -> None:
    talk.say("daftar kb suntik sebulan terakhir 10 november kembali 8 desember")
    assert talk.say("setuju") == ["dialog/kb/tanya-menyusui"]
    assert talk.say("ya, bayi 3 bulan") == ["dialog/kb/tanya-bidan", SUMMARY]
    assert talk.say("benar") == [DONE]  # said once, and the record is kept as she told it


def test_other_methods_are_not_asked_about_breastfeeding(talk: Talk) -> None:
    talk.say("daftar kb implan dipasang 3 mei 2025 kembali 3 mei 2028")
    assert talk.say("setuju") == [SUMMARY]


def test_the_baby_on_record_answers_for_its_age(talk: Talk) -> None:
    with talk.app.store.transaction() as tx:
        household = tx.household_of(talk.contact_id, talk.now)
        tx.save_child(household, Child("Ani", date(2026, 9, 1), Sex.FEMALE, id="ani"), talk.now)
    talk.say("daftar kb pakai mal")
    assert talk.say("setuju") == [SUMMARY]
    assert talk.replies[0].vars["kb_last"] == "2026-09-01"


# --------------------------------------------------------------------------------------------------- once registered


def _registered(talk: Talk) -> Contraception:
    for text in (ONE, "setuju", "benar"):
        talk.say(text)
    record = talk.record()
    assert record is not None
    return record


def test_beginning_again_shows_what_is_kept_and_changes_it(talk: Talk) -> None:
    before = _registered(talk)
    assert talk.say("daftar kb") == [SUMMARY]
    assert "tercatat sekarang" in _text(talk)
    assert talk.say("ubah tanggal kembali 2 desember") == [SUMMARY]
    assert talk.say("benar") == [DONE]
    after = talk.record()
    assert after is not None and (after.id, after.return_on) == (before.id, date(2026, 12, 2))


def test_another_method_ends_the_one_before(talk: Talk) -> None:
    before = _registered(talk)
    assert talk.say("ganti dari suntik ke susuk hari ini, data kb tolong diubah") == ["dialog/kb/tanya-kembali"]
    talk.say("belum tahu")
    talk.say("benar")
    after = talk.record()
    assert after is not None and after.id != before.id
    assert (after.method, after.last_date, after.return_on) == ("implan", date(2026, 11, 23), None)


def test_finishing_twice_for_one_message_changes_nothing_more(talk: Talk) -> None:
    talk.say(ONE)
    talk.say("setuju")
    asked = talk.state
    talk.say("benar")
    first = talk.record()
    talk.state = asked
    assert talk.say("benar", again=True) == [DONE]
    assert talk.record() == first


def test_a_pregnant_woman_is_told_kindly_that_it_can_wait(talk: Talk) -> None:
    with talk.app.store.transaction() as tx:
        household = tx.household_of(talk.contact_id, talk.now)
        lmp = date(2026, 6, 1)
        pregnancy = Pregnancy(lmp=lmp, edd=date(2027, 3, 8), contact_id=talk.contact_id, id="p-1")
        tx.save_pregnancy(household, pregnancy, talk.now)
    assert talk.say("daftar kb") == ["dialog/kb/sedang-hamil"]
    assert talk.state is None


def test_the_record_belongs_to_one_contact_never_to_the_household(talk: Talk) -> None:
    _registered(talk)
    husband = Talk(talk.app)
    with talk.app.store.transaction() as tx:
        tx.set_member(husband.contact_id, tx.household_of(talk.contact_id, talk.now), "ayah", False)
    assert husband.record() is None
    assert husband.say("daftar kb") == [CONSENT]  # he begins with nothing: hers is not shown to him


def test_the_last_words_prepare_for_neutral_reminders(talk: Talk) -> None:
    _registered(talk)
    for channel in Channel:
        assert "jadwal ke bidan" in _text(talk, channel)


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("daftar kb", True),
        ("mau diingatkan kb", True),
        ("tolong ingatkan suntik kb saya", True),
        ("stop pengingat kb", False),
        ("jangan ingatkan kb lagi", False),
        ("daftar kb di mana?", False),
        ("kb apa yang bagus", False),
        ("daftar anak", False),
        ("daftar hamil, kb gagal", False),
    ],
)
def test_only_a_request_in_so_many_words_opens_it(talk: Talk, text: str, asks: bool) -> None:
    with talk.app.store.transaction() as tx:
        assert JOURNEY.opens(talk.scene(tx), text, None) is asks


_SOUP = "suntik pil 3 bulan kembali terakhir tgl 26 nov sudah belum tahu ubah ke implan kb ya tidak bayi asi , 5/12 ?"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.text(max_size=40), st.lists(st.sampled_from(_SOUP.split())).map(" ".join)), max_size=6))
def test_no_talk_makes_it_stumble_and_what_it_knows_is_json(kb_app: App, told: list[str]) -> None:
    talk = Talk(kb_app)
    for text in ["daftar kb", "setuju", *told]:
        if talk.state is None and text != "daftar kb":
            break
        talk.say(text)
        assert json.loads(json.dumps(talk.state)) == talk.state


@pytest.mark.parametrize("text", ["TDK", "gak ada kartunya", "kartunya hilang"])
def test_where_a_date_is_asked_for_a_plain_no_means_not_known(talk: Talk, text: str) -> None:
    for said in ("daftar kb suntik 3 bulan terakhir 3 september 2026", "setuju"):
        talk.say(said)
    assert talk.say(text) == ["dialog/kb/ringkasan"]


def test_a_babys_birth_belongs_to_the_method_that_hangs_on_it(talk: Talk) -> None:
    with talk.app.store.transaction() as tx:
        family = family_of_contact(tx, talk.contact_id, talk.now, "Asia/Jakarta")
        scene = Scene(talk.app.deps, tx, talk.contact_id, family, talk.now, family.today, "in")
        assert JOURNEY.opens(scene, "daftar kb asi aja, bayi lahir 1 september 2026", "flow/daftar-anak")
        assert not JOURNEY.opens(scene, "daftar imunisasi anak, bukan kb", "flow/daftar-anak")
