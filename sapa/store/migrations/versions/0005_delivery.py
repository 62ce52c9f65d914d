"""forms, costs and fall backs of messages; holds, templates, heartbeats"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sms_text", sa.Text(), nullable=True),
        sa.Column("fallback_of", sa.String(length=36), nullable=True),
        sa.Column("force_template", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("form", sa.String(length=10), nullable=True),
        sa.Column("parts", sa.Integer(), nullable=True),
        sa.Column("cost_rp", sa.Integer(), nullable=True),
    ):
        op.add_column("outbox", column)
    op.create_index("ix_outbox_address_claimed", "outbox", ["address_id", "claimed_at"])
    op.create_index("ix_outbox_sent_at", "outbox", ["sent_at"])
    op.create_index("ix_outbox_fallback_of", "outbox", ["fallback_of"])
    op.create_table(
        "sending_hold",
        sa.Column("scope", sa.String(length=100), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("probe_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_sending_hold")),
    )
    op.create_table(
        "message_template",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("category", sa.String(length=24), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("content_sid", sa.String(length=40), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_message_template")),
    )
    op.create_table(
        "erased_message",
        sa.Column("sid_hash", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sid_hash", name=op.f("pk_erased_message")),
    )
    op.create_table(
        "heartbeat",
        sa.Column("name", sa.String(length=24), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", "owner", name=op.f("pk_heartbeat")),
    )


def downgrade() -> None:
    for table in ("heartbeat", "erased_message", "message_template", "sending_hold"):
        op.drop_table(table)
    for name in ("ix_outbox_fallback_of", "ix_outbox_sent_at", "ix_outbox_address_claimed"):
        op.drop_index(name, table_name="outbox")
    with op.batch_alter_table("outbox") as batch:
        for name in ("cost_rp", "parts", "form", "force_template", "fallback_of", "sms_text", "claimed_at"):
            batch.drop_column(name)
