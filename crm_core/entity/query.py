"""``query()``: the one way in which lists, cards, exports and reports read records.

It builds a Core select with exactly the columns of the view, label joins and the visibility
condition, once per shape (entity, columns, filters, scope); between requests only parameters change.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, asc, bindparam, desc, func, literal_column, or_, select
from sqlalchemy.orm import Session

from crm_core.access.predicate import binds, scope_key, visible
from crm_core.db.paging import Cursor, seek, write_cursor
from crm_core.db.prepared import Prepared
from crm_core.db.session import actor_of, crm_of
from crm_core.db.types import Id
from crm_core.entity import text_match
from crm_core.entity.columns import ALWAYS, Shown, shown_columns
from crm_core.entity.descriptor import Entity
from crm_core.entity.view import SYSTEM_FIELDS, View, check_cursor, sort_column
from crm_core.errors import NotFound
from crm_core.text import swap_layout

__all__ = ["Page", "count", "fetch", "fetch_many", "list_columns", "matching_ids", "query"]

Row = dict[str, Any]
MOST_STATEMENTS = 2_000
MANY_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Rows of a list and the cursors of the pages beside it (``None`` at an end).

    ``read_as`` is the text that found them where the words of the view were typed in the wrong layout.
    """

    rows: list[Row]
    next: str | None
    previous: str | None
    read_as: str | None = None


@dataclass(frozen=True, slots=True)
class _Statement:
    select: Prepared
    keys: tuple[str, ...]
    hidden: int


def list_columns(entity: Entity) -> tuple[str, ...]:
    """The columns that a list shows at first."""
    return (*(field.name for field in entity.fields if field.listed), "owner_id")


def query(session: Session, entity: Entity, view: View, action: str = "view") -> Page:
    """One page of the records that the actor may see, in the order of the view.

    Words that find nothing are tried once more as typed on the other keyboard layout. Raises
    ``Invalid`` for a cursor of another list.
    """
    page = _query(session, entity, view, action)
    if page.rows or view.q is None or view.cursor is not None:
        return page
    other = swap_layout(view.q)
    return replace(_query(session, entity, replace(view, q=other), action), read_as=other)


def _query(session: Session, entity: Entity, view: View, action: str) -> Page:
    order = _order_of(entity, view)
    cursor = check_cursor(view.cursor, order.key_type) if view.cursor else None
    statement = _page_statement(session, entity, view, order, cursor, action)
    parameters = {**_parameters(session, view), **_cursor_parameters(cursor)}
    found = statement.select.rows(session, parameters)
    return _page(statement, found, view.limit, cursor)


def count(session: Session, entity: Entity, view: View, cap: int = 10_000) -> int:
    """How many records the view holds, counted up to ``cap``: ``cap + 1`` means more than that.

    A whole list that held more than ``cap`` is taken to do so for a minute: counting costs more than its page.
    """
    crm, actor = crm_of(session), actor_of(session)
    many = None if view.filters or view.q else ("many", entity.id, cap, actor.user_id, scope_key(crm, actor))
    if many is not None and crm.statements.get(many, 0.0) > time.monotonic():
        return cap + 1

    def build() -> Select[Any]:
        inner = _conditions(session, entity, view, select(entity.table.c.id)).limit(bindparam("cap"))
        return select(func.count()).select_from(inner.subquery())

    statement = _cached(session, entity, ("count", *_shape(view)), build)
    found = int(session.execute(statement, {**_parameters(session, view), "cap": cap + 1}).scalar_one())
    if many is not None and found > cap:
        crm.statements[many] = time.monotonic() + MANY_SECONDS
    return found


def matching_ids(
    session: Session, entity: Entity, view: View, cap: int, action: str = "view", after: str | None = None
) -> list[str]:
    """The ids of the records of the view that the actor may do ``action`` to, by id, at most ``cap`` after one."""

    def build() -> Select[Any]:
        table = entity.table
        statement = _conditions(session, entity, view, select(table.c.id), action)
        if after is not None:
            statement = statement.where(table.c.id > bindparam("after", type_=Id()))
        return statement.order_by(table.c.id).limit(bindparam("cap"))

    statement = _cached(session, entity, ("ids", action, after is None, *_shape(view)), build)
    return list(session.execute(statement, {**_parameters(session, view), "cap": cap, "after": after}).scalars())


def fetch(session: Session, entity: Entity, record_id: str, *, action: str = "view", trashed: bool = False) -> Row:
    """One record with all its fields and labels. Raises ``NotFound`` when the actor may not see it."""
    rows = fetch_many(session, entity, [record_id], action=action, trashed=trashed)
    if not rows:
        raise NotFound
    return rows[0]


def fetch_many(
    session: Session, entity: Entity, ids: Sequence[str], *, action: str = "view", trashed: bool = False
) -> list[Row]:
    """The given records as far as the actor may see them, with all their fields and labels."""
    one = len(ids) == 1

    def build() -> tuple[Prepared, tuple[str, ...]]:
        table = entity.table
        names = tuple(field.name for field in entity.fields)
        shown = shown_columns(session, entity, (*ALWAYS, *names, *SYSTEM_FIELDS, "deleted_at", "custom"))
        statement = _from(shown, entity)
        chosen = (
            table.c.id == bindparam("id", type_=Id())
            if one
            else table.c.id.in_(bindparam("ids", type_=Id(), expanding=True))
        )
        statement = statement.where(
            chosen, table.c.deleted_at.is_not(None) if trashed else table.c.deleted_at.is_(None)
        )
        condition = visible(crm_of(session), entity, action, actor_of(session))
        return Prepared(statement if condition is None else statement.where(condition)), shown.keys

    statement, keys = _cached(session, entity, ("fetch", action, one, trashed), build)
    chosen = {"id": ids[0]} if one else {"ids": list(ids)}
    found = statement.rows(session, {**binds(actor_of(session)), **chosen})
    return [dict(zip(keys, row, strict=True)) for row in found]


@dataclass(frozen=True, slots=True)
class _Order:
    name: str
    ascending: bool
    nullable: bool
    key_type: type[Any]


def _order_of(entity: Entity, view: View) -> _Order:
    wanted = view.sort or entity.sort or entity.title
    name = sort_column(entity, wanted.removeprefix("-")) or "id"
    column = entity.table.c[name]
    return _Order(name, not wanted.startswith("-"), bool(column.nullable), column.type.python_type)


def _page_statement(
    session: Session, entity: Entity, view: View, order: _Order, cursor: Cursor | None, action: str
) -> _Statement:
    place = (cursor.way, cursor.key is None) if cursor else None
    shape = ("page", action, view.columns, view.limit, order.name, order.ascending, place, *_shape(view))

    def build() -> _Statement:
        columns = view.columns or list_columns(entity)
        shown = shown_columns(session, entity, (*ALWAYS, *columns))
        key = entity.table.c[order.name]
        statement = _conditions(session, entity, view, _from(shown, entity).add_columns(key.label("_key")), action)
        # With a bound limit PostgreSQL would plan the statement anew each time, which costs more than running it.
        placed = _placed(statement, entity, order, cursor).limit(literal_column(str(view.limit + 1)))
        return _Statement(Prepared(placed), shown.keys, 1)

    found: _Statement = _cached(session, entity, shape, build)
    return found


def _placed(statement: Select[Any], entity: Entity, order: _Order, cursor: Cursor | None) -> Select[Any]:
    key, row_id = entity.table.c[order.name], entity.table.c.id
    ascending = order.ascending if cursor is None or cursor.way == "next" else not order.ascending
    if cursor is not None:
        bounds = (bindparam("key", type_=key.type), bindparam("key_id", type_=Id()))
        statement = statement.where(
            seek(key, row_id, bounds, ascending=ascending, nullable=order.nullable, at_null=cursor.key is None)
        )
    way = asc if ascending else desc
    ordering: list[ColumnElement[Any]] = [way(key), way(row_id)]
    if order.nullable:
        ordering[0] = ordering[0].nulls_last() if ascending else ordering[0].nulls_first()
    return statement.order_by(*ordering)


def _from(shown: Shown, entity: Entity) -> Select[Any]:
    source: Any = entity.table
    for join in shown.joins:
        source = source.outerjoin(join.alias, join.on)
    return select(*shown.columns).select_from(source)


def _conditions(
    session: Session, entity: Entity, view: View, statement: Select[Any], action: str = "view"
) -> Select[Any]:
    """The statement with everything that decides which rows: trash, visibility, filters, search words."""
    table = entity.table
    statement = statement.where(table.c.deleted_at.is_(None))
    condition = visible(crm_of(session), entity, action, actor_of(session))
    if condition is not None:
        statement = statement.where(condition)
    for position, wanted in enumerate(view.filters):
        statement = statement.where(_filter(table.c[wanted.field], wanted.op, wanted.value, f"f{position}", entity))
    if view.q:
        hits = text_match.hits(session, entity, view.q)
        statement = statement.where(table.c.id.in_(select(hits.c.record_id)))
    return statement


def _filter(column: Any, op: str, value: Any, name: str, entity: Entity) -> ColumnElement[bool]:
    if op == "empty":
        return column.is_(None) if value else column.is_not(None)  # type: ignore[no-any-return]
    if op == "in":
        return column.in_(bindparam(name, type_=column.type, expanding=True))  # type: ignore[no-any-return]
    if op in {"contains", "starts"}:
        shadow = entity.table.c.get(f"{column.name}_fold")
        return (text_match.folded(column) if shadow is None else shadow).like(bindparam(name), escape="\\")
    bound = bindparam(name, type_=column.type)
    if op == "ne":
        return or_(column != bound, column.is_(None))
    compare = {"eq": column.__eq__, "lt": column.__lt__, "le": column.__le__, "gt": column.__gt__, "ge": column.__ge__}
    return and_(compare[op](bound))


def _shape(view: View) -> tuple[Any, ...]:
    """What of a view changes the text of a statement."""
    filters = tuple((f.field, f.op, f.value if f.op == "empty" else None) for f in view.filters)
    return (filters, text_match.shape(view.q))


def _parameters(session: Session, view: View) -> dict[str, Any]:
    values = {f"f{n}": text_match.like_value(f) for n, f in enumerate(view.filters) if f.op != "empty"}
    return {**binds(actor_of(session)), **values, **text_match.parameters(view.q)}


def _cursor_parameters(cursor: Cursor | None) -> dict[str, Any]:
    if cursor is None:
        return {}
    return {"key_id": cursor.id} if cursor.key is None else {"key": cursor.key, "key_id": cursor.id}


def _cached(session: Session, entity: Entity, shape: tuple[Any, ...], build: Any) -> Any:
    crm, actor = crm_of(session), actor_of(session)
    key = (entity.id, shape, scope_key(crm, actor))
    found = crm.statements.get(key)
    if found is None:
        if len(crm.statements) > MOST_STATEMENTS:
            # Shapes come from addresses, which anybody may vary: forget all rather than grow without end.
            crm.statements.clear()
        found = crm.statements[key] = build()
    return found


def _page(statement: _Statement, found: Sequence[Any], limit: int, cursor: Cursor | None) -> Page:
    more = len(found) > limit
    kept = list(found[:limit])
    backwards = cursor is not None and cursor.way == "previous"
    if backwards:
        kept.reverse()
    rows = [dict(zip(statement.keys, row, strict=False)) for row in kept]
    if not rows:
        return Page(rows=rows, next=None, previous=None)
    first = Cursor(key=kept[0][-1], id=rows[0]["id"], way="previous")
    last = Cursor(key=kept[-1][-1], id=rows[-1]["id"])
    ahead = more if not backwards else True
    behind = cursor is not None if not backwards else more
    return Page(rows=rows, next=write_cursor(last) if ahead else None, previous=write_cursor(first) if behind else None)
