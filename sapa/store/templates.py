"""Rows of message_template: where each WhatsApp template stands."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from sapa.services.ports_templates import TemplateRow
from sapa.store.models import MessageTemplateTable
from sapa.store.unit import Unit

if TYPE_CHECKING:
    pass

_REASON_LENGTH = 300


class TemplateQueries:
    """Implements sapa.services.ports_templates.TemplateTx, without the settings."""

    _s: Unit

    def template_rows(self) -> list[TemplateRow]:
        rows = self._s.scalars(select(MessageTemplateTable).order_by(MessageTemplateTable.name))
        return [TemplateRow(**{name: getattr(row, name) for name in TemplateRow.__dataclass_fields__}) for row in rows]

    def save_template(self, row: TemplateRow) -> None:
        values = asdict(row)
        if row.reason is not None:
            values["reason"] = row.reason[:_REASON_LENGTH]
        self._s.merge(MessageTemplateTable(**values))
        self._s.flush()

    def drop_template(self, name: str) -> None:
        self._s.execute(delete(MessageTemplateTable).where(MessageTemplateTable.name == name))
