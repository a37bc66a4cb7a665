"""Background work: the job ledger, import batches and their effects, bulk operations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db.base import Base, new_id, now, regarding
from crm_core.db.policy import Audience, SystemOnly
from crm_core.db.types import Id, Instant, Json

__all__ = ["ImportBatch", "ImportEffect", "Job"]

_READY = text("state = 'ready'")
_RUNNING = text("state = 'running'")
_PARKED = text("state = 'parked'")


class Job(Base):
    """One piece of background work; written in the caller's transaction, so it is an outbox too.

    ``state`` is ready | running | done | dead | cancelled | parked. ``token`` fences: only who holds
    it may finish the job. ``done``/``total`` are rows of true progress.
    """

    __tablename__ = "core_job"
    __policy__ = Audience("principal_id")
    __table_args__ = (
        # The order in which jobs are taken: the next one is the first entry that is due, however many wait.
        Index("ix_core_job_due", "priority", "run_at", sqlite_where=_READY, postgresql_where=_READY),
        Index("ix_core_job_lease", "lease_until", sqlite_where=_RUNNING, postgresql_where=_RUNNING),
        Index("ix_core_job_parked", "kind", sqlite_where=_PARKED, postgresql_where=_PARKED),
        Index("uq_core_job_key", "key", unique=True),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(60))
    args: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    principal_id: Mapped[str | None] = mapped_column(Id)
    key: Mapped[str | None] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(10), default="ready")
    priority: Mapped[int] = mapped_column(Integer, default=100)
    run_at: Mapped[datetime] = mapped_column(Instant, default=now)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    max_attempts: Mapped[int] = mapped_column(Integer, default=5)
    lease_until: Mapped[datetime | None] = mapped_column(Instant)
    token: Mapped[str | None] = mapped_column(Id)
    cancel_asked: Mapped[bool] = mapped_column(default=False)
    done: Mapped[int] = mapped_column(Integer, default=0)
    total: Mapped[int | None] = mapped_column(Integer)
    cursor: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    result: Mapped[dict[str, Any] | None] = mapped_column(Json)
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)


class ImportBatch(Base):
    """One import or bulk change: what was asked, what came of it, and whether it was undone.

    ``state`` is draft | checked | running | done | cancelled | failed | undoing | undone.
    """

    __tablename__ = "core_import_batch"
    __policy__ = Audience("principal_id")

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(10), default="import")
    entity: Mapped[str] = mapped_column(String(60))
    principal_id: Mapped[str | None] = mapped_column(Id)
    file_name: Mapped[str] = mapped_column(Text, default="")
    file_hash: Mapped[str] = mapped_column(String(64), default="")
    plan: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    counts: Mapped[dict[str, int]] = mapped_column(Json, default=dict)
    state: Mapped[str] = mapped_column(String(12), default="draft")
    job_id: Mapped[str | None] = mapped_column(Id)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    undone_at: Mapped[datetime | None] = mapped_column(Instant)


class ImportEffect(Base):
    """What one row of a batch did: drives report, resume and undo, and is the batch's audit.

    ``outcome`` is created | updated | skipped | error; ``before`` holds the old values of an update,
    ``problems`` the reasons of an error.
    """

    __tablename__ = "core_import_effect"
    __policy__ = SystemOnly()
    __table_args__ = (Index("ix_core_import_effect_record", "record_id"),)

    batch_id: Mapped[str] = mapped_column(Id, ForeignKey("core_import_batch.id", ondelete="CASCADE"), primary_key=True)
    row_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    entity: Mapped[str] = regarding("entity", primary_key=True)
    record_id: Mapped[str | None] = regarding("record_id", nullable=True)
    outcome: Mapped[str] = mapped_column(String(10))
    version_after: Mapped[int | None] = mapped_column(Integer)
    before: Mapped[dict[str, Any] | None] = mapped_column(Json)
    problems: Mapped[Any] = mapped_column(Json, nullable=True)
