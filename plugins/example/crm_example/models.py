"""The tables: assets, the journal of their states, and two fields beside the core's accounts."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from crm_core import (
    Base,
    ChildOf,
    Day,
    Folded,
    Id,
    Instant,
    Owned,
    Record,
    new_id,
    now,
    reference,
    unique_live,
)

__all__ = ["AccountService", "Asset", "AssetState"]


class Asset(Record):
    """A machine or device at an account's place; ``status`` is in_use | in_repair | retired."""

    __tablename__ = "example_asset"
    __policy__ = Owned()
    __table_args__ = (
        unique_live("uq_example_asset_serial", "serial"),
        Index("ix_example_asset_account", "account_id"),
        Index("ix_example_asset_name", "name_fold", "id"),
        Index("ix_example_asset_due", "next_service_on", "id"),
        Index("ix_example_asset_owner", "owner_id", "name_fold", "id"),
        Index("ix_example_asset_team", "team_id"),
        Index("ix_example_asset_batch", "import_batch_id"),
    )

    account_id: Mapped[str] = reference("core_account", ondelete="CASCADE")
    name: Mapped[str] = mapped_column(Text)
    name_fold: Mapped[str] = mapped_column(Folded)
    serial: Mapped[str] = mapped_column(String(60))
    status: Mapped[str] = mapped_column(String(12), default="in_use")
    installed_on: Mapped[date | None] = mapped_column(Day)
    next_service_on: Mapped[date | None] = mapped_column(Day)
    description: Mapped[str | None] = mapped_column(Text)


class AssetState(Base):
    """An asset had a status from this moment on: written by the hook ``crm_changed``."""

    __tablename__ = "example_asset_state"
    __policy__ = ChildOf("asset_id")
    __table_args__ = (Index("ix_example_asset_state_asset", "asset_id", "since"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    asset_id: Mapped[str] = reference("example_asset", ondelete="CASCADE")
    status: Mapped[str] = mapped_column(String(12))
    since: Mapped[datetime] = mapped_column(Instant, default=now)


class AccountService(Base):
    """What the module adds to an account: a row exists once a value was set."""

    __tablename__ = "example_account"
    __policy__ = ChildOf("record_id")

    record_id: Mapped[str] = reference("core_account", ondelete="CASCADE", on_merge="keep_winner", primary_key=True)
    service_level: Mapped[str | None] = mapped_column(String(12))
    contract_until: Mapped[date | None] = mapped_column(Day)
