"""who waits for a new plan is asked every second, and after a change of the campaigns everybody waits"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_dirty_household_since", "dirty_household", ["since"])


def downgrade() -> None:
    op.drop_index("ix_dirty_household_since", table_name="dirty_household")
