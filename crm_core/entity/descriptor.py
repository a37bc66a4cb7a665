"""``Entity``: a kind of record, described once; list, card, form, REST, import and search follow from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Boolean, Integer, Table, Text

from crm_core.db.types import Day, Id, Instant, Localised, Money, Quantity
from crm_core.plugin.contributions import Choice, Contribution
from crm_core.text import Msg

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["Choice", "Entity", "Field", "Kind", "Part", "Section"]

Kind = Literal[
    "text",
    "longtext",
    "email",
    "phone",
    "url",
    "inn",
    "kpp",
    "ogrn",
    "vat",
    "int",
    "decimal",
    "money",
    "day",
    "instant",
    "bool",
    "choice",
    "ref",
    "localised",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One property of a record, as people and programs meet it.

    ``name`` is the column of the model and the key in API, form, filter and import. ``kind`` follows
    from the column where it is not given. ``ref`` is the entity that a reference points to
    (``core.user`` for people of the staff). ``currency`` names the column beside an amount.
    ``listed`` columns are shown in a list at first; ``aliases`` are further headings that an import
    understands.
    """

    name: str
    label: Msg
    kind: Kind | None = None
    ref: str | None = None
    choices: tuple[Choice, ...] = ()
    required: bool = False
    listed: bool = False
    editable: bool = True
    sortable: bool = True
    section: str = "main"
    help: Msg | None = None
    aliases: tuple[str, ...] = ()
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """Rows of another table that belong to a record: phones, addresses, tags, lines of an order.

    ``model`` is their table, ``holder`` the column that points to the record, ``where`` constant
    columns that tell these rows from others of the same table, ``columns`` what makes an item, in the
    order of ``order``. ``pack(session, items)`` completes items to rows (normal forms), ``unpack(session,
    rows)`` makes items of rows; both get all items of a batch at once. ``schema()`` makes the marshmallow
    field that loads one value; ``texts(value)`` are the words under which search finds it; ``widget``
    names the part's form; ``refs`` are the columns that point to records of other entities.
    """

    name: str
    label: Msg
    widget: str
    model: type[Any]
    holder: str
    columns: tuple[str, ...]
    schema: Callable[[], Any]
    where: Mapping[str, str] = field(default_factory=dict)
    order: str | None = None
    pack: Callable[[Session, Sequence[Any]], Sequence[dict[str, Any]]] = lambda _session, items: list(items)
    unpack: Callable[[Session, Sequence[dict[str, Any]]], Sequence[Any]] = lambda _session, rows: list(rows)
    texts: Callable[[Any], Sequence[str]] = lambda _value: ()
    refs: Mapping[str, str] = field(default_factory=dict)
    section: str = "main"
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A group of fields in the form and among the facts of the card."""

    name: str
    label: Msg
    folded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entity(Contribution):
    """A kind of record.

    ``id`` is ``<module>.<noun>``; ``path`` the plural in addresses; ``title`` the column that names a
    record. ``search`` are the fields and parts by which names are found, ``texts`` those read as
    prose; ``match`` the fields and parts that make a likely duplicate. ``prepare(session, rows, fresh)``
    completes whole rows before they are written (derived columns and parts; ``fresh``: new records) and
    may raise ``Invalid``; ``written(session, rows)`` runs after rows were inserted. ``rolls_up`` are
    reference fields on whose record an event of this one is shown too.
    """

    model: type[Any]
    label: Msg
    plural: Msg
    icon: str
    path: str
    fields: tuple[Field, ...]
    title: str = "name"
    parts: tuple[Part, ...] = ()
    sections: tuple[Section, ...] = ()
    search: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    match: tuple[str, ...] = ()
    rolls_up: tuple[str, ...] = ()
    sort: str | None = None
    prepare: Callable[[Session, Sequence[dict[str, Any]], bool], None] | None = None
    written: Callable[[Session, Sequence[dict[str, Any]]], None] | None = None
    new_label: Msg | None = None

    @property
    def table(self) -> Table:
        """The table of the model."""
        table: Table = self.model.__table__
        return table

    @property
    def module(self) -> str:
        """The module that the entity belongs to."""
        return self.id.split(".", 1)[0]

    def field(self, name: str) -> Field | None:
        """The field of that name, or ``None``."""
        return _fields_of(self).get(name)

    def part(self, name: str) -> Part | None:
        """The part of that name, or ``None``."""
        return _parts_of(self).get(name)

    def kind_of(self, wanted: Field) -> Kind:
        """The kind of a field: as declared, or as its column says."""
        if wanted.kind is not None:
            return wanted.kind
        if wanted.ref is not None:
            return "ref"
        return "choice" if wanted.choices else _kind_of_column(self.table.c[wanted.name].type)


@lru_cache(maxsize=256)
def _fields_of(entity: Entity) -> dict[str, Field]:
    return {field.name: field for field in reversed(entity.fields)}


@lru_cache(maxsize=256)
def _parts_of(entity: Entity) -> dict[str, Part]:
    return {part.name: part for part in reversed(entity.parts)}


def _kind_of_column(column_type: Any) -> Kind:
    kinds: tuple[tuple[type[Any], Kind], ...] = (
        (Id, "ref"),
        (Money, "money"),
        (Quantity, "decimal"),
        (Instant, "instant"),
        (Day, "day"),
        (Localised, "localised"),
        (Boolean, "bool"),
        (Integer, "int"),
        (Text, "text"),
    )
    return next((kind for cls, kind in kinds if isinstance(column_type, cls)), "text")
