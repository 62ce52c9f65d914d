"""what says who somebody is, or how they are, stands sealed; numbers are looked up by their marks"""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

from sapa.store.crypt import SealedBytes, SealedJson, SealedText, made_from, mark_of_number, marks_of_mentions
from sapa.store.resealing import Place, reseal_on

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Sealed values are longer than plain ones, and a sealed object is no JSON any more. SQLite bounds neither.
_WIDER = {
    "address": ("value", "phone"),
    "child": ("name",),
    "contact": ("name",),
    "household": ("address",),
}
_NO_JSON = {
    "broadcast": ("payload",),
    "join_code": ("detail",),
    "outbox": ("template_variables",),
    "reminder": ("payload", "subjects"),
    "screening": ("answers",),
}

_NUMBERED = ("case_note", "inbound_message", "outbox")


_Made = dict[str, tuple[str, Callable[..., str | None]]]


def _place(table: str, key: str, sealed: dict[str, type], made: _Made | None = None) -> Place:
    columns = [sa.Column(key, sa.Integer() if table in _NUMBERED else sa.String(), primary_key=True)]
    columns += [sa.Column(name, kind()) for name, kind in sealed.items()]
    for name, (source, make) in (made or {}).items():
        columns.append(sa.Column(name, sa.Text(), info=made_from(source, make)["info"]))
    return Place.of(sa.Table(table, sa.MetaData(), *columns))


# As they are at this revision, whatever is sealed later.
_PLACES = [
    _place(
        "address",
        "id",
        {"value": SealedText, "phone": SealedText},
        {"value_mark": ("value", mark_of_number), "phone_mark": ("phone", mark_of_number)},
    ),
    _place("broadcast", "id", {"payload": SealedJson}),
    _place("case_note", "id", {"text": SealedText}),
    _place("child", "id", {"name": SealedText}),
    _place("contact", "id", {"name": SealedText}),
    _place("household", "id", {"address": SealedText}),
    _place(
        "inbound_message",
        "seq",
        {"body": SealedText, "button_payload": SealedText},
        {"mentions": ("body", marks_of_mentions)},
    ),
    _place("join_code", "code", {"detail": SealedJson}),
    _place(
        "outbox",
        "seq",
        {"text": SealedText, "sms_text": SealedText, "template_variables": SealedJson},
        {"mentions": ("text", marks_of_mentions)},
    ),
    _place("picture", "id", {"data": SealedBytes}),
    _place("reminder", "id", {"payload": SealedJson, "subjects": SealedJson}),
    _place("screening", "id", {"answers": SealedJson}),
    _place("setting", "key", {"value": SealedText}),
]


def upgrade() -> None:
    op.create_table(
        "data_key",
        sa.Column("id", sa.String(length=8), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_key")),
    )
    op.add_column("address", sa.Column("value_mark", sa.String(length=48), nullable=True))
    op.add_column("address", sa.Column("phone_mark", sa.String(length=48), nullable=True))
    for table, index in (("outbox", "ix_outbox_mentions"), ("inbound_message", "ix_inbound_mentions")):
        op.add_column(table, sa.Column("mentions", sa.Text(), nullable=True))
        some = sa.text("mentions IS NOT NULL")
        op.create_index(index, table, ["mentions"], sqlite_where=some, postgresql_where=some)
    if op.get_bind().dialect.name == "postgresql":
        _widen()
    reseal_on(op.get_bind(), _PLACES)
    with op.batch_alter_table("address") as batch:
        batch.drop_constraint("uq_address_channel_value", type_="unique")
        batch.alter_column("value_mark", existing_type=sa.String(length=48), nullable=False)
        batch.create_unique_constraint("uq_address_channel_value_mark", ["channel", "value_mark"])
    op.create_index("ix_address_phone_mark", "address", ["phone_mark"])


def _widen() -> None:
    for table, columns in _WIDER.items():
        for column in columns:
            op.alter_column(table, column, type_=sa.Text())
    for table, columns in _NO_JSON.items():
        for column in columns:
            op.alter_column(table, column, type_=sa.Text(), postgresql_using=f"{column}::text")


def downgrade() -> None:
    raise NotImplementedError("sealed values are not opened again: restore a backup made before")
