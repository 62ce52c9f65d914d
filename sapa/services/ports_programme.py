"""What use cases ask of the store about figures of a posyandu, a desa, a kecamatan."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from sapa.family.people import Measurement
from sapa.services.programme_records import (
    KeptCase,
    KeptChild,
    KeptHousehold,
    KeptMessage,
    KeptPregnancy,
    MessageCount,
    Place,
)


class ProgrammeTx(Protocol):
    """Part of a transaction: figures of a posyandu, a desa, a kecamatan. Every method is one to four queries."""

    def places(self, posyandu_ids: Collection[str]) -> list[Place]:
        """The posyandu of these ids, by name."""

    def kept_children(
        self, posyandu_ids: Collection[str], first: date, last: date, weighed_since: date, *, doses: bool
    ) -> list[KeptChild]:
        """Children under five between two days, by name; their weighings since a day; doses and weighings to `last`."""

    def weighings_before(self, child_ids: Collection[str], day: date) -> Mapping[str, Sequence[Measurement]]:
        """All weighings of some children before a day, oldest first."""

    def last_measured(self, posyandu_ids: Collection[str], until: date) -> Mapping[str, Measurement]:
        """The newest measurement of every child up to a day."""

    def kept_pregnancies(self, posyandu_ids: Collection[str], begun_since: date, last: date) -> list[KeptPregnancy]:
        """Pregnancies dated from `begun_since` on and not after `last`."""

    def kept_households(
        self, posyandu_ids: Collection[str], before: datetime, *, contacts: bool = True
    ) -> list[KeptHousehold]:
        """Households enrolled before a moment; names and phones only if asked for."""

    def engaged_households(self, posyandu_ids: Collection[str], at: datetime) -> list[tuple[str, str]]:
        """(posyandu, household) of those whose wedding was open at a moment."""

    def contraception_counts(self, posyandu_ids: Collection[str], on: date, before: datetime) -> Mapping[str, int]:
        """How many contacts use a method, by posyandu: a number and no more."""

    def message_counts(self, posyandu_ids: Collection[str], start: datetime, end: datetime) -> list[MessageCount]:
        """Unasked messages (reminders, broadcasts, notices) that went out from `start` until before `end`."""

    def kept_messages(self, posyandu_ids: Collection[str], start: datetime, end: datetime) -> list[KeptMessage]:
        """The same messages one by one."""

    def refused(self, posyandu_ids: Collection[str], purpose: str) -> set[str]:
        """Households in which somebody's last word on a purpose is no, and nobody's is yes."""

    def kept_cases(self, posyandu_ids: Collection[str], start: datetime, end: datetime) -> list[KeptCase]:
        """Cases opened or closed from `start` until before `end`."""
