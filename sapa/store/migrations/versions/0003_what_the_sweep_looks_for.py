"""indices for what the sweep looks for: silent numbers, codes that ran out, old pictures"""

import sqlalchemy as sa
from alembic import op


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    silent, unused = sa.text('suspended_at IS NOT NULL'), sa.text('used_at IS NULL')
    op.create_index('ix_contact_silent', 'contact', ['suspended_at'], sqlite_where=silent, postgresql_where=silent)
    op.create_index('ix_join_code_open', 'join_code', ['expires_at'], sqlite_where=unused, postgresql_where=unused)
    op.create_index('ix_picture_created_at', 'picture', ['created_at'])


def downgrade() -> None:
    op.drop_index('ix_picture_created_at', table_name='picture')
    op.drop_index('ix_join_code_open', table_name='join_code')
    op.drop_index('ix_contact_silent', table_name='contact')
