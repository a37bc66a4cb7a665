"""``View``: what a list shows, read from an address and checked against the entity."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from crm_core.db.paging import read_cursor
from crm_core.entity.descriptor import Entity, Field
from crm_core.errors import Invalid, Problem
from crm_core.text import Msg, messages

__all__ = ["MAX_LIMIT", "OPERATORS", "Filter", "View", "check_cursor", "filterable", "parse_view", "sort_column"]

_ = messages("core")

MAX_LIMIT = 200
MAX_TEXT = 200
MAX_FILTERS = 20
PLACES = {"money": 4, "decimal": 6}
RESERVED = frozenset({"q", "sort", "fields", "limit", "cursor", "view"})
SYSTEM_FIELDS = ("id", "created_at", "updated_at", "version", "owner_id", "team_id", "import_batch_id")

_TEXTS = frozenset({"text", "longtext", "email", "phone", "url", "inn", "kpp", "ogrn", "vat"})
OPERATORS: dict[str, frozenset[str]] = {
    "eq": frozenset({"*"}),
    "ne": frozenset({"*"}),
    "in": frozenset({"*"}),
    "empty": frozenset({"*"}),
    "lt": frozenset({"int", "decimal", "money", "day", "instant"}),
    "le": frozenset({"int", "decimal", "money", "day", "instant"}),
    "gt": frozenset({"int", "decimal", "money", "day", "instant"}),
    "ge": frozenset({"int", "decimal", "money", "day", "instant"}),
    "contains": _TEXTS,
    "starts": _TEXTS,
}


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition of a list: a field, an operator of ``OPERATORS`` and a typed value."""

    field: str
    op: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a list shows: columns, conditions (all must hold), order, page.

    ``sort`` is one field, with ``-`` in front for descending; ``cursor`` comes from a page.
    """

    columns: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    sort: str | None = None
    q: str | None = None
    limit: int = 50
    cursor: str | None = None


def parse_view(entity: Entity, pairs: Iterable[tuple[str, str]]) -> View:
    """The view that the parameters of an address describe.

    Raises ``Invalid`` naming every parameter that is unknown or has a value that does not fit.
    """
    reader = _Reader(entity)
    for name, value in pairs:
        reader.take(name, value)
    if reader.problems:
        raise Invalid(reader.problems)
    return View(filters=tuple(reader.filters), **reader.values)


def filterable(entity: Entity, name: str) -> Field | None:
    """The field by which a list may be filtered and sorted under that name, or ``None``."""
    return entity.field(name) or (
        Field(name=name, label=Msg("core", name), kind=_system_kind(name)) if name in SYSTEM_FIELDS else None
    )


def _system_kind(name: str) -> Any:
    return {"created_at": "instant", "updated_at": "instant", "version": "int"}.get(name, "ref")


def sort_column(entity: Entity, name: str) -> str | None:
    """The column that sorts by a field: its folded shadow where there is one."""
    shadow = f"{name}_fold"
    if shadow in entity.table.c:
        return shadow
    found = filterable(entity, name)
    return name if found is not None and found.sortable else None


class _Reader:
    """Collects the parameters of one address, and everything that is wrong with them."""

    def __init__(self, entity: Entity) -> None:
        self.entity = entity
        self.values: dict[str, Any] = {}
        self.filters: list[Filter] = []
        self.problems: list[Problem] = []

    def take(self, name: str, value: str) -> None:
        if len(value) > MAX_TEXT * 20 or "\x00" in value:
            self._refuse(name, _("The value is too long or not text."))
        elif name in RESERVED:
            getattr(self, f"_take_{name}")(value)
        else:
            self._take_filter(name, value)

    def _take_q(self, value: str) -> None:
        self.values["q"] = value.strip()[:MAX_TEXT] or None

    def _take_view(self, value: str) -> None:
        """Saved views are resolved before the parameters are read."""

    def _take_sort(self, value: str) -> None:
        if value and sort_column(self.entity, value.removeprefix("-")) is None:
            self._refuse("sort", _("The list cannot be sorted by “%(name)s”.", name=value))
        self.values["sort"] = value or None

    def _take_fields(self, value: str) -> None:
        names = tuple(dict.fromkeys(filter(None, value.split(","))))
        for name in names:
            if filterable(self.entity, name) is None and self.entity.part(name) is None:
                self._refuse("fields", _("There is no field “%(name)s”.", name=name))
        self.values["columns"] = names

    def _take_limit(self, value: str) -> None:
        if not value.isascii() or not value.isdigit() or not 1 <= int(value[:6]) <= MAX_LIMIT:
            self._refuse("limit", _("Give a number from 1 to %(most)s.", most=MAX_LIMIT))
            return
        self.values["limit"] = int(value)

    def _take_cursor(self, value: str) -> None:
        self.values["cursor"] = value or None

    def _take_filter(self, name: str, value: str) -> None:
        base, _dot, op = name.partition(".")
        found = filterable(self.entity, base)
        if found is None:
            self._refuse(name, _("There is no field “%(name)s”.", name=base))
            return
        kind = self.entity.kind_of(found)
        allowed = OPERATORS.get(op or "eq", frozenset())
        if not allowed & {"*", kind} or len(self.filters) >= MAX_FILTERS:
            self._refuse(name, _("This condition cannot be used here."))
            return
        try:
            self.filters.append(Filter(base, op or "eq", _operand(found, kind, op, value)))
        except ValueError:
            self._refuse(name, _("“%(value)s” does not fit this field.", value=value[:60]))

    def _refuse(self, name: str, message: Msg) -> None:
        self.problems.append(Problem(id="core.bad_parameter", message=message, field=name))


def _operand(found: Field, kind: str, op: str, value: str) -> Any:
    if op == "empty":
        return _boolean(value)
    if op == "in":
        parts = [part for part in value.split(",") if part]
        if len(parts) > MAX_TEXT:
            raise ValueError(value)
        return [_typed(found, kind, part) for part in parts]
    return _typed(found, kind, value)


def _typed(found: Field, kind: str, value: str) -> Any:
    if kind == "int":
        number = int(value)
        if abs(number) > 2**31:
            raise ValueError(value)
        return number
    if kind in {"decimal", "money"}:
        return _decimal(value, PLACES[kind])
    if kind == "bool":
        return _boolean(value)
    if kind == "day":
        return date.fromisoformat(value)
    if kind == "instant":
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if kind == "ref":
        return _identifier(value)
    if kind == "choice" and found.choices and value not in {choice.code for choice in found.choices}:
        raise ValueError(value)
    return value[:MAX_TEXT]


def _identifier(value: str) -> str:
    if len(value) != 36 or value.count("-") != 4:
        raise ValueError(value)
    int(value.replace("-", ""), 16)
    return value.lower()


def _decimal(value: str, places: int) -> Decimal:
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise ValueError(value) from error
    if not number.is_finite() or abs(number) > 10**13 or number != round(number, places):
        raise ValueError(value)
    return number


def _boolean(value: str) -> bool:
    if value.lower() not in {"true", "false", "1", "0"}:
        raise ValueError(value)
    return value.lower() in {"true", "1"}


def check_cursor(text: str, key_type: type[Any]) -> Any:
    """The cursor of an address. Raises ``Invalid`` when it does not belong to this list."""
    try:
        return read_cursor(text, key_type)
    except ValueError as error:
        problem = Problem(
            id="core.bad_cursor",
            message=_("The page address is damaged."),
            field="cursor",
            hint=_("Start again from the first page."),
        )
        raise Invalid([problem]) from error
