"""The tables of the core, the counters of the generations, and the search indexes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crm_core.db import physical, types

revision = "core_0001"
down_revision = None
branch_labels = None
depends_on = None

_PRIMARY = "fk_core_account_primary_contact"
_SEARCH = ("core_search_fts", "ix_core_search_names_trgm")


def upgrade() -> None:
    op.create_table(
        "core_audit",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.Column("actor_id", types.Id(), nullable=True),
        sa.Column("on_behalf_of", types.Id(), nullable=True),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("record_id", types.Id(), nullable=True),
        sa.Column("origin", sa.String(length=10), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=True),
        sa.Column("changes", types.Json(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_audit")),
    )
    op.create_index("ix_core_audit_at", "core_audit", ["at"], unique=False)
    op.create_index("ix_core_audit_record", "core_audit", ["record_id", "at"], unique=False)
    op.create_table(
        "core_event",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(always=False), nullable=False
        ),
        sa.Column("txid", sa.BigInteger(), server_default=sa.text(_transaction_number()), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.Column("type", sa.String(length=80), nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("record_id", types.Id(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("actor_id", types.Id(), nullable=True),
        sa.Column("payload", types.Json(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_core_event")),
    )
    op.create_index("ix_core_event_feed", "core_event", ["txid", "seq"], unique=False)
    op.create_index("ix_core_event_record", "core_event", ["record_id"], unique=False)
    op.create_table(
        "core_external_id",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("system", sa.String(length=60), nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("external_id", sa.String(length=200), server_default=sa.text("('')"), nullable=False),
        sa.Column("record_id", types.Id(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_external_id")),
    )
    op.create_index("ix_core_external_id_record", "core_external_id", ["record_id"], unique=False)
    op.create_index("uq_core_external_id", "core_external_id", ["system", "entity", "external_id"], unique=True)
    op.create_table(
        "core_idempotency",
        sa.Column("principal_id", types.Id(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", types.Json(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("principal_id", "key", name=op.f("pk_core_idempotency")),
    )
    op.create_index("ix_core_idempotency_at", "core_idempotency", ["created_at"], unique=False)
    op.create_table(
        "core_import_batch",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("principal_id", types.Id(), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_hash", sa.String(length=64), nullable=False),
        sa.Column("plan", types.Json(), nullable=False),
        sa.Column("counts", types.Json(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("job_id", types.Id(), nullable=True),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("finished_at", types.Instant(), nullable=True),
        sa.Column("undone_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_import_batch")),
    )
    op.create_table(
        "core_job",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("args", types.Json(), nullable=False),
        sa.Column("principal_id", types.Id(), nullable=True),
        sa.Column("key", sa.String(length=120), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("run_at", types.Instant(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", types.Instant(), nullable=True),
        sa.Column("token", types.Id(), nullable=True),
        sa.Column("cancel_asked", sa.Boolean(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("cursor", types.Json(), nullable=False),
        sa.Column("result", types.Json(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("finished_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_job")),
    )
    op.create_index(
        "ix_core_job_due",
        "core_job",
        ["priority", "run_at"],
        unique=False,
        sqlite_where=sa.text("state = 'ready'"),
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.create_index(
        "ix_core_job_lease",
        "core_job",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_index(
        "ix_core_job_parked",
        "core_job",
        ["kind"],
        unique=False,
        sqlite_where=sa.text("state = 'parked'"),
        postgresql_where=sa.text("state = 'parked'"),
    )
    op.create_index("uq_core_job_key", "core_job", ["key"], unique=True)
    op.create_table(
        "core_legal_entity",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("legal_name", sa.Text(), nullable=True),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("inn", sa.String(length=12), nullable=True),
        sa.Column("kpp", sa.String(length=9), nullable=True),
        sa.Column("ogrn", sa.String(length=15), nullable=True),
        sa.Column("vat", sa.String(length=20), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_legal_entity")),
    )
    op.create_table(
        "core_login_attempt",
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("first_at", types.Instant(), nullable=False),
        sa.Column("blocked_until", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_core_login_attempt")),
    )
    op.create_table(
        "core_meta",
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_core_meta")),
    )
    op.create_table(
        "core_module",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=True),
        sa.Column("ever_enabled", sa.Boolean(), nullable=False),
        sa.Column("tables", types.Json(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("changed_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_core_module")),
    )
    op.create_table(
        "core_number",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("series", sa.String(length=40), nullable=False),
        sa.Column("legal_entity", sa.String(length=36), nullable=False),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("pattern", sa.String(length=60), nullable=False),
        sa.Column("next", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_number")),
        sa.UniqueConstraint("series", "legal_entity", "period", name=op.f("uq_core_number_series_legal_entity_period")),
    )
    op.create_table(
        "core_rate",
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("day", types.Day(), nullable=False),
        sa.Column("rate", types.Quantity(), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("currency", "day", name=op.f("pk_core_rate")),
    )
    op.create_table(
        "core_role",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("name", types.Json(), nullable=False),
        sa.Column("permissions", types.Json(), nullable=False),
        sa.Column("is_builtin", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_role")),
        sa.UniqueConstraint("key", name=op.f("uq_core_role_key")),
    )
    op.create_table(
        "core_search",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(always=False), nullable=False
        ),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("record_id", types.Id(), nullable=False),
        sa.Column("names", types.Folded(), nullable=False),
        sa.Column("stems", types.Folded(), nullable=False),
        sa.Column("payload_hash", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_search")),
    )
    op.create_index("uq_core_search_record", "core_search", ["record_id", "entity"], unique=True)
    op.create_table(
        "core_security_event",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("user_id", types.Id(), nullable=True),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("detail", types.Json(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_security_event")),
    )
    op.create_index(op.f("ix_core_security_event_at"), "core_security_event", ["at"], unique=False)
    op.create_table(
        "core_setting",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("value", types.Json(), nullable=False),
        sa.Column("changed_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_core_setting")),
    )
    op.create_table(
        "core_tag",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_fold", types.Folded(), nullable=False),
        sa.Column("colour", sa.String(length=12), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_tag")),
        sa.UniqueConstraint("name_fold", name=op.f("uq_core_tag_name_fold")),
    )
    op.create_table(
        "core_team",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent_id", types.Id(), nullable=True),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["core_team.id"], name=op.f("fk_core_team_parent_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_team")),
    )
    op.create_table(
        "core_import_effect",
        sa.Column("batch_id", types.Id(), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("record_id", types.Id(), nullable=True),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("version_after", sa.Integer(), nullable=True),
        sa.Column("before", types.Json(), nullable=True),
        sa.Column("problems", types.Json(), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["core_import_batch.id"], name=op.f("fk_core_import_effect_batch_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("batch_id", "row_no", "entity", name=op.f("pk_core_import_effect")),
    )
    op.create_index("ix_core_import_effect_record", "core_import_effect", ["record_id"], unique=False)
    op.create_table(
        "core_role_grant",
        sa.Column("role_id", types.Id(), nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("action", sa.String(length=10), nullable=False),
        sa.Column("scope", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["role_id"], ["core_role.id"], name=op.f("fk_core_role_grant_role_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("role_id", "entity", "action", name=op.f("pk_core_role_grant")),
    )
    op.create_table(
        "core_tag_link",
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("record_id", types.Id(), nullable=False),
        sa.Column("tag_id", types.Id(), nullable=False),
        sa.ForeignKeyConstraint(["tag_id"], ["core_tag.id"], name=op.f("fk_core_tag_link_tag_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("entity", "record_id", "tag_id", name=op.f("pk_core_tag_link")),
    )
    op.create_index("ix_core_tag_link_tag", "core_tag_link", ["tag_id", "entity", "record_id"], unique=False)
    op.create_table(
        "core_user",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("login", sa.String(length=120), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_fold", types.Folded(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("zone", sa.String(length=40), nullable=False),
        sa.Column("team_id", types.Id(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("preferences", types.Json(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["core_team.id"], name=op.f("fk_core_user_team_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_user")),
        sa.UniqueConstraint("login", name=op.f("uq_core_user_login")),
    )
    op.create_table(
        "core_account",
        sa.Column("number", sa.String(length=20), nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_fold", types.Folded(), nullable=False),
        sa.Column("legal_name", sa.Text(), nullable=True),
        sa.Column("category", sa.String(length=12), nullable=False),
        sa.Column("industry", sa.String(length=80), nullable=True),
        sa.Column("region", sa.String(length=80), nullable=True),
        sa.Column("city", sa.String(length=120), nullable=True),
        sa.Column("country", sa.String(length=60), nullable=True),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("inn", sa.String(length=12), nullable=True),
        sa.Column("kpp", sa.String(length=9), nullable=True),
        sa.Column("ogrn", sa.String(length=15), nullable=True),
        sa.Column("vat", sa.String(length=20), nullable=True),
        sa.Column("employees", sa.Integer(), nullable=True),
        sa.Column("founded", sa.Integer(), nullable=True),
        sa.Column("revenue", types.Money(), nullable=True),
        sa.Column("revenue_currency", sa.String(length=3), nullable=True),
        sa.Column("source", sa.String(length=80), nullable=True),
        sa.Column("replenishment_days", sa.Integer(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("parent_id", types.Id(), nullable=True),
        sa.Column("primary_contact_id", types.Id(), nullable=True),
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
            ["owner_id"], ["core_user.id"], name=op.f("fk_core_account_owner_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["core_account.id"], name=op.f("fk_core_account_parent_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["primary_contact_id"],
            ["core_contact.id"],
            name="fk_core_account_primary_contact",
            ondelete="SET NULL",
            use_alter=True,
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["core_team.id"], name=op.f("fk_core_account_team_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_account")),
    )
    op.create_index(
        "ix_core_account_batch",
        "core_account",
        ["import_batch_id"],
        unique=False,
        sqlite_where=sa.text("import_batch_id IS NOT NULL"),
        postgresql_where=sa.text("import_batch_id IS NOT NULL"),
    )
    op.create_index("ix_core_account_created", "core_account", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_core_account_inn",
        "core_account",
        ["inn"],
        unique=False,
        sqlite_where=sa.text("inn IS NOT NULL"),
        postgresql_where=sa.text("inn IS NOT NULL"),
    )
    op.create_index("ix_core_account_name", "core_account", ["name_fold", "id"], unique=False)
    op.create_index("ix_core_account_owner", "core_account", ["owner_id", "name_fold", "id"], unique=False)
    op.create_index(
        "ix_core_account_parent",
        "core_account",
        ["parent_id"],
        unique=False,
        sqlite_where=sa.text("parent_id IS NOT NULL"),
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_index("ix_core_account_team", "core_account", ["team_id"], unique=False)
    op.create_table(
        "core_assignment",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("record_id", types.Id(), nullable=False),
        sa.Column("owner_id", types.Id(), nullable=True),
        sa.Column("team_id", types.Id(), nullable=True),
        sa.Column("since", types.Instant(), nullable=False),
        sa.Column("until", types.Instant(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("assigned_by", types.Id(), nullable=True),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["core_user.id"], name=op.f("fk_core_assignment_owner_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["core_team.id"], name=op.f("fk_core_assignment_team_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_assignment")),
    )
    op.create_index("ix_core_assignment_record", "core_assignment", ["record_id", "since"], unique=False)
    op.create_table(
        "core_credential",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("user_id", types.Id(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_credential_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_credential")),
    )
    op.create_index(op.f("ix_core_credential_user_id"), "core_credential", ["user_id"], unique=False)
    op.create_table(
        "core_history",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("record_id", types.Id(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("direction", sa.String(length=4), nullable=True),
        sa.Column("channel", sa.String(length=20), nullable=True),
        sa.Column("outcome", sa.String(length=40), nullable=True),
        sa.Column("duration", sa.Integer(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("payload", types.Json(), nullable=True),
        sa.Column("importance", sa.Integer(), nullable=False),
        sa.Column("occurred_at", types.Instant(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("actor_id", types.Id(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("import_batch_id", types.Id(), nullable=True),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["core_user.id"], name=op.f("fk_core_history_actor_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_history")),
    )
    op.create_index(
        "ix_core_history_batch",
        "core_history",
        ["import_batch_id"],
        unique=False,
        sqlite_where=sa.text("import_batch_id IS NOT NULL"),
        postgresql_where=sa.text("import_batch_id IS NOT NULL"),
    )
    op.create_index("ix_core_history_record", "core_history", ["record_id", "occurred_at"], unique=False)
    op.create_table(
        "core_session",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("audience", sa.String(length=10), nullable=False),
        sa.Column("user_id", types.Id(), nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("seen_at", types.Instant(), nullable=False),
        sa.Column("expires_at", types.Instant(), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("agent", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_session_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_session")),
    )
    op.create_index(op.f("ix_core_session_user_id"), "core_session", ["user_id"], unique=False)
    op.create_table(
        "core_team_member",
        sa.Column("team_id", types.Id(), nullable=False),
        sa.Column("user_id", types.Id(), nullable=False),
        sa.Column("is_head", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["team_id"], ["core_team.id"], name=op.f("fk_core_team_member_team_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_team_member_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("team_id", "user_id", name=op.f("pk_core_team_member")),
    )
    op.create_index(op.f("ix_core_team_member_user_id"), "core_team_member", ["user_id"], unique=False)
    op.create_table(
        "core_token",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("user_id", types.Id(), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("expires_at", types.Instant(), nullable=True),
        sa.Column("used_at", types.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["core_user.id"], name=op.f("fk_core_token_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_token")),
        sa.UniqueConstraint("hash", name=op.f("uq_core_token_hash")),
    )
    op.create_index(op.f("ix_core_token_user_id"), "core_token", ["user_id"], unique=False)
    op.create_table(
        "core_user_role",
        sa.Column("user_id", types.Id(), nullable=False),
        sa.Column("role_id", types.Id(), nullable=False),
        sa.ForeignKeyConstraint(
            ["role_id"], ["core_role.id"], name=op.f("fk_core_user_role_role_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_user_role_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "role_id", name=op.f("pk_core_user_role")),
    )
    op.create_index(op.f("ix_core_user_role_role_id"), "core_user_role", ["role_id"], unique=False)
    op.create_table(
        "core_contact",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_fold", types.Folded(), nullable=False),
        sa.Column("last_name", sa.String(length=120), nullable=True),
        sa.Column("first_name", sa.String(length=120), nullable=True),
        sa.Column("middle_name", sa.String(length=120), nullable=True),
        sa.Column("salutation", sa.String(length=40), nullable=True),
        sa.Column("position", sa.String(length=120), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("birthday", types.Day(), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("do_not_call", sa.Boolean(), nullable=False),
        sa.Column("preferred_channel", sa.String(length=12), nullable=True),
        sa.Column("source", sa.String(length=80), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("account_id", types.Id(), nullable=True),
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
            ["account_id"], ["core_account.id"], name=op.f("fk_core_contact_account_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["core_user.id"], name=op.f("fk_core_contact_owner_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["core_team.id"], name=op.f("fk_core_contact_team_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_contact")),
    )
    op.create_index("ix_core_contact_account", "core_contact", ["account_id", "name_fold", "id"], unique=False)
    op.create_index(
        "ix_core_contact_batch",
        "core_contact",
        ["import_batch_id"],
        unique=False,
        sqlite_where=sa.text("import_batch_id IS NOT NULL"),
        postgresql_where=sa.text("import_batch_id IS NOT NULL"),
    )
    op.create_index("ix_core_contact_created", "core_contact", ["created_at", "id"], unique=False)
    op.create_index("ix_core_contact_name", "core_contact", ["name_fold", "id"], unique=False)
    op.create_index("ix_core_contact_owner", "core_contact", ["owner_id", "name_fold", "id"], unique=False)
    op.create_index("ix_core_contact_team", "core_contact", ["team_id"], unique=False)
    op.create_table(
        "core_history_link",
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("record_id", types.Id(), nullable=False),
        sa.Column("occurred_at", types.Instant(), nullable=False),
        sa.Column("history_id", types.Id(), nullable=False),
        sa.ForeignKeyConstraint(
            ["history_id"], ["core_history.id"], name=op.f("fk_core_history_link_history_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("entity", "record_id", "occurred_at", "history_id", name=op.f("pk_core_history_link")),
    )
    op.create_index("ix_core_history_link_history", "core_history_link", ["history_id"], unique=False)
    op.create_table(
        "core_address",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("account_id", types.Id(), nullable=True),
        sa.Column("contact_id", types.Id(), nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("lines", sa.Text(), nullable=True),
        sa.Column("city", sa.String(length=120), nullable=True),
        sa.Column("region", sa.String(length=120), nullable=True),
        sa.Column("postcode", sa.String(length=20), nullable=True),
        sa.Column("country", sa.String(length=60), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint("(account_id IS NULL) <> (contact_id IS NULL)", name=op.f("ck_core_address_one_holder")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["core_account.id"], name=op.f("fk_core_address_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["core_contact.id"], name=op.f("fk_core_address_contact_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_address")),
    )
    op.create_index(
        "ix_core_address_account",
        "core_address",
        ["account_id"],
        unique=False,
        sqlite_where=sa.text("account_id IS NOT NULL"),
        postgresql_where=sa.text("account_id IS NOT NULL"),
    )
    op.create_index(
        "ix_core_address_contact",
        "core_address",
        ["contact_id"],
        unique=False,
        sqlite_where=sa.text("contact_id IS NOT NULL"),
        postgresql_where=sa.text("contact_id IS NOT NULL"),
    )
    op.create_table(
        "core_affiliation",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("contact_id", types.Id(), nullable=False),
        sa.Column("account_id", types.Id(), nullable=False),
        sa.Column("position", sa.String(length=120), nullable=True),
        sa.Column("role", sa.String(length=80), nullable=True),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.Column("since", types.Day(), nullable=True),
        sa.Column("until", types.Day(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["core_account.id"], name=op.f("fk_core_affiliation_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["core_contact.id"], name=op.f("fk_core_affiliation_contact_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_affiliation")),
    )
    op.create_index("ix_core_affiliation_account", "core_affiliation", ["account_id"], unique=False)
    op.create_index("ix_core_affiliation_contact", "core_affiliation", ["contact_id"], unique=False)
    op.create_table(
        "core_contact_point",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("account_id", types.Id(), nullable=True),
        sa.Column("contact_id", types.Id(), nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("norm", types.Folded(), nullable=False),
        sa.Column("label", sa.String(length=40), nullable=True),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.Column("opt_out", sa.Boolean(), nullable=False),
        sa.Column("invalid", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(account_id IS NULL) <> (contact_id IS NULL)", name=op.f("ck_core_contact_point_one_holder")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["core_account.id"], name=op.f("fk_core_contact_point_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["core_contact.id"], name=op.f("fk_core_contact_point_contact_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_contact_point")),
    )
    op.create_index(
        "ix_core_contact_point_account",
        "core_contact_point",
        ["account_id"],
        unique=False,
        sqlite_where=sa.text("account_id IS NOT NULL"),
        postgresql_where=sa.text("account_id IS NOT NULL"),
    )
    op.create_index(
        "ix_core_contact_point_contact",
        "core_contact_point",
        ["contact_id"],
        unique=False,
        sqlite_where=sa.text("contact_id IS NOT NULL"),
        postgresql_where=sa.text("contact_id IS NOT NULL"),
    )
    op.create_index("ix_core_contact_point_norm", "core_contact_point", ["norm", "kind"], unique=False)
    if op.get_context().dialect.name == "postgresql":
        # Accounts and contacts point to each other; SQLite took the reference with the table.
        op.create_foreign_key(
            _PRIMARY, "core_account", "core_contact", ["primary_contact_id"], ["id"], ondelete="SET NULL"
        )
    op.bulk_insert(
        sa.table("core_meta", sa.column("key"), sa.column("value")),
        [{"key": "generation", "value": 1}, {"key": "access", "value": 1}],
    )
    physical.create(op.get_bind(), *_SEARCH)


def downgrade() -> None:
    physical.drop(op.get_bind(), *_SEARCH)
    if op.get_context().dialect.name == "postgresql":
        op.drop_constraint(_PRIMARY, "core_account", type_="foreignkey")
    op.drop_table("core_contact_point")
    op.drop_table("core_affiliation")
    op.drop_table("core_address")
    op.drop_table("core_history_link")
    op.drop_table("core_contact")
    op.drop_table("core_user_role")
    op.drop_table("core_token")
    op.drop_table("core_team_member")
    op.drop_table("core_session")
    op.drop_table("core_history")
    op.drop_table("core_credential")
    op.drop_table("core_assignment")
    op.drop_table("core_account")
    op.drop_table("core_user")
    op.drop_table("core_tag_link")
    op.drop_table("core_role_grant")
    op.drop_table("core_import_effect")
    op.drop_table("core_team")
    op.drop_table("core_tag")
    op.drop_table("core_setting")
    op.drop_table("core_security_event")
    op.drop_table("core_search")
    op.drop_table("core_role")
    op.drop_table("core_rate")
    op.drop_table("core_number")
    op.drop_table("core_module")
    op.drop_table("core_meta")
    op.drop_table("core_login_attempt")
    op.drop_table("core_legal_entity")
    op.drop_table("core_job")
    op.drop_table("core_import_batch")
    op.drop_table("core_idempotency")
    op.drop_table("core_external_id")
    op.drop_table("core_event")
    op.drop_table("core_audit")


def _transaction_number() -> str:
    return "txid_current()" if op.get_context().dialect.name == "postgresql" else "0"
