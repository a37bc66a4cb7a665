"""The only column types that modules use: both databases store, sort and return the same values.

=============  ==========================  ===============================  ==================
type           PostgreSQL                  SQLite                           Python / JSON
=============  ==========================  ===============================  ==================
``Id``         uuid                        TEXT with hyphens                str / string
``Money``      BIGINT in 1/10,000          same                             Decimal / string
``Quantity``   BIGINT in 1/1,000,000       same                             Decimal / string
``Instant``    timestamptz                 TEXT ``…T…Z`` with microseconds  datetime UTC / string
``Day``        date                        TEXT                             date / string
``Folded``     text COLLATE "C"            TEXT BINARY                      str / –
``Localised``  jsonb                       JSON text                        dict / text
``Json``       jsonb                       JSON text                        any JSON value
=============  ==========================  ===============================  ==================
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import BigInteger, String, Text, Uuid
from sqlalchemy.dialects.postgresql import DATE, JSONB, TIMESTAMP, UUID
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

__all__ = ["Day", "Folded", "Id", "Instant", "Json", "Localised", "Money", "Quantity"]


class _PgId(UUID[str]):
    """uuid whose values stay text: the driver is told to load them so (see ``db.engine``)."""

    render_bind_cast = True

    def __init__(self) -> None:
        super().__init__(as_uuid=False)

    def bind_processor(self, dialect: Dialect) -> None:
        return None

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        return None


class Id(TypeDecorator[str]):
    """A UUIDv7 (RFC 9562) as 36 characters of text."""

    impl = Uuid
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return _PgId() if dialect.name == "postgresql" else dialect.type_descriptor(String(36))

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:
        return self

    @property
    def python_type(self) -> type[str]:
        return str


class _Scaled(TypeDecorator[Decimal]):
    """A decimal number kept as a whole number of its smallest unit."""

    impl = BigInteger
    cache_ok = True
    scale = Decimal(1)

    def process_bind_param(self, value: Decimal | int | str | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        scaled = Decimal(value) * self.scale
        if scaled != scaled.to_integral_value():
            raise ValueError(f"{value} has more digits than {type(self).__name__} keeps")
        return int(scaled)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value) / self.scale

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:
        return self


class Money(_Scaled):
    """An amount in 1/10,000 of a unit; the currency stands in a column beside it."""

    cache_ok = True
    scale = Decimal(10_000)


class Quantity(_Scaled):
    """A quantity in 1/1,000,000 of its unit of measure."""

    cache_ok = True
    scale = Decimal(1_000_000)


class Instant(TypeDecorator[datetime]):
    """A moment in UTC with microseconds; values without a zone are refused."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return TIMESTAMP(timezone=True) if dialect.name == "postgresql" else dialect.type_descriptor(Text())

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        as_text = dialect.name != "postgresql"

        def bind(value: datetime | None) -> Any:
            if value is None:
                return None
            if value.tzinfo is None:
                raise ValueError("an Instant needs a time zone")
            moment = value.astimezone(UTC)
            return f"{moment.replace(tzinfo=None).isoformat(timespec='microseconds')}Z" if as_text else moment

        return bind

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None] | None:
        if dialect.name == "postgresql":
            return None
        parse = datetime.fromisoformat
        return lambda value: None if value is None else parse(value)

    @property
    def python_type(self) -> type[datetime]:
        return datetime


class Day(TypeDecorator[date]):
    """A calendar day without a zone."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return DATE() if dialect.name == "postgresql" else dialect.type_descriptor(Text())

    def bind_processor(self, dialect: Dialect) -> Callable[[date | None], Any] | None:
        if dialect.name == "postgresql":
            return None
        return lambda value: None if value is None else value.isoformat()

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], date | None] | None:
        if dialect.name == "postgresql":
            return None
        return lambda value: None if value is None else date.fromisoformat(value)

    @property
    def python_type(self) -> type[date]:
        return date


class Folded(TypeDecorator[str]):
    """The folded shadow of a text column: compared byte by byte, so that ranges serve prefixes."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Text(collation="C") if dialect.name == "postgresql" else dialect.type_descriptor(Text())


class Json(TypeDecorator[Any]):
    """Any JSON value; written and read by orjson, so that both databases agree."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return _PgJson() if dialect.name == "postgresql" else dialect.type_descriptor(Text())

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:
        return lambda value: None if value is None else orjson.dumps(value, default=str).decode()

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        if dialect.name == "postgresql":
            return None
        return lambda value: None if value is None else orjson.loads(value)

    @property
    def python_type(self) -> type[object]:
        return object


class _PgJson(JSONB):
    """jsonb that leaves (de)serialisation to ``Json``, which hands it text."""

    render_bind_cast = True

    def bind_processor(self, dialect: Dialect) -> None:
        return None

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        return None


class Localised(Json):
    """``{"en": "Open", "ru": "Открыта"}``; shown in the actor's language with a fallback."""

    cache_ok = True
