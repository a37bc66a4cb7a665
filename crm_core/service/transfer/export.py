"""Exports: what a list shows, as CSV, XLSX or vCards, page by page, for any number of records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from crm_core.entity.columns import label_name
from crm_core.entity.descriptor import Entity
from crm_core.entity.guard import require
from crm_core.entity.part import load
from crm_core.entity.query import Page, list_columns, query
from crm_core.entity.view import MAX_LIMIT, View, filterable
from crm_core.errors import Invalid, Problem
from crm_core.service.transfer.vcard import Card, Labelled, card_text
from crm_core.service.transfer.write import Column, CsvStyle, CsvTable, Table, XlsxTable
from crm_core.text import messages

if TYPE_CHECKING:
    from crm_core.access.principal import Principal
    from crm_core.runtime import Crm

__all__ = ["FORMATS", "export"]

_ = messages("core")

FORMATS = ("csv", "xlsx", "vcf")
_CARD = (
    "name",
    "last_name",
    "first_name",
    "middle_name",
    "account_id",
    "position",
    "phone",
    "email",
    "phones",
    "emails",
)
Row = dict[str, Any]


def export(
    crm: Crm,
    actor: Principal,
    entity: Entity,
    view: View,
    path: Path,
    kind: str,
    *,
    style: CsvStyle | None = None,
    progress: Callable[[int], bool] | None = None,
) -> int:
    """Write the records of a view that the actor may export to a file; gives their number.

    ``progress`` gets the number of rows written so far and says whether to go on. Texts that a
    spreadsheet would take for a formula are guarded. Raises ``NotAllowed`` and ``Invalid``.
    """
    if kind not in FORMATS:
        message = _("Choose one of: %(codes)s.", codes=", ".join(FORMATS))
        raise Invalid([Problem(id="export.format", message=message, field="format")])
    shown = view.columns or list_columns(entity)
    columns = tuple(name for name in _CARD if entity.field(name) or entity.part(name)) if kind == "vcf" else shown
    pages = _pages(crm, actor, entity, replace(view, columns=columns, limit=MAX_LIMIT, cursor=None))
    if kind == "vcf":
        return _write_cards(path, pages, progress)
    table = _table(crm, actor, entity, columns, path, kind, style)
    try:
        return _write_rows(crm, actor, entity, columns, table, pages, progress)
    finally:
        table.close()


def _pages(crm: Crm, actor: Principal, entity: Entity, view: View) -> Iterator[list[Row]]:
    """The rows page by page, parts included; each page in a session of its own, so that no one waits."""
    parts = [name for name in view.columns if entity.part(name) is not None]
    place: str | None = None
    while True:
        with crm.reading(actor) as session:
            require(session, entity, "export")
            page: Page = query(session, entity, replace(view, cursor=place), action="export")
            rows = _with_parts(session, entity, page.rows, parts)
        yield rows
        place = page.next
        if place is None:
            return


def _with_parts(session: Session, entity: Entity, rows: list[Row], parts: Sequence[str]) -> list[Row]:
    if not parts or not rows:
        return rows
    loaded = load(session, entity, [row["id"] for row in rows], parts)
    return [{**row, **loaded[row["id"]]} for row in rows]


def _table(
    crm: Crm, actor: Principal, entity: Entity, columns: Sequence[str], path: Path, kind: str, style: CsvStyle | None
) -> Table:
    headings = [
        Column(
            title=crm.translate(label, actor.language), kind="text" if field_kind in {"choice", "ref"} else field_kind
        )
        for label, field_kind in (_described(entity, name) for name in columns)
    ]
    if kind == "xlsx":
        return XlsxTable(path, headings, zone=ZoneInfo(actor.zone))
    return CsvTable(path, headings, style)


def _described(entity: Entity, name: str) -> tuple[Any, str]:
    found = entity.part(name)
    if found is not None:
        return found.label, "text"
    special = {
        "owner_id": _("Responsible"),
        "team_id": _("Team"),
        "created_at": _("Created"),
        "updated_at": _("Changed"),
    }
    field = filterable(entity, name)
    label = special.get(name) or (field.label if field is not None else name)
    return label, entity.kind_of(field) if field is not None else "text"


def _write_rows(
    crm: Crm,
    actor: Principal,
    entity: Entity,
    columns: Sequence[str],
    table: Table,
    pages: Iterator[list[Row]],
    progress: Callable[[int], bool] | None,
) -> int:
    show = [_shower(crm, actor, entity, name) for name in columns]
    written = 0
    for rows in pages:
        for row in rows:
            table.add([cell(row) for cell in show])
        written += len(rows)
        if progress is not None and not progress(written):
            break
    return written


def _shower(crm: Crm, actor: Principal, entity: Entity, name: str) -> Callable[[Row], Any]:
    """How one column is shown: references by name, choices by label, moments in the reader's zone."""
    if entity.part(name) is not None:
        return lambda row: "; ".join(_item_text(item) for item in row.get(name) or ())
    field = filterable(entity, name)
    kind = entity.kind_of(field) if field is not None else "text"
    if kind == "ref" and name != "id":
        return lambda row: row.get(label_name(name)) or ""
    if field is not None and field.choices:
        labels = {choice.code: crm.translate(choice.label, actor.language) for choice in field.choices}
        return lambda row: labels.get(row.get(name) or "", row.get(name))
    if kind == "instant":
        zone = ZoneInfo(actor.zone)
        return lambda row: _local(row.get(name), zone)
    return lambda row: row.get(name)


def _local(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    return moment.astimezone(zone).replace(microsecond=0) if moment is not None else None


def _item_text(item: Any) -> str:
    if not isinstance(item, Mapping):
        return str(item)
    if item.get("value"):
        return str(item["value"])
    return ", ".join(str(item[key]) for key in ("lines", "city", "region", "postcode", "country") if item.get(key))


def _write_cards(path: Path, pages: Iterator[list[Row]], progress: Callable[[int], bool] | None) -> int:
    written = 0
    with path.open("w", encoding="utf-8", newline="") as target:
        for rows in pages:
            target.writelines(card_text(_card(row)) for row in rows)
            written += len(rows)
            if progress is not None and not progress(written):
                break
    return written


def _card(row: Row) -> Card:
    return Card(
        uid=row["id"],
        full_name=row["name"],
        last=row.get("last_name") or "",
        first=row.get("first_name") or "",
        middle=row.get("middle_name") or "",
        organizations=((row["account"],),) if row.get("account") else (),
        titles=(row["position"],) if row.get("position") else (),
        phones=tuple(_labelled(row, "phones", "phone")),
        emails=tuple(_labelled(row, "emails", "email")),
    )


def _labelled(row: Row, part: str, column: str) -> Iterator[Labelled]:
    items = row.get(part) or ([{"value": row[column]}] if row.get(column) else [])
    for item in items:
        yield Labelled(value=item["value"], custom=item.get("label") or "", preferred=bool(item.get("is_primary")))
