"""The assets and the journal of their states."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crm_core.db import types

revision = "example_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "example_asset",
        sa.Column("account_id", types.Id(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_fold", types.Folded(), nullable=False),
        sa.Column("serial", sa.String(length=60), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("installed_on", types.Day(), nullable=True),
        sa.Column("next_service_on", types.Day(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=False),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("deleted_batch", types.Id(), nullable=True),
        sa.Column("merged_into_id", types.Id(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("import_batch_id", types.Id(), nullable=True),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("owner_id", types.Id(), nullable=True),
        sa.Column("team_id", types.Id(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["core_account.id"], name=op.f("fk_example_asset_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["core_user.id"], name=op.f("fk_example_asset_owner_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["core_team.id"], name=op.f("fk_example_asset_team_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_example_asset")),
    )
    op.create_index("ix_example_asset_account", "example_asset", ["account_id"], unique=False)
    op.create_index("ix_example_asset_batch", "example_asset", ["import_batch_id"], unique=False)
    op.create_index("ix_example_asset_due", "example_asset", ["next_service_on", "id"], unique=False)
    op.create_index("ix_example_asset_name", "example_asset", ["name_fold", "id"], unique=False)
    op.create_index("ix_example_asset_owner", "example_asset", ["owner_id", "name_fold", "id"], unique=False)
    op.create_index("ix_example_asset_team", "example_asset", ["team_id"], unique=False)
    op.create_index(
        "uq_example_asset_serial",
        "example_asset",
        ["serial"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "example_asset_state",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("asset_id", types.Id(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("since", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["example_asset.id"], name=op.f("fk_example_asset_state_asset_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_example_asset_state")),
    )
    op.create_index("ix_example_asset_state_asset", "example_asset_state", ["asset_id", "since"], unique=False)


def downgrade() -> None:
    op.drop_table("example_asset_state")
    op.drop_table("example_asset")
