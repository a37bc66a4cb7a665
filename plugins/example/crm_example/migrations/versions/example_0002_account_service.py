"""What the module adds to an account."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crm_core.db import types

revision = "example_0002"
down_revision = "example_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "example_account",
        sa.Column("record_id", types.Id(), nullable=False),
        sa.Column("service_level", sa.String(length=12), nullable=True),
        sa.Column("contract_until", types.Day(), nullable=True),
        sa.ForeignKeyConstraint(
            ["record_id"], ["core_account.id"], name=op.f("fk_example_account_record_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_example_account")),
    )


def downgrade() -> None:
    op.drop_table("example_account")
