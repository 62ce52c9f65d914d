"""What approving templates needs from the outside: rows of where each stands, and the provider's shelf of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sapa.messaging.templates import Template

DRAFT, CREATED, PENDING, APPROVED = "draft", "created", "pending", "approved"
REJECTED, PAUSED, DISABLED = "rejected", "paused", "disabled"
STATUSES = (DRAFT, CREATED, PENDING, APPROVED, REJECTED, PAUSED, DISABLED)


@dataclass(frozen=True)
class TemplateRow:
    """Where a template stands. A row called as texts call it is what goes out; one called ..._v2 is on its way there.

    status: draft (not at the provider, or not sendable because its gaps changed), created (at the provider, not handed
    to Meta), pending, approved, rejected, paused, disabled. category: as Meta has it.
    """

    name: str
    language: str
    category: str
    body_hash: str
    content_sid: str | None
    status: str
    reason: str | None
    updated_at: datetime


@dataclass(frozen=True)
class RemoteTemplate:
    """A template as the provider lists it. `shape` as sapa.messaging.templates.shape, None for one that is not ours."""

    sid: str
    name: str
    language: str
    shape: str | None
    status: str
    category: str | None = None
    reason: str | None = None


class ProviderTrouble(Exception):
    """The provider refused or could not be asked; the text says in one line what happened. `code`: its error code."""

    def __init__(self, line: str, code: int | None = None) -> None:
        super().__init__(line)
        self.code = code


class TemplateProvider(Protocol):
    """Where templates are approved. Every method raises ProviderTrouble."""

    def listed(self) -> Sequence[RemoteTemplate]:
        """Everything on the shelf with its approval, newest first."""

    def create(self, template: Template, name: str) -> str:
        """Put it on the shelf under a name; the provider's id. Not repeated when there is no answer: list first."""

    def submit(self, sid: str, name: str, category: str) -> RemoteTemplate | None:
        """Hand it to Meta; what came back, None where that says nothing about it."""


class TemplateTx(Protocol):
    """The rows of templates, in one transaction."""

    def template_rows(self) -> list[TemplateRow]:
        """All rows by name."""

    def save_template(self, row: TemplateRow) -> None:
        """Insert or overwrite."""

    def drop_template(self, name: str) -> None: ...
