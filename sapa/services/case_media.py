"""Pictures, voice notes and files of a case: which there are, and which of them somebody of the staff may see.

They stay with the provider and are fetched when somebody looks; nothing of them is kept here.
"""

from __future__ import annotations

from dataclasses import dataclass

from sapa.services.access import Staffer
from sapa.services.case_actions import visible
from sapa.services.case_records import NoSuchCase
from sapa.services.ports import Tx
from sapa.services.records import MediaItem


@dataclass(frozen=True)
class Attachment:
    """Something that came with a message of a case. index: its place in the message, from 0."""

    inbound_id: str
    index: int
    content_type: str


@dataclass(frozen=True)
class FetchedMedia:
    """A file as it came from the provider. content_type: what its own bytes say it is."""

    data: bytes
    content_type: str


class MediaRefused(RuntimeError):
    """The file cannot be shown. reason: address, host, redirects, size, type, gone, denied, unreachable."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def attachments(tx: Tx, who: Staffer, number: int) -> tuple[Attachment, ...]:
    """What came with the messages of a case, in their order. Raises NoSuchCase."""
    return tuple(attachment for attachment, _ in _found(tx, who, number))


def attachment(tx: Tx, who: Staffer, number: int, inbound_id: str, index: int) -> MediaItem:
    """Where to fetch one of them. Raises NoSuchCase where the reader may not see the case or it has no such thing."""
    for known, item in _found(tx, who, number):
        if (known.inbound_id, known.index) == (inbound_id, index):
            return item
    raise NoSuchCase(str(number))


def _found(tx: Tx, who: Staffer, number: int) -> list[tuple[Attachment, MediaItem]]:
    view = visible(tx, who, number)
    written = [view.row.inbound_id, *(note.inbound_id for note in tx.case_notes(view.row.id))]
    found = []
    for inbound_id in dict.fromkeys(written):
        message = tx.inbound(inbound_id) if inbound_id is not None else None
        # A number may have passed to somebody else since: only what this person wrote belongs to the case.
        if message is None or message.contact_id != view.row.contact_id:
            continue
        found += [(Attachment(message.id, index, item.content_type), item) for index, item in enumerate(message.media)]
    return found
