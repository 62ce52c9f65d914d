"""Rows of templates, on both kinds of database."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sapa.bootstrap import App
from sapa.services.ports_templates import APPROVED, PAUSED, PENDING, TemplateRow
from sapa.services.templates import approved_sids

SID = "HX" + "1" * 32


def test_a_row_is_kept_as_it_is_overwritten_and_dropped(app: App, now: datetime) -> None:
    row = TemplateRow("kabar", "id", "utility", "a" * 64, SID, PENDING, None, now)
    with app.store.transaction() as tx:
        tx.save_template(row)
        tx.save_template(replace(row, name="baru", content_sid=None))
    with app.store.transaction() as tx:
        assert tx.template_rows() == [replace(row, name="baru", content_sid=None), row]
        tx.save_template(replace(row, status=APPROVED, reason="x" * 400))
        tx.drop_template("baru")
        tx.drop_template("never there")
    with app.store.transaction(write=False) as tx:
        (kept,) = tx.template_rows()
    assert (kept.status, kept.reason) == (APPROVED, "x" * 300)  # as much as the column holds


def test_only_what_is_approved_and_called_as_texts_call_it_may_be_sent(app: App, now: datetime) -> None:
    row = TemplateRow("kabar", "id", "utility", "a" * 64, SID, APPROVED, None, now)
    with app.store.transaction() as tx:
        tx.save_template(row)
        tx.save_template(replace(row, name="kabar_v2"))
        tx.save_template(replace(row, name="jadwal", status=PAUSED))
        tx.save_template(replace(row, name="lain", content_sid=None))
        assert approved_sids(tx) == {"kabar": SID}
