"""how fast somebody writes is asked of every message"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_inbound_contact", "inbound_message", ["contact_id", "seq"])


def downgrade() -> None:
    op.drop_index("ix_inbound_contact", table_name="inbound_message")
