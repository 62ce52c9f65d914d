"""WhatsApp templates on their way to approval: pushed once, watched until Meta has decided, and after.

A row called as texts call the template (`pengingat_umum`) is what goes out under that name; rows called
`pengingat_umum_v2` are wordings that wait for Meta. Once a newer wording is approved it takes the first row's place,
so what was approved before goes on being sent until then. What cannot wait is a change of what the gaps mean: values
of the new wording would be poured into the old one. Then nothing goes out until the new one is approved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sapa.messaging.templates import Template, base_name, next_version, same_gaps, version
from sapa.services.ports import Store, Tx
from sapa.services.ports_templates import (
    APPROVED,
    CREATED,
    DISABLED,
    DRAFT,
    PENDING,
    REJECTED,
    ProviderTrouble,
    RemoteTemplate,
    TemplateProvider,
    TemplateRow,
    TemplateTx,
)

GAPS_CHANGED = "the gaps of the file mean something else now; push it"
GONE = "no longer at the provider"
# How often the provider is asked: while Meta has something to decide, and otherwise.
ASK_WHILE_PENDING, ASK_ELSE = timedelta(hours=1), timedelta(days=1)
_ASKED = "templates_asked_at"
_OVER = (REJECTED, DISABLED)


@dataclass(frozen=True)
class Pushed:
    """What a push did with one template. fate: unchanged, submitted, created, rejected, trouble; of a dry run would_...

    `sent_as` is its name at the provider, with the version; `line` says more where there is more to say.
    """

    name: str
    sent_as: str
    fate: str
    line: str = ""


@dataclass(frozen=True)
class Change:
    """A template that stands elsewhere than it did."""

    name: str
    before: str | None
    after: str
    reason: str | None


# ----------------------------------------------------------------------------------------------------------- pushing


def push(
    store: Store,
    provider: TemplateProvider,
    templates: Iterable[Template],
    now: datetime,
    tell: Callable[[Pushed], None] = lambda _: None,
    *,
    dry_run: bool = False,
) -> list[Pushed]:
    """Bring templates to the provider and hand them to Meta; what is there already is not made again.

    Whatever breaks in between, the next push goes on from what the provider has. Raises ProviderTrouble if its list
    cannot be read: without it nothing may be created.
    """
    shelf = provider.listed()
    done: list[Pushed] = []
    cut_off = False
    for template in templates:
        if cut_off:
            pushed = Pushed(template.name, template.name, "trouble", "not tried")
        else:
            try:
                pushed = _push_one(store, provider, shelf, template, now, dry_run)
            except ProviderTrouble as trouble:
                pushed = Pushed(template.name, template.name, "trouble", str(trouble))
                # Without an answer the others would wait in vain, too. A refusal is about this one alone.
                cut_off = trouble.code is None
        done.append(pushed)
        tell(pushed)
    return done


def _push_one(
    store: Store,
    provider: TemplateProvider,
    shelf: Sequence[RemoteTemplate],
    template: Template,
    now: datetime,
    dry_run: bool,
) -> Pushed:
    found = _on_shelf(shelf, template)
    if found is not None and found.status != CREATED:
        if not dry_run:
            with store.transaction() as tx:
                _write(tx, _settled(_rows(tx), template, found, now), now)
        fate = REJECTED if found.status in _OVER else "unchanged"
        return Pushed(template.name, found.name, fate, found.reason or found.status)
    with store.transaction(write=False) as tx:
        known = [row.name for row in tx.template_rows()]
    name = found.name if found else next_version(template.name, [*known, *(one.name for one in shelf)])
    if dry_run:
        return Pushed(template.name, name, "would_submit" if found else "would_create")
    if found is None:
        # Created and not noted: should we die here, the next push finds it on the shelf by its name and words.
        found = _fresh(template, name, provider.create(template, name))
        with store.transaction() as tx:
            _write(tx, _settled(_rows(tx), template, found, now), now)
        fate = "created"
    else:
        fate = "submitted"
    answer = provider.submit(found.sid, name, template.category)
    submitted = replace(found, status=PENDING)
    if answer is not None and answer.status != CREATED:
        submitted = replace(found, status=answer.status, category=answer.category, reason=answer.reason)
    with store.transaction() as tx:
        _write(tx, _settled(_rows(tx), template, submitted, now), now)
    return Pushed(template.name, name, fate, submitted.reason or submitted.status)


def _on_shelf(shelf: Sequence[RemoteTemplate], template: Template) -> RemoteTemplate | None:
    """The newest wording on the shelf that is the file's own; one that Meta has not refused before one it has."""
    same = [
        one
        for one in shelf
        if base_name(one.name) == template.name and one.language == template.language and one.shape == template.shape
    ]
    return max(same, key=lambda one: (one.status not in _OVER, version(one.name)), default=None)


def _fresh(template: Template, name: str, sid: str) -> RemoteTemplate:
    return RemoteTemplate(sid, name, template.language, template.shape, CREATED, template.category)


# ---------------------------------------------------------------------------------------------------------- watching


def refresh_templates(
    store: Store, provider: TemplateProvider, templates: Mapping[str, Template], now: datetime, *, force: bool = False
) -> list[Change]:
    """Ask the provider how its templates stand, if it is time to, and note it; what changed.

    For a clock that ticks often: it asks every hour while something is undecided, else once a day, at once with
    `force`. Raises ProviderTrouble; then the next tick asks again.
    """
    with store.transaction(write=False) as tx:
        rows, asked = _rows(tx), tx.setting(_ASKED)
    changes: list[Change] = []
    guarded = _guarded(rows, templates, now)
    if guarded != rows:
        # Before anybody is asked: with an old wording every message would say something else than it should.
        with store.transaction() as tx:
            changes += _write(tx, _guarded(_rows(tx), templates, now), now)
    if not force and asked is not None and now < datetime.fromisoformat(asked) + _interval(rows.values()):
        return changes
    shelf = provider.listed()
    with store.transaction() as tx:
        changes += _write(tx, _refreshed(_rows(tx), shelf, templates, now), now)
        tx.set_setting(_ASKED, now.isoformat(), now)
    return changes


def _interval(rows: Iterable[TemplateRow]) -> timedelta:
    undecided = any(row.status not in (APPROVED, REJECTED) for row in rows)
    return ASK_WHILE_PENDING if undecided else ASK_ELSE


def _refreshed(
    rows: dict[str, TemplateRow], shelf: Sequence[RemoteTemplate], templates: Mapping[str, Template], now: datetime
) -> dict[str, TemplateRow]:
    by_sid = {one.sid: one for one in shelf}
    for name, row in list(rows.items()):
        if row.content_sid is None:
            continue
        one = by_sid.get(row.content_sid)
        status, reason = (one.status, one.reason) if one else (DISABLED, GONE)
        category = (one.category if one else None) or row.category
        rows[name] = replace(row, status=status, reason=reason, category=category)
    for template in templates.values():
        found = _on_shelf(shelf, template)
        if found is not None:
            rows = _settled(rows, template, found, now)
    return _guarded(rows, templates, now)


def _guarded(
    rows: Mapping[str, TemplateRow], templates: Mapping[str, Template], now: datetime
) -> dict[str, TemplateRow]:
    """The rows with nothing approved whose gaps are not those of its file."""
    kept = dict(rows)
    for name, template in templates.items():
        row = rows.get(name)
        if row is not None and row.status == APPROVED and not same_gaps(row.body_hash, template.body_hash):
            kept[name] = replace(row, status=DRAFT, reason=GAPS_CHANGED)
    return kept


def _settled(
    rows: Mapping[str, TemplateRow], template: Template, found: RemoteTemplate, now: datetime
) -> dict[str, TemplateRow]:
    """The rows with the wording of the file where it belongs: in force once approved, before that beside it."""
    kept = dict(rows)
    base = kept.get(template.name)
    in_force = base is None or base.content_sid in (None, found.sid) or found.status == APPROVED
    own = found.name if version(found.name) > 1 else f"{template.name}_v1"
    name = template.name if in_force else own
    kept[name] = TemplateRow(
        name,
        template.language,
        found.category or template.category,
        template.body_hash,
        found.sid,
        found.status,
        found.reason,
        now,
    )
    if in_force:
        older = [one for one in kept if one != template.name and base_name(one) == template.name]
        for one in older:
            if version(one) <= version(found.name):
                del kept[one]
    return kept


def _rows(tx: Tx) -> dict[str, TemplateRow]:
    return {row.name: row for row in tx.template_rows()}


def _write(tx: Tx, wanted: Mapping[str, TemplateRow], now: datetime) -> list[Change]:
    """Make the rows so; what changed in how a template stands. Messages held back for one that is approved may go."""
    changes = []
    before = _rows(tx)
    for name in before.keys() - wanted.keys():
        tx.drop_template(name)
    for name, row in wanted.items():
        old = before.get(name)
        if old is not None and replace(row, updated_at=old.updated_at) == old:
            continue
        tx.save_template(replace(row, updated_at=now))
        if old is None or (old.status, old.content_sid) != (row.status, row.content_sid):
            changes.append(Change(name, old.status if old else None, row.status, row.reason))
            detail = {"template": name, "from": old.status if old else None, "to": row.status, "reason": row.reason}
            tx.audit("template_status", None, detail, now)
        if row.status == APPROVED:
            tx.release_hold(f"template:{name}")
    return changes


# ----------------------------------------------------------------------------------------- what the delivery asks for


def approved_sids(tx: TemplateTx) -> dict[str, str]:
    """The provider's id of every template that may be sent, by the name texts call it."""
    return {
        row.name: row.content_sid
        for row in tx.template_rows()
        if row.status == APPROVED and row.content_sid is not None and base_name(row.name) == row.name
    }


def mark_template(tx: Tx, name: str, status: str, reason: str, now: datetime) -> bool:
    """Note what the provider said of a template when a message went out in it (paused, disabled, rejected).

    False where there is no such row, or it stood so already. The next refresh has the last word.
    """
    row = _rows(tx).get(base_name(name))
    if row is None or (row.status, row.reason) == (status, reason):
        return False
    tx.save_template(replace(row, status=status, reason=reason, updated_at=now))
    detail = {"template": row.name, "from": row.status, "to": status, "reason": reason}
    tx.audit("template_status", None, detail, now)
    return True


@dataclass(frozen=True)
class Standing:
    """How a template stands, for people: `category` as Meta has it, `asked` as its file asks for it."""

    name: str
    status: str
    category: str
    asked: str
    reason: str | None
    content_sid: str | None
    waiting: str | None  # the version that waits for Meta, with its status


def standings(tx: TemplateTx, templates: Mapping[str, Template], given: Mapping[str, str]) -> list[Standing]:
    """Every template of the files, by name. given: ids set by hand (TWILIO_CONTENT_SIDS), which come first."""
    rows = {row.name: row for row in tx.template_rows()}
    return [_standing(template, rows, given.get(name)) for name, template in sorted(templates.items())]


def _standing(template: Template, rows: Mapping[str, TemplateRow], given: str | None) -> Standing:
    row = rows.get(template.name)
    later = [one for name, one in rows.items() if name != template.name and base_name(name) == template.name]
    newest = max(later, key=lambda one: version(one.name), default=None)
    waiting = f"{newest.name}: {newest.status}" + (f" ({newest.reason})" if newest.reason else "") if newest else None
    asked = template.category
    if given is not None:
        return Standing(template.name, "given", asked, asked, "set in TWILIO_CONTENT_SIDS", given, waiting)
    if row is None:
        return Standing(template.name, "not pushed", asked, asked, None, None, waiting)
    return Standing(template.name, row.status, row.category, asked, row.reason, row.content_sid, waiting)
