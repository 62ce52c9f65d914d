"""Texts under review: what they look like on a phone, and the signature of a health worker under them.

A signature holds for the very words that were read: their fingerprint is kept with it. Once the file says something
else, the signature no longer counts and the text waits for a new one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sapa.messaging.templates import Template
from sapa.services.access import NotAllowed, Role, Staffer
from sapa.services.console_records import SignOffRow
from sapa.services.content_preview import Entry, PreviewError, Samples, preview
from sapa.services.content_status import SIGNED
from sapa.services.deps import Deps
from sapa.services.ports import Content, ContentHead, RenderedText, Tx

# What the head says about the signature itself is no part of what is signed.
_ABOUT_SIGNING = re.compile(r"^(?:status|signed_off_by|signed_off_on):.*\n", re.MULTILINE)
_INCLUDED = re.compile(r"{%-?\s*include\s+[\"'](?P<part>[^\"']+)[\"']")
_MAX_NAME = 120


class ChangedError(ValueError):
    """The text is not the one that was read any more."""


@dataclass(frozen=True)
class TextState:
    """A text and its signature. signed: by name and day, where it holds; outdated: there is one, of earlier words."""

    head: ContentHead
    signed_by: str | None
    signed_on: date | None
    outdated: bool
    days_left: int


def states(tx: Tx, deps: Deps, folder: Path, today: date) -> list[TextState]:
    """Every text by its id. folder: content/id. A signature in the file counts like one in the store."""
    signatures = {row.content_id: row for row in tx.sign_offs()}
    return [
        _state(deps.content.get(content_id), signatures.get(content_id), folder, today)
        for content_id in deps.content.ids()
    ]


def state_of(tx: Tx, deps: Deps, folder: Path, content_id: str, today: date) -> TextState | None:
    """One text; None where there is none of that id."""
    if content_id not in deps.content.ids():
        return None
    row = next((row for row in tx.sign_offs() if row.content_id == content_id), None)
    return _state(deps.content.get(content_id), row, folder, today)


def sign(
    deps: Deps, tx: Tx, who: Staffer, folder: Path, content_id: str, seen: str, now: datetime
) -> SignOffRow | None:
    """Put the reader's name under a text. seen: the fingerprint of the words on the page they read.

    None where there is no such text. Raises NotAllowed for whoever is no bidan, ChangedError if the words have changed.
    """
    if not who.holds(Role.BIDAN):
        raise NotAllowed("texts are signed by a health worker")
    if content_id not in deps.content.ids():
        return None
    current = fingerprint(source(folder, content_id))
    if seen != current:
        raise ChangedError(content_id)
    row = SignOffRow(content_id, current, who.contact_id, (who.name or "")[:_MAX_NAME], now)
    tx.save_sign_off(row)
    tx.audit("content_signed", None, {"content": content_id}, now, actor_id=who.contact_id)
    return row


def source(folder: Path, content_id: str) -> str:
    """The words of a text as its file has them, with the passages it includes, head of signature left out."""
    words = _ABOUT_SIGNING.sub("", (folder / f"{content_id}.md").read_text(encoding="utf-8"))
    return words + "".join(_parts(folder, words, {content_id}))


def _parts(folder: Path, words: str, known: set[str]) -> list[str]:
    found: list[str] = []
    for part in _INCLUDED.findall(words):
        file = folder / f"{part}.md"
        if part in known or not file.is_file():
            continue
        known.add(part)
        inside = file.read_text(encoding="utf-8")
        found += [inside, *_parts(folder, inside, known)]
    return found


def fingerprint(words: str) -> str:
    """64 hexadecimal digits that are others for other words."""
    return hashlib.sha256(words.encode()).hexdigest()


def _state(head: ContentHead, row: SignOffRow | None, folder: Path, today: date) -> TextState:
    days_left = (head.review_by - today).days
    if row is not None and row.fingerprint == fingerprint(source(folder, head.id)):
        return TextState(head, row.signed_name, row.signed_at.date(), False, days_left)
    if head.status == SIGNED:
        return TextState(head, head.signed_off_by, head.signed_off_on, False, days_left)
    return TextState(head, None, None, row is not None, days_left)


# --------------------------------------------------------------------------------------------- one text on a phone


class _Alone:
    """The content library as if it held one text: what is said of it costs what one text costs."""

    def __init__(self, content: Content, content_id: str) -> None:
        self._content = content
        self._id = content_id

    def ids(self) -> Sequence[str]:
        return (self._id,)

    def get(self, content_id: str) -> ContentHead:
        return self._content.get(content_id)

    def render(self, content_id: str, channel: str, today: date, **vars: Any) -> RenderedText:
        return self._content.render(content_id, channel, today, **vars)

    def draft(self, content_id: str, channel: str, today: date, **vars: Any) -> RenderedText:
        return self._content.draft(content_id, channel, today, **vars)

    def page(self, name: str, **vars: Any) -> str:
        return self._content.page(name, **vars)

    @property
    def templates(self) -> Mapping[str, Template]:
        return self._content.templates

    def template_text(self, name: str, values: Mapping[str, str]) -> str | None:
        return self._content.template_text(name, values)


def preview_of(deps: Deps, samples: Samples, content_id: str, today: date) -> Entry | None:
    """A text as sample families get it; None where there are no sample values for it yet."""
    try:
        shown = preview(replace(deps, content=_Alone(deps.content, content_id)), samples, "", today)
    except PreviewError:
        return None
    return shown.entries[0] if shown.entries and shown.entries[0].variants else None
