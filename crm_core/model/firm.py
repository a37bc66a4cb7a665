"""The firm itself: settings, own legal entities, currency rates, number series, generations."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db.base import Base, new_id, now
from crm_core.db.policy import Public, SystemOnly
from crm_core.db.types import Day, Id, Instant, Json, Quantity

__all__ = ["LegalEntity", "Meta", "ModuleState", "NumberSeries", "Rate", "Setting"]


class Meta(Base):
    """Counters that caches compare: ``generation`` (enabled modules) and ``access`` (users, roles, teams)."""

    __tablename__ = "core_meta"
    __policy__ = SystemOnly()

    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[int] = mapped_column(Integer, default=1)


class ModuleState(Base):
    """What the administrator decided about a module, and what the last attempt to use it brought."""

    __tablename__ = "core_module"
    __policy__ = SystemOnly()

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    state: Mapped[str] = mapped_column(String(12))
    version: Mapped[str | None] = mapped_column(String(40))
    ever_enabled: Mapped[bool] = mapped_column(default=False)
    tables: Mapped[list[str]] = mapped_column(Json, default=list)
    last_error: Mapped[str | None] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(Instant, default=now)


class Setting(Base):
    """One setting of the firm or of a module: ``core.firm_name``, ``sales.rot_days``."""

    __tablename__ = "core_setting"
    __policy__ = SystemOnly()

    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    value: Mapped[Any] = mapped_column(Json)
    changed_at: Mapped[datetime] = mapped_column(Instant, default=now)


class LegalEntity(Base):
    """A legal entity of our own firm: stands on quotes, orders, contracts and in number series."""

    __tablename__ = "core_legal_entity"
    __policy__ = Public()

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(Text)
    legal_name: Mapped[str | None] = mapped_column(Text)
    country: Mapped[str] = mapped_column(String(2), default="RU")
    inn: Mapped[str | None] = mapped_column(String(12))
    kpp: Mapped[str | None] = mapped_column(String(9))
    ogrn: Mapped[str | None] = mapped_column(String(15))
    vat: Mapped[str | None] = mapped_column(String(20))
    address: Mapped[str | None] = mapped_column(Text)
    is_active: Mapped[bool] = mapped_column(default=True)


class Rate(Base):
    """What one unit of a currency cost in the base currency on a day."""

    __tablename__ = "core_rate"
    __policy__ = Public()

    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    day: Mapped[date] = mapped_column(Day, primary_key=True)
    rate: Mapped[Decimal] = mapped_column(Quantity)
    source: Mapped[str] = mapped_column(String(20), default="manual")


class NumberSeries(Base):
    """The next number of a series, taken under a row lock as the last step of a transaction."""

    __tablename__ = "core_number"
    __policy__ = SystemOnly()
    __table_args__ = (UniqueConstraint("series", "legal_entity", "period"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    series: Mapped[str] = mapped_column(String(40))
    legal_entity: Mapped[str] = mapped_column(String(36), default="")
    period: Mapped[str] = mapped_column(String(10), default="")
    pattern: Mapped[str] = mapped_column(String(60), default="{n:05d}")
    next: Mapped[int] = mapped_column(Integer, default=1)
