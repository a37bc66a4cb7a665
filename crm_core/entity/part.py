"""Loading and saving the parts of records: a constant number of statements for any number of records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, bindparam, delete, or_, select
from sqlalchemy.orm import Session

from crm_core.db.bulk import insert_rows, values_list
from crm_core.db.prepared import Prepared
from crm_core.db.session import crm_of
from crm_core.entity.descriptor import Entity, Part

__all__ = ["load", "save"]

Values = dict[str, dict[str, Any]]


def load(session: Session, entity: Entity, ids: Sequence[str], names: Sequence[str] | None = None) -> Values:
    """``{record id: {part: value}}`` of the named parts (all where ``None``); one statement per table."""
    wanted = [part for part in entity.parts if names is None or part.name in names]
    loaded: Values = {key: {part.name: [] for part in wanted} for key in ids}
    for table, parts in _by_table(wanted).items():
        rows = _rows(session, table, parts, ids)
        for part in parts:
            mine = [row for row in rows if _belongs(part, row)]
            items = part.unpack(session, [{name: row[name] for name in part.columns} for row in mine])
            for row, item in zip(mine, items, strict=True):
                loaded[row[part.holder]][part.name].append(item)
    return loaded


def save(session: Session, entity: Entity, rows: Mapping[str, Mapping[str, Any]], *, fresh: bool) -> Values:
    """Replace the parts that the rows hold; gives the old values of those that really changed."""
    given = [part for part in entity.parts if any(part.name in row for row in rows.values())]
    replaced: Values = {}
    changed = rows
    if not fresh and given:
        names = [part.name for part in given]
        old = load(session, entity, list(rows), names)
        replaced, changed = _changed(old, rows, names)
        _delete(session, given, changed)
    for table, parts in _by_table(given).items():
        insert_rows(session, table, [row for part in parts for row in _packed(session, part, changed)])
    return replaced


def _changed(old: Values, rows: Mapping[str, Mapping[str, Any]], names: Sequence[str]) -> tuple[Values, Values]:
    replaced: Values = {}
    changed: Values = {}
    for key, row in rows.items():
        for name in names:
            if name in row and _comparable(row[name]) != _comparable(old[key][name]):
                replaced.setdefault(key, {})[name] = old[key][name]
                changed.setdefault(key, {})[name] = row[name]
    return replaced, changed


def _comparable(value: Sequence[Any]) -> list[Any]:
    """Items without what is empty, so that a form that shows less than is stored changes nothing."""
    return [
        {name: item[name] for name in sorted(item) if item[name] not in (None, "", False)}
        if isinstance(item, dict)
        else item
        for item in value or ()
    ]


def _packed(session: Session, part: Part, rows: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    holders = [(key, item) for key, row in rows.items() for item in row.get(part.name) or ()]
    packed = part.pack(session, [item for _key, item in holders])
    return [{part.holder: key, **part.where, **row} for (key, _item), row in zip(holders, packed, strict=True)]


def _delete(session: Session, parts: Sequence[Part], changed: Values) -> None:
    for part in parts:
        ids = [key for key, row in changed.items() if part.name in row]
        if ids:
            table = part.model.__table__
            chosen = table.c[part.holder].in_(select(values_list(session, ids).c.id))
            session.execute(
                delete(table).where(chosen, *(table.c[name] == value for name, value in part.where.items()))
            )


def _rows(session: Session, table: Table, parts: Sequence[Part], ids: Sequence[str]) -> list[dict[str, Any]]:
    names = tuple(dict.fromkeys(name for part in parts for name in (part.holder, *part.where, *part.columns)))
    holder = table.c[parts[0].holder]
    if len(ids) == 1:
        statement = _of_one(session, table, parts, names)
        found = statement.rows(session, {"holder": ids[0]})
    else:
        found = session.execute(_select(table, parts, names, holder.in_(select(values_list(session, ids).c.id)))).all()
    return [dict(zip(names, row, strict=True)) for row in found]


def _of_one(session: Session, table: Table, parts: Sequence[Part], names: tuple[str, ...]) -> Prepared:
    """The statement for the parts of one record, which every card and every form runs."""
    statements = crm_of(session).statements
    key = ("parts", table.name, names, *((part.name, *part.where.values()) for part in parts))
    if key not in statements:
        holder = table.c[parts[0].holder]
        statements[key] = Prepared(_select(table, parts, names, holder == bindparam("holder", type_=holder.type)))
    found: Prepared = statements[key]
    return found


def _select(table: Table, parts: Sequence[Part], names: Sequence[str], chosen: ColumnElement[bool]) -> Select[Any]:
    kinds = or_(*(and_(True, *(table.c[name] == value for name, value in part.where.items())) for part in parts))
    order = [table.c[parts[0].order]] if parts[0].order else []
    return select(*(table.c[name] for name in names)).where(chosen, kinds).order_by(*order)


def _belongs(part: Part, row: Mapping[str, Any]) -> bool:
    return all(row[name] == value for name, value in part.where.items())


def _by_table(parts: Sequence[Part]) -> dict[Table, list[Part]]:
    found: dict[Table, list[Part]] = {}
    for part in parts:
        found.setdefault(part.model.__table__, []).append(part)
    return found
