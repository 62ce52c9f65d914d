"""What a journey is: a dialogue that gathers facts step by step or all at once, and writes them when they are complete.

A journey knows its subject alone. Consent, cancelling, questions in between, a change of subject, giving up after too
many misunderstandings and the place of the dialogue in Rasa's memory are the conductor's (conductor.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from sapa.family.people import Family
from sapa.services.deps import Deps
from sapa.services.ports import Tx
from sapa.services.records import Reply


@dataclass(frozen=True)
class Scene:
    """Where a message is heard. `now` is aware; `family` is the contact's household at that moment.

    `tx` is open for writing, but a journey writes in `finish` alone. `received_on` is the family's local day on which
    the message came in: "kemarin" is the day before it, however late it is worked on.
    """

    deps: Deps
    tx: Tx
    contact_id: str
    family: Family
    now: datetime
    received_on: date
    inbound_id: str
    received_at: datetime | None = None  # aware


@dataclass(frozen=True)
class Heard:
    """What a message did to a journey.

    data: all the journey knows now (JSON, replaces what it knew); understood: the message said something of use to
    it, be it wrong; notes: what must be said about it before the next question ("that day has not come yet"); over:
    why the journey ends here, without `finish` (None: it goes on).
    """

    data: Mapping[str, Any] = field(default_factory=dict)
    understood: bool = True
    notes: tuple[Reply, ...] = ()
    over: str | None = None


@dataclass(frozen=True)
class Question:
    """What a journey asks next. slot: its own name for it, handed back as `asked` with the next message."""

    slot: str
    reply: Reply


class Journey(Protocol):
    """One dialogue. Modules offer an instance; conductor.JOURNEYS lists them.

    name: a short word, kept in Rasa's memory. purpose: the consent it stands on (sapa.services.consents), None if it
    needs none. consent_text: the content id that asks for it, its words are kept with the consent. The questions are
    asked only with consent; what was told before it is kept in `data`, in memory, not in the store. A journey may have
    a method `opens(scene, text, label) -> bool`: whether its own words open it, whatever the label.
    """

    @property
    def name(self) -> str: ...
    @property
    def purpose(self) -> str | None: ...
    @property
    def consent_text(self) -> str | None: ...

    def begin(self, scene: Scene) -> Heard:
        """What the records say already, before the first message is heard; `over` where there is nothing to begin."""

    def hear(self, scene: Scene, text: str, data: Mapping[str, Any], asked: str | None) -> Heard:
        """Take from a message whatever this journey can use. Changes nothing in the store; never raises on any text.

        asked: the slot of the question before, None for the first message. A message that says nothing of use is not
        `understood`; the conductor then answers a question in between, or asks again.
        """

    def ask(self, scene: Scene, data: Mapping[str, Any]) -> Question | None:
        """The next question, also the summary with its "Benar / Ubah"; None when all is known and confirmed."""

    def finish(self, scene: Scene, data: Mapping[str, Any]) -> tuple[Reply, ...]:
        """Write it all down and say so. Doing it twice for one message changes nothing more (ids from who and what)."""
