"""The declarative base, the columns that every record has, and markers that integrity code reads."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import uuid_utils
from sqlalchemy import ForeignKey, Index, Integer, MetaData, String, Table, text
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from crm_core.db.types import Id, Instant, Json

__all__ = ["Base", "Record", "index_of_given", "new_id", "now", "personal", "reference", "regarding", "unique_live"]

OnDelete = Literal["CASCADE", "SET NULL", "RESTRICT"]
OnMerge = Literal["repoint", "keep_winner", "refuse"]


def new_id() -> str:
    """A new UUIDv7: unique, and later ones sort after earlier ones."""
    return str(uuid_utils.uuid7())


def now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """Base of every mapped class of the core and of all modules."""

    if TYPE_CHECKING:
        __table__: ClassVar[Table]

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def reference(
    target: str, *, ondelete: OnDelete, on_merge: OnMerge = "repoint", nullable: bool = False, **options: Any
) -> Any:
    """A column that points to the ``id`` of another table and says what becomes of it."""
    info = {"on_merge": on_merge, **options.pop("info", {})}
    return mapped_column(Id, ForeignKey(f"{target}.id", ondelete=ondelete), nullable=nullable, info=info, **options)


def regarding(part: Literal["entity", "record_id"], **options: Any) -> Any:
    """One of the two columns of a reference to a record of any kind; integrity code walks these."""
    column_type = String(60) if part == "entity" else Id
    return mapped_column(column_type, info={"regarding": part}, **options)


def personal(kind: Literal["erase", "pseudonymise"] = "erase", **info: Any) -> dict[str, Any]:
    """The ``info`` of a column that holds personal data, and what erasure does with it."""
    return {"personal": kind, **info}


def unique_live(name: str, *columns: str) -> Index:
    """A unique key among the records that are not in the trash."""
    live = text("deleted_at IS NULL")
    return Index(name, *columns, unique=True, sqlite_where=live, postgresql_where=live)


def index_of_given(name: str, column: str) -> Index:
    """An index of the rows in which a column is filled: the many in which it is empty cost nothing."""
    given = text(f"{column} IS NOT NULL")
    return Index(name, column, sqlite_where=given, postgresql_where=given)


class Record(Base):
    """The columns of everything that people create, own and delete.

    ``version`` grows by one with each change; ``created_by``/``updated_by`` are principal ids;
    ``import_batch_id`` names the import that created the record and never changes; ``custom`` holds
    the fields that an administrator defined.
    """

    __abstract__ = True

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    created_by: Mapped[str | None] = mapped_column(Id)
    updated_at: Mapped[datetime] = mapped_column(Instant, default=now)
    updated_by: Mapped[str | None] = mapped_column(Id)
    deleted_at: Mapped[datetime | None] = mapped_column(Instant)
    deleted_batch: Mapped[str | None] = mapped_column(Id)
    merged_into_id: Mapped[str | None] = mapped_column(Id)
    version: Mapped[int] = mapped_column(Integer, default=1)
    import_batch_id: Mapped[str | None] = mapped_column(Id)
    custom: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)

    @declared_attr
    def owner_id(cls) -> Mapped[str | None]:
        owner: Mapped[str | None] = reference("core_user", ondelete="SET NULL", nullable=True)
        return owner

    @declared_attr
    def team_id(cls) -> Mapped[str | None]:
        team: Mapped[str | None] = reference("core_team", ondelete="SET NULL", nullable=True)
        return team
