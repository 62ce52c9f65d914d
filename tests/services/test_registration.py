"""From the form's first message to a child with a plan, on both databases."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from sapa.bootstrap import App
from sapa.messaging.states import Channel
from sapa.services.consents import CHILD_CARE
from sapa.services.demo import seed_demo
from sapa.services.registration import FormTurn, child_turn

ANI = "+6281200000001"


class Form:
    """The form as Rasa keeps it: the slots and what was asked last."""

    def __init__(self, app: App, now: datetime) -> None:
        self._app, self._now, self._number = app, now, 0
        self.slots: dict[str, Any] = {}
        self.asked: str | None = None
        with app.store.transaction() as tx:
            seed_demo(tx, now.date())
            contact, _ = tx.contact_for_address(Channel.WHATSAPP, ANI, ANI, now)
        self.contact_id = contact.id

    def say(self, text: str, label: str = "inform", again: bool = False) -> FormTurn:
        self._number += not again
        with self._app.store.transaction() as tx:
            turn = child_turn(
                self._app.deps,
                tx,
                self.contact_id,
                text,
                self.slots,
                self.asked,
                label,
                0.9,
                f"in-{self._number}",
                self._now,
                self._app.content_ids,
            )
        if not again:
            self.slots = {**self.slots, **turn.slots}
            self.asked = turn.next_slot
        return turn


@pytest.fixture
def form(app: App, now: datetime) -> Form:
    return Form(app, now)


ONE = "daftarkan anak saya Ani perempuan lahir 3 mei 2026 posyandu melati"


def _keys(turn: FormTurn) -> list[str]:
    return [reply.key for reply in turn.replies]


def test_one_sentence_needs_only_consent_and_confirmation(app: App, form: Form) -> None:
    assert _keys(form.say(ONE, "flow/daftar-anak")) == ["dialog/persetujuan/minta"]
    assert _keys(form.say("setuju")) == ["dialog/daftar-anak/konfirmasi"]
    assert _keys(form.say("benar")) == ["dialog/daftar-anak/selesai"]
    with app.store.transaction(write=False) as tx:
        contact = tx.contact(form.contact_id)
        assert contact is not None and contact.household_id is not None
        (child,) = tx.children_of(contact.household_id)
        assert (child.name, child.birth_date.isoformat(), child.sex) == ("Ani", "2026-05-03", "F")
        assert tx.has_consent(form.contact_id, CHILD_CARE)
        assert len(tx.reminders_of(contact.household_id)) > 10


def test_step_by_step_asks_one_thing_at_a_time(form: Form) -> None:
    asked = [_keys(form.say("mau daftar anak", "flow/daftar-anak"))]
    asked += [_keys(form.say(text)) for text in ("ya", "Yohanes Umbu", "laki2", "12-10-2026", "melati", "benar")]
    assert asked == [
        ["dialog/persetujuan/minta"],
        ["dialog/daftar-anak/tanya-nama"],
        ["dialog/daftar-anak/tanya-kelamin"],
        ["dialog/daftar-anak/tanya-tanggal-lahir"],
        ["dialog/daftar-anak/tanya-posyandu"],
        ["dialog/daftar-anak/konfirmasi"],
        ["dialog/daftar-anak/selesai"],
    ]


def test_nothing_about_the_child_is_written_before_it_is_confirmed(app: App, form: Form) -> None:
    form.say(ONE, "flow/daftar-anak")
    form.say("setuju")
    with app.store.transaction(write=False) as tx:
        contact = tx.contact(form.contact_id)
        assert contact is not None and contact.household_id is None


def test_a_refusal_of_consent_leaves_nothing_but_the_refusal(app: App, form: Form) -> None:
    form.say(ONE, "flow/daftar-anak")
    turn = form.say("tidak")
    assert _keys(turn) == ["dialog/persetujuan/ditolak"] and turn.next_slot is None
    assert not any(value for name, value in form.slots.items() if name.startswith("child_"))
    with app.store.transaction(write=False) as tx:
        assert not tx.has_consent(form.contact_id, CHILD_CARE)


def test_a_question_in_between_is_answered_and_the_form_goes_on(form: Form) -> None:
    form.say(ONE, "flow/daftar-anak")
    form.say("setuju")
    assert _keys(form.say("apa itu stunting?", "hpk/apa-itu-stunting")) == [
        "hpk/apa-itu-stunting",
        "dialog/daftar-anak/konfirmasi",
    ]


def test_a_correction_at_the_end_changes_the_fact_and_shows_everything_again(form: Form) -> None:
    form.say(ONE, "flow/daftar-anak")
    form.say("setuju")
    turn = form.say("salah, lahirnya 4 mei 2026")
    assert _keys(turn) == ["dialog/daftar-anak/konfirmasi"]
    assert turn.replies[0].vars["child_birth_date"] == "2026-05-04"


def test_the_same_turn_done_twice_is_one_child_and_one_consent(app: App, form: Form) -> None:
    form.say(ONE, "flow/daftar-anak")
    form.say("setuju")
    form.say("benar", again=True)  # Rasa died after the action and before it saved: the turn is done again
    form._number += 1
    form.say("benar", again=True)
    with app.store.transaction(write=False) as tx:
        contact = tx.contact(form.contact_id)
        assert contact is not None and contact.household_id is not None
        assert len(tx.children_of(contact.household_id)) == 1


def test_consent_once_given_is_not_asked_again_for_a_second_child(form: Form) -> None:
    for text in (ONE, "setuju", "benar"):
        form.say(text, "flow/daftar-anak")
    second = form.say("daftar anak Budi laki-laki lahir 1 juni 2024 posyandu melati", "flow/daftar-anak")
    assert _keys(second) == ["dialog/daftar-anak/konfirmasi"]


def test_a_child_born_early_gets_no_automatic_dates(form: Form) -> None:
    form.say(ONE, "flow/daftar-anak")
    form.say("setuju")
    summary = form.say("prematur")
    assert summary.replies[0].vars["child_special_care"] is True
    done = form.say("benar")
    assert done.replies[0].vars["special_care"] is True and done.replies[0].vars["next"] is None


def test_an_unknown_posyandu_is_kept_as_said_and_everything_else_goes_on(app: App, form: Form) -> None:
    for text in ("daftar anak Ani perempuan lahir 3 mei 2026", "setuju", "belum tahu"):
        form.say(text, "flow/daftar-anak")
    assert _keys(form.say("benar")) == ["dialog/daftar-anak/selesai"]


# ------------------------------------------------------------------------------------------------ several children


def _children_of(app: App, form: Form) -> list[tuple[str, str, str | None]]:
    with app.store.transaction(write=False) as tx:
        contact = tx.contact(form.contact_id)
        assert contact is not None and contact.household_id is not None
        found = tx.children_of(contact.household_id)
    return sorted((child.name, child.birth_date.isoformat(), child.sex) for child in found)


TWINS = "daftar anak kembar Ani dan Ana perempuan lahir 3 mei 2026 posyandu melati"


def test_twins_in_one_sentence_need_only_consent_and_confirmation(app: App, form: Form) -> None:
    assert _keys(form.say(TWINS, "flow/daftar-anak")) == ["dialog/persetujuan/minta"]
    summary = form.say("setuju")
    assert _keys(summary) == ["dialog/daftar-anak/konfirmasi"]
    assert summary.replies[0].vars["others"] == [{"name": "Ana", "sex": "F", "birth_date": "2026-05-03"}]
    done = form.say("benar")
    assert _keys(done) == ["dialog/daftar-anak/selesai"] and done.replies[0].vars["child_name"] == ["Ani", "Ana"]
    assert _children_of(app, form) == [("Ana", "2026-05-03", "F"), ("Ani", "2026-05-03", "F")]


def test_twins_step_by_step_are_asked_one_thing_at_a_time(app: App, form: Form) -> None:
    asked = [_keys(form.say("mau daftar anak kembar", "flow/daftar-anak"))]
    said = ("ya", "Budi", "Sari", "laki laki", "perempuan", "12-10-2026", "melati", "benar")
    asked += [_keys(form.say(text)) for text in said]
    assert [key for (key,) in asked] == [
        "dialog/persetujuan/minta",
        "dialog/daftar-anak/tanya-nama",
        "dialog/daftar-anak/tanya-nama-berikutnya",
        "dialog/daftar-anak/tanya-kelamin",
        "dialog/daftar-anak/tanya-kelamin",
        "dialog/daftar-anak/tanya-tanggal-lahir",
        "dialog/daftar-anak/tanya-posyandu",
        "dialog/daftar-anak/konfirmasi",
        "dialog/daftar-anak/selesai",
    ]
    assert _children_of(app, form) == [("Budi", "2026-10-12", "M"), ("Sari", "2026-10-12", "F")]


@pytest.mark.parametrize(
    ("texts", "children"),
    [
        (["daftar kembar cowok cewek lahir 12/10/2026 posyandu melati", "ya", "Budi dan Sari"], "BM SF"),
        (["kembar, laki dan perempuan, Budi sama Sari, 12 oktober 2026, posyandu melati", "ya"], "BM SF"),
        (["mau daftar anak", "ya", "kembar, Budi sama Bayu", "laki-laki", "cowok", "12/10/2026", "melati"], "BM BM"),
        (["mau daftar bayi kembar", "ya", "Budi", "cuma satu", "cowok", "12/10/2026", "melati"], "BM"),
    ],
)
def test_twins_however_they_are_told(app: App, form: Form, texts: list[str], children: str) -> None:
    for text in texts:
        form.say(text, "flow/daftar-anak" if text == texts[0] else "inform")
    assert form.asked == "child_confirmed"
    form.say("benar")
    found = _children_of(app, form)
    assert " ".join(sorted(f"{name[0]}{sex}" for name, _, sex in found)) == children
    assert {day for _, day, _ in found} == {"2026-10-12"}


def test_two_children_of_different_age_in_one_sentence(app: App, form: Form) -> None:
    form.say("daftarkan Ani P 3/5/2026 dan Budi L 1/6/2024 posyandu melati", "flow/daftar-anak")
    assert _keys(form.say("setuju")) == ["dialog/daftar-anak/konfirmasi"]
    done = form.say("benar")
    assert [reply.vars["child_name"] for reply in done.replies] == ["Ani", "Budi"]
    assert _children_of(app, form) == [("Ani", "2026-05-03", "F"), ("Budi", "2024-06-01", "M")]


def test_two_bare_names_are_two_children_and_each_is_asked_about(form: Form) -> None:
    form.say("daftar anak Ani dan Budi", "flow/daftar-anak")
    form.say("setuju")
    said = ("perempuan", "laki laki", "3 mei 2026", "1 juni 2024", "melati")
    keys = [_keys(form.say(text))[-1].removeprefix("dialog/daftar-anak/") for text in said]
    assert keys == ["tanya-kelamin", "tanya-tanggal-lahir", "tanya-tanggal-lahir", "tanya-posyandu", "konfirmasi"]


@pytest.mark.parametrize(
    ("text", "first", "other"),
    [
        ("salah, Ana laki-laki", ("Ani", "F"), ("Ana", "M")),
        ("bukan Ana tapi Anna", ("Ani", "F"), ("Anna", "F")),
        ("salah, namanya bukan Ani tapi Ayu", ("Ayu", "F"), ("Ana", "F")),
    ],
)
def test_a_correction_at_the_summary_goes_to_the_twin_it_names(
    form: Form, text: str, first: tuple[str, str], other: tuple[str, str]
) -> None:
    form.say(TWINS, "flow/daftar-anak")
    form.say("setuju")
    summary = form.say(text).replies[-1].vars
    assert (summary["child_name"], summary["child_sex"]) == first
    assert (summary["others"][0]["name"], summary["others"][0]["sex"]) == other


def test_the_day_of_twins_is_changed_for_both(app: App, form: Form) -> None:
    for text in (TWINS, "setuju", "salah, lahirnya 4 mei 2026", "benar"):
        form.say(text, "flow/daftar-anak")
    assert {day for _, day, _ in _children_of(app, form)} == {"2026-05-04"}


def test_a_child_registered_again_is_recognised_and_the_second_one_is_new(app: App, form: Form) -> None:
    for text in (ONE, "setuju", "benar"):
        form.say(text, "flow/daftar-anak")
    again = form.say("daftar anak ani perempuan lahir 3/5/2026 posyandu melati", "flow/daftar-anak")
    assert _keys(again) == ["dialog/daftar-anak/sudah-terdaftar"] and again.next_slot is None
    form.say("daftar anak kedua", "flow/daftar-anak")
    for text in ("Budi", "laki laki", "1 juni 2024", "melati", "benar"):
        form.say(text)
    assert _children_of(app, form) == [("Ani", "2026-05-03", "F"), ("Budi", "2024-06-01", "M")]


@pytest.mark.parametrize("sign", ["prematur", "lahir 34 minggu", "bb lahir 2,1 kg"])
def test_a_small_baby_gets_a_health_worker_beside_it(app: App, form: Form, sign: str) -> None:
    for text in (f"{ONE} {sign}", "setuju"):
        form.say(text, "flow/daftar-anak")
    form.say("benar", again=True)
    form.say("benar", again=True)  # the same turn once more
    with app.store.transaction(write=False) as tx:
        assert [case.kind for case in tx.open_cases_of(form.contact_id)] == ["bayi-kecil"]


def test_a_child_born_in_time_opens_no_case(app: App, form: Form) -> None:
    for text in (ONE, "setuju", "benar"):
        form.say(text, "flow/daftar-anak")
    with app.store.transaction(write=False) as tx:
        assert tx.open_cases_of(form.contact_id) == []
