"""Templates on their way to approval: nothing is made twice, nothing is lost, and what is sent is what was approved."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sapa.bootstrap import App
from sapa.messaging.templates import Button, Template, base_name
from sapa.services.ports_templates import (
    APPROVED,
    CREATED,
    DISABLED,
    DRAFT,
    PAUSED,
    PENDING,
    REJECTED,
    ProviderTrouble,
    RemoteTemplate,
    TemplateRow,
)
from sapa.services.templates import (
    ASK_ELSE,
    ASK_WHILE_PENDING,
    GAPS_CHANGED,
    GONE,
    Pushed,
    approved_sids,
    mark_template,
    push,
    refresh_templates,
    standings,
)

BODY = "Halo, ini pengingat dari kami untuk keluarga: {{1}} Balas pesan ini kalau ada pertanyaan."
NEWER = BODY.replace("Halo", "Selamat pagi")


@pytest.fixture
def database_url(one_database: str) -> str:
    """What is asked of the store here is asked of both kinds in tests/store/test_template_rows.py."""
    return one_database


def template(name: str = "pengingat", body: str = BODY, sample: str = "besok ada posyandu.") -> Template:
    return Template(name, "id", "utility", body, (sample,), (Button("Ya", "ya"),), "A reminder.", ("x",))


FIRST, SECOND = template(), template("kabar", BODY.replace("pengingat", "kabar"))


class Shelf:
    """A provider that keeps what it is given. `breaks`: at which calls it fails, before or after it did its work."""

    def __init__(self, *breaks: str) -> None:
        self.kept: dict[str, RemoteTemplate] = {}
        self.calls: list[str] = []
        self._breaks = list(breaks)

    def listed(self) -> list[RemoteTemplate]:
        self._call("list")
        return list(reversed(self.kept.values()))

    def create(self, template: Template, name: str) -> str:
        late = self._call("create", name)
        sid = f"HX{len(self.kept) + 1:032x}"
        self.kept[sid] = RemoteTemplate(sid, name, template.language, template.shape, CREATED)
        if late:
            raise ProviderTrouble("no answer")
        return sid

    def submit(self, sid: str, name: str, category: str) -> RemoteTemplate | None:
        late = self._call("submit", name)
        assert self.kept[sid].status == CREATED, "handed to Meta twice"
        self.stands(sid, PENDING, category=category)
        if late:
            raise ProviderTrouble("no answer")
        return self.kept[sid]

    def stands(self, sid: str, status: str, reason: str | None = None, category: str | None = None) -> None:
        self.kept[sid] = replace(self.kept[sid], status=status, reason=reason, category=category)

    def sid(self, name: str) -> str:
        (sid,) = [one.sid for one in self.kept.values() if one.name == name]
        return sid

    def _call(self, kind: str, name: str = "") -> bool:
        """Count the call; true if it must break after its work."""
        self.calls.append(f"{kind} {name}".strip())
        what = self._breaks.pop(0) if self._breaks else ""
        if what == "refused":
            raise ProviderTrouble("Twilio refused it: bad language", 60200)
        if what == "before":
            raise ProviderTrouble("cannot be reached")
        return what == "after"


def _statuses(app: App) -> dict[str, str]:
    with app.store.transaction(write=False) as tx:
        return {row.name: row.status for row in tx.template_rows()}


def _sids(app: App) -> dict[str, str]:
    with app.store.transaction(write=False) as tx:
        return approved_sids(tx)


def _approved(app: App, shelf: Shelf, now: datetime, *templates: Template) -> None:
    """Push these and let Meta approve them."""
    push(app.store, shelf, templates, now)
    for sid, one in list(shelf.kept.items()):
        if one.status == PENDING:
            shelf.stands(sid, APPROVED)
    refresh_templates(app.store, shelf, {one.name: one for one in templates}, now, force=True)


# ------------------------------------------------------------------------------------------------------------- pushing


def test_a_push_creates_each_template_and_hands_it_to_meta(app: App, now: datetime) -> None:
    shelf, told = Shelf(), list[Pushed]()
    done = push(app.store, shelf, [FIRST, SECOND], now, told.append)
    assert shelf.calls == ["list", "create pengingat", "submit pengingat", "create kabar", "submit kabar"]
    assert [(one.name, one.fate, one.line) for one in done] == [
        ("pengingat", "created", PENDING),
        ("kabar", "created", PENDING),
    ]
    assert told == done
    assert _statuses(app) == {"pengingat": PENDING, "kabar": PENDING}
    assert _sids(app) == {}


def test_a_second_push_creates_nothing(app: App, now: datetime) -> None:
    shelf = Shelf()
    push(app.store, shelf, [FIRST], now)
    again = push(app.store, shelf, [FIRST], now)
    assert shelf.calls[-1] == "list" and again[0].fate == "unchanged"


def test_a_dry_run_says_what_would_be_done_and_does_nothing(app: App, now: datetime) -> None:
    shelf = Shelf()
    assert push(app.store, shelf, [FIRST], now, dry_run=True)[0].fate == "would_create"
    assert (shelf.calls, _statuses(app)) == (["list"], {})


def test_a_changed_body_gets_a_new_name_and_the_old_wording_goes_on_until_the_new_one_is_approved(
    app: App, now: datetime
) -> None:
    shelf, changed = Shelf(), template(body=NEWER)
    _approved(app, shelf, now, FIRST)
    old = shelf.sid("pengingat")
    assert push(app.store, shelf, [changed], now)[0].sent_as == "pengingat_v2"
    refresh_templates(app.store, shelf, {"pengingat": changed}, now, force=True)
    assert _sids(app) == {"pengingat": old}
    assert _statuses(app) == {"pengingat": APPROVED, "pengingat_v2": PENDING}

    new = shelf.sid("pengingat_v2")
    shelf.stands(new, APPROVED)
    refresh_templates(app.store, shelf, {"pengingat": changed}, now, force=True)
    assert _sids(app) == {"pengingat": new}
    assert _statuses(app) == {"pengingat": APPROVED}
    assert push(app.store, shelf, [changed], now)[0].fate == "unchanged"


def test_a_body_changed_back_takes_up_the_wording_that_was_approved_before(app: App, now: datetime) -> None:
    shelf, changed = Shelf(), template(body=NEWER)
    _approved(app, shelf, now, FIRST)
    _approved(app, shelf, now, changed)
    push(app.store, shelf, [FIRST], now)
    assert _sids(app) == {"pengingat": shelf.sid("pengingat")}
    assert [one.name for one in shelf.kept.values()] == ["pengingat", "pengingat_v2"]


def test_a_rejected_wording_is_not_handed_in_again_and_its_name_not_used_again(app: App, now: datetime) -> None:
    shelf = Shelf()
    push(app.store, shelf, [FIRST], now)
    shelf.stands(shelf.sid("pengingat"), REJECTED, "INVALID_FORMAT: too vague")
    done = push(app.store, shelf, [FIRST], now)
    assert (done[0].fate, done[0].line) == (REJECTED, "INVALID_FORMAT: too vague")
    assert shelf.calls.count("create pengingat") == 1
    assert push(app.store, shelf, [template(body=NEWER)], now)[0].sent_as == "pengingat_v2"


def test_a_name_that_was_deleted_at_the_provider_is_not_used_again(app: App, now: datetime) -> None:
    shelf = Shelf()
    _approved(app, shelf, now, FIRST)
    shelf.kept.clear()
    refresh_templates(app.store, shelf, {"pengingat": FIRST}, now, force=True)
    assert _statuses(app) == {"pengingat": DISABLED} and _sids(app) == {}
    assert push(app.store, shelf, [FIRST], now)[0].sent_as == "pengingat_v2"


def test_templates_of_others_on_the_same_shelf_are_left_alone(app: App, now: datetime) -> None:
    shelf = Shelf()
    theirs = RemoteTemplate("HX" + "f" * 32, "pengingat", "en", FIRST.shape, APPROVED)
    shelf.kept[theirs.sid] = theirs
    shelf.kept["HXe"] = RemoteTemplate("HXe", "promo", "id", None, APPROVED)
    _approved(app, shelf, now, FIRST)
    assert _statuses(app).keys() == {"pengingat"} and _sids(app)["pengingat"] != theirs.sid


def test_what_meta_refuses_about_one_does_not_keep_the_others_from_being_pushed(app: App, now: datetime) -> None:
    shelf = Shelf("", "refused")  # the list is read, the first create is refused
    done = push(app.store, shelf, [FIRST, SECOND], now)
    assert [one.fate for one in done] == ["trouble", "created"]
    assert done[0].line == "Twilio refused it: bad language"


def test_without_an_answer_the_rest_is_not_tried(app: App, now: datetime) -> None:
    shelf = Shelf("", "before")
    done = push(app.store, shelf, [FIRST, SECOND], now)
    assert [(one.fate, one.line) for one in done] == [("trouble", "cannot be reached"), ("trouble", "not tried")]
    assert shelf.calls == ["list", "create pengingat"]


def test_without_its_list_nothing_is_created(app: App, now: datetime) -> None:
    shelf = Shelf("before")
    with pytest.raises(ProviderTrouble):
        push(app.store, shelf, [FIRST], now)
    assert shelf.calls == ["list"]


@given(st.lists(st.sampled_from(["", "", "before", "after", "refused"]), max_size=14))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_whatever_breaks_a_later_push_ends_with_one_of_each_and_no_doubles(
    app: App, now: datetime, breaks: list[str]
) -> None:
    with app.store.transaction() as tx:
        for row in tx.template_rows():
            tx.drop_template(row.name)
    shelf = Shelf(*breaks)
    for _ in range(len(breaks) + 1):
        try:
            done = push(app.store, shelf, [FIRST, SECOND], now)
        except ProviderTrouble:
            continue
    assert [one.fate for one in done] in (["unchanged"] * 2, ["created"] * 2, ["unchanged", "created"])
    assert sorted(one.name for one in shelf.kept.values()) == ["kabar", "pengingat"]
    assert _statuses(app) == {"pengingat": PENDING, "kabar": PENDING}


# ------------------------------------------------------------------------------------------------------------ watching


def test_the_provider_is_asked_every_hour_while_meta_decides_and_else_once_a_day(app: App, now: datetime) -> None:
    shelf, files = Shelf(), {"pengingat": FIRST}
    push(app.store, shelf, [FIRST], now)
    asked = []
    for minutes in range(0, 4 * 60, 10):
        shelf.calls.clear()
        if minutes == 120:
            shelf.stands(shelf.sid("pengingat"), APPROVED)
        refresh_templates(app.store, shelf, files, now + timedelta(minutes=minutes))
        asked += [minutes] * len(shelf.calls)
    assert asked == [0, 60, 120]  # approved at 120: the next question is for tomorrow
    assert timedelta(hours=1) == ASK_WHILE_PENDING and timedelta(days=1) == ASK_ELSE
    shelf.calls.clear()
    refresh_templates(app.store, shelf, files, now + timedelta(minutes=120) + ASK_ELSE)
    assert shelf.calls == ["list"]


def test_what_changed_is_told_noted_and_frees_what_waited_for_it(app: App, now: datetime) -> None:
    shelf = Shelf()
    push(app.store, shelf, [FIRST], now)
    with app.store.transaction() as tx:
        tx.hold("template:pengingat", "no_template", now)
    shelf.stands(shelf.sid("pengingat"), APPROVED, category="marketing")
    changes = refresh_templates(app.store, shelf, {"pengingat": FIRST}, now, force=True)
    assert [(one.name, one.before, one.after) for one in changes] == [("pengingat", PENDING, APPROVED)]
    assert refresh_templates(app.store, shelf, {"pengingat": FIRST}, now, force=True) == []
    with app.store.transaction(write=False) as tx:
        assert tx.holds() == []
        (row,) = tx.template_rows()
        (standing,) = standings(tx, {"pengingat": FIRST}, {})
    assert row.category == "marketing"
    assert (standing.category, standing.asked, standing.status) == ("marketing", "utility", APPROVED)


def test_a_template_whose_gaps_mean_something_else_is_not_sent_in_its_old_wording(app: App, now: datetime) -> None:
    shelf = Shelf()
    _approved(app, shelf, now, FIRST)
    other = template(body=NEWER, sample="Aisyah")
    # Deployed and not yet pushed; the provider is not even asked.
    shelf.calls.clear()
    refresh_templates(app.store, shelf, {"pengingat": other}, now + timedelta(minutes=1))
    assert shelf.calls == []
    assert (_sids(app), _statuses(app)) == ({}, {"pengingat": DRAFT})
    with app.store.transaction(write=False) as tx:
        assert standings(tx, {"pengingat": other}, {})[0].reason == GAPS_CHANGED

    push(app.store, shelf, [other], now)
    refresh_templates(app.store, shelf, {"pengingat": other}, now, force=True)
    assert _sids(app) == {}  # still: the old wording is approved, but takes other values
    shelf.stands(shelf.sid("pengingat_v2"), APPROVED)
    refresh_templates(app.store, shelf, {"pengingat": other}, now, force=True)
    assert _sids(app) == {"pengingat": shelf.sid("pengingat_v2")}


def test_rows_that_were_lost_come_back_from_the_shelf(app: App, now: datetime) -> None:
    shelf = Shelf()
    _approved(app, shelf, now, FIRST)
    with app.store.transaction() as tx:
        tx.drop_template("pengingat")
    refresh_templates(app.store, shelf, {"pengingat": FIRST}, now, force=True)
    assert _sids(app) == {"pengingat": shelf.sid("pengingat")}


def test_when_the_provider_cannot_be_asked_what_is_known_stands(app: App, now: datetime) -> None:
    shelf = Shelf()
    _approved(app, shelf, now, FIRST)
    broken = Shelf("before")
    with pytest.raises(ProviderTrouble):
        refresh_templates(app.store, broken, {"pengingat": FIRST}, now + ASK_ELSE)
    assert _sids(app).keys() == {"pengingat"}
    # The next tick asks again instead of waiting a day.
    refresh_templates(app.store, shelf, {"pengingat": FIRST}, now + ASK_ELSE + timedelta(minutes=1))
    assert shelf.calls[-1] == "list"


@pytest.mark.parametrize("status", [PAUSED, DISABLED, REJECTED])
def test_what_a_sent_message_taught_stops_the_template_until_the_provider_says_otherwise(
    app: App, now: datetime, status: str
) -> None:
    shelf = Shelf()
    _approved(app, shelf, now, FIRST)
    with app.store.transaction() as tx:
        assert mark_template(tx, "pengingat", status, "63041", now)
        assert not mark_template(tx, "pengingat", status, "63041", now)
        assert not mark_template(tx, "unheard_of", status, "63041", now)
    assert _sids(app) == {}
    refresh_templates(app.store, shelf, {"pengingat": FIRST}, now, force=True)
    assert _sids(app).keys() == {"pengingat"}


def test_a_rejected_newer_wording_leaves_the_approved_one_in_force_and_is_shown(app: App, now: datetime) -> None:
    shelf, changed = Shelf(), template(body=NEWER)
    _approved(app, shelf, now, FIRST)
    push(app.store, shelf, [changed], now)
    shelf.stands(shelf.sid("pengingat_v2"), REJECTED, "vague")
    refresh_templates(app.store, shelf, {"pengingat": changed}, now, force=True)
    assert _sids(app) == {"pengingat": shelf.sid("pengingat")}
    with app.store.transaction(write=False) as tx:
        (standing,) = standings(tx, {"pengingat": changed}, {})
    assert (standing.status, standing.waiting) == (APPROVED, "pengingat_v2: rejected (vague)")


def test_standings_tell_what_was_never_pushed_and_what_was_set_by_hand(app: App, now: datetime) -> None:
    with app.store.transaction(write=False) as tx:
        rows = standings(tx, {"pengingat": FIRST, "kabar": SECOND}, {"kabar": "HX1"})
    assert [(row.name, row.status, row.content_sid) for row in rows] == [
        ("kabar", "given", "HX1"),
        ("pengingat", "not pushed", None),
    ]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("push"), st.integers(0, 2)),
        st.tuples(st.just("refresh"), st.integers(0, 2)),
        st.tuples(st.sampled_from([APPROVED, REJECTED, PAUSED, DISABLED]), st.integers(0, 5)),
    ),
    max_size=25,
)
WORDINGS = [FIRST, template(body=NEWER), template(body=NEWER.replace("pagi", "sore"), sample="Aisyah")]


@given(STEPS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_what_may_be_sent_is_always_approved_and_takes_the_values_of_the_file(
    app: App, now: datetime, steps: list[tuple[str, int]]
) -> None:
    with app.store.transaction() as tx:
        for row in tx.template_rows():
            tx.drop_template(row.name)
    shelf = Shelf()
    for what, number in steps:
        if what == "push":
            push(app.store, shelf, [WORDINGS[number]], now)
        elif what == "refresh":
            wording = WORDINGS[number]
            refresh_templates(app.store, shelf, {wording.name: wording}, now, force=True)
            for sid in _sids(app).values():
                assert shelf.kept[sid].status == APPROVED
                kept = next(one for one in WORDINGS if one.shape == shelf.kept[sid].shape)
                assert kept.samples == wording.samples
        elif shelf.kept:
            sid = list(shelf.kept)[number % len(shelf.kept)]
            if shelf.kept[sid].status != CREATED:
                shelf.stands(sid, what)
    names = [one.name for one in shelf.kept.values()]
    assert len(names) == len(set(names)), "a name was used twice"
    wordings = [one.shape for one in shelf.kept.values() if one.status not in (REJECTED, DISABLED)]
    assert len(wordings) == len(set(wordings)), "a wording is on the shelf twice"
    assert {base_name(name) for name in names} <= {"pengingat"}
    assert GONE not in [row.reason for row in _rows(app)]


def _rows(app: App) -> list[TemplateRow]:
    with app.store.transaction(write=False) as tx:
        return list(tx.template_rows())
