"""What happened with clients (timeline), what was done in the program (audit), what others hear (events)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Integer, String, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from crm_core.db.base import Base, index_of_given, new_id, now, personal, reference, regarding
from crm_core.db.policy import Regarding, SystemOnly
from crm_core.db.types import Folded, Id, Instant, Json

__all__ = ["Audit", "Event", "History", "HistoryLink", "Idempotency", "SearchRow"]


class transaction_number(FunctionElement[int]):
    """The number of the running transaction on PostgreSQL, 0 on SQLite."""

    inherit_cache = True


@compiles(transaction_number)
def _on_postgresql(_element: transaction_number, _compiler: SQLCompiler, **_options: Any) -> str:
    return "txid_current()"


@compiles(transaction_number, "sqlite")
def _on_sqlite(_element: transaction_number, _compiler: SQLCompiler, **_options: Any) -> str:
    return "0"


class History(Base):
    """A contact or event that happened; ``entity``/``record_id`` is its primary regarding.

    ``duration`` is in seconds; ``importance`` is 0 (noise) to 3 (milestone); ``label`` is how the
    regarding was called, so that the row can be shown when its module is absent.
    """

    __tablename__ = "core_history"
    __policy__ = Regarding()
    __table_args__ = (
        Index("ix_core_history_record", "record_id", "occurred_at"),
        index_of_given("ix_core_history_batch", "import_batch_id"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    entity: Mapped[str] = regarding("entity")
    record_id: Mapped[str] = regarding("record_id")
    label: Mapped[str] = mapped_column(Text, default="")
    kind: Mapped[str] = mapped_column(String(40))
    direction: Mapped[str | None] = mapped_column(String(4))
    channel: Mapped[str | None] = mapped_column(String(20))
    outcome: Mapped[str | None] = mapped_column(String(40))
    duration: Mapped[int | None] = mapped_column(Integer)
    subject: Mapped[str | None] = mapped_column(Text, info=personal())
    body: Mapped[str | None] = mapped_column(Text, info=personal())
    payload: Mapped[dict[str, Any] | None] = mapped_column(Json)
    importance: Mapped[int] = mapped_column(Integer, default=1)
    occurred_at: Mapped[datetime] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    actor_id: Mapped[str | None] = reference("core_user", ondelete="SET NULL", nullable=True)
    version: Mapped[int] = mapped_column(Integer, default=1)
    deleted_at: Mapped[datetime | None] = mapped_column(Instant)
    import_batch_id: Mapped[str | None] = mapped_column(Id)


class HistoryLink(Base):
    """A record on whose timeline an event stands: its regarding, the participants, the roll-up accounts."""

    __tablename__ = "core_history_link"
    __policy__ = Regarding()
    __table_args__ = (Index("ix_core_history_link_history", "history_id"),)

    entity: Mapped[str] = regarding("entity", primary_key=True)
    record_id: Mapped[str] = regarding("record_id", primary_key=True)
    occurred_at: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    history_id: Mapped[str] = mapped_column(Id, ForeignKey("core_history.id", ondelete="CASCADE"), primary_key=True)


class Audit(Base):
    """Everything that was done: append-only, separate from the timeline."""

    __tablename__ = "core_audit"
    __policy__ = SystemOnly()
    __table_args__ = (
        Index("ix_core_audit_record", "record_id", "at"),
        Index("ix_core_audit_at", "at"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    at: Mapped[datetime] = mapped_column(Instant, default=now)
    actor_id: Mapped[str | None] = mapped_column(Id)
    on_behalf_of: Mapped[str | None] = mapped_column(Id)
    action: Mapped[str] = mapped_column(String(20))
    entity: Mapped[str] = regarding("entity")
    record_id: Mapped[str | None] = regarding("record_id")
    origin: Mapped[str] = mapped_column(String(10))
    request_id: Mapped[str | None] = mapped_column(String(36))
    changes: Mapped[Any] = mapped_column(Json, nullable=True)


class Event(Base):
    """The event log: the outbox that webhooks, syncs and plugins read; ``seq`` is the feed's order.

    ``txid`` is filled in by PostgreSQL with the number of the writing transaction: a feed must not pass
    an event that commits late. On SQLite writers queue, so ``seq`` alone is the order.
    """

    __tablename__ = "core_event"
    __policy__ = SystemOnly()
    __table_args__ = (Index("ix_core_event_record", "record_id"), Index("ix_core_event_feed", "txid", "seq"))

    seq: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), Identity(always=False), primary_key=True
    )
    txid: Mapped[int] = mapped_column(BigInteger, server_default=transaction_number())
    at: Mapped[datetime] = mapped_column(Instant, default=now)
    type: Mapped[str] = mapped_column(String(80))
    entity: Mapped[str] = regarding("entity")
    record_id: Mapped[str] = regarding("record_id")
    version: Mapped[int] = mapped_column(Integer, default=1)
    actor_id: Mapped[str | None] = mapped_column(Id)
    payload: Mapped[Any] = mapped_column(Json, nullable=True)


class Idempotency(Base):
    """The answer to a request that must not be done twice, kept for seven days."""

    __tablename__ = "core_idempotency"
    __policy__ = SystemOnly()
    __table_args__ = (Index("ix_core_idempotency_at", "created_at"),)

    principal_id: Mapped[str] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(Integer, default=0)
    headers: Mapped[dict[str, str]] = mapped_column(Json, default=dict)
    body: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)


class SearchRow(Base):
    """What a record can be found by: ``names`` (folded names, phones, e-mails, tax ids), ``stems`` (texts).

    ``id`` is a number because the full-text index of SQLite is tied to it.
    """

    __tablename__ = "core_search"
    __policy__ = Regarding()
    __table_args__ = (Index("uq_core_search_record", "record_id", "entity", unique=True),)

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), Identity(always=False), primary_key=True
    )
    entity: Mapped[str] = regarding("entity")
    record_id: Mapped[str] = regarding("record_id")
    names: Mapped[str] = mapped_column(Folded, info=personal())
    stems: Mapped[str] = mapped_column(Folded, default="", info=personal())
    payload_hash: Mapped[str] = mapped_column(String(16))
