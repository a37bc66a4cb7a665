"""What became of the rows of an import: the refused and skipped ones with their reasons, and a file of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.db.session import crm_of
from crm_core.entity.descriptor import Entity
from crm_core.model import ImportEffect
from crm_core.service.transfer.apply import message_from_json
from crm_core.service.transfer.plan import Plan
from crm_core.service.transfer.reader import open_rows
from crm_core.service.transfer.write import CsvStyle, CsvTable, ErrorTable
from crm_core.text import Msg, messages

if TYPE_CHECKING:
    from crm_core.runtime import Crm

__all__ = ["LeftOut", "Refusals", "left_out", "left_out_of_dry_run", "refused_rows", "write_error_file"]

_ = messages("core")

_PAGE = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A row that was not imported: its number among the data rows, its line in the file, its name, and why."""

    row: int
    line: int | None
    about: str
    reasons: tuple[Msg, ...]


class Refusals:
    """Takes the refused rows of a dry run into a file beside the imported one; ``keep`` makes it last.

    However many they are, they take no memory, and nothing of a dry run is written to the database.
    """

    def __init__(self, file: Path, batch_id: str) -> None:
        self._path = _refusals_path(file, batch_id)
        self._part = self._path.with_suffix(".part")
        self._out: BinaryIO = self._part.open("wb")

    def __enter__(self) -> Refusals:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._out.close()
        self._part.unlink(missing_ok=True)

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append rows as ``dry_run`` tells them."""
        self._out.writelines(orjson.dumps(row) + b"\n" for row in rows)

    def keep(self) -> None:
        """Put the complete file in place of that of an earlier dry run."""
        self._out.close()
        self._part.replace(self._path)


def left_out(session: Session, batch: Mapping[str, Any], outcome: str, limit: int) -> list[LeftOut]:
    """The first rows of a batch that was run whose outcome was ``error`` or ``skipped``."""
    return list(_effects(session, batch, outcome, 0, limit))


def left_out_of_dry_run(session: Session, batch: Mapping[str, Any], outcome: str, limit: int) -> list[LeftOut]:
    """The first rows that the last dry run would leave out, as far as the batch has kept them."""
    entity = _entity(session, batch)
    kept = batch["counts"].get("left_out" if outcome == "skipped" else "problems", ())
    return [_row(entity, row["row"], row["problems"], row) for row in kept[:limit]]


def refused_rows(session: Session, batch: Mapping[str, Any], file: Path) -> Iterator[LeftOut]:
    """All rows that the run refused, or the last dry run where there was no run yet, in the order of the file."""
    if batch["state"] in {"draft", "checked"}:
        yield from _of_dry_run(_entity(session, batch), _refusals_path(file, batch["id"]))
        return
    place = 0
    while page := list(_effects(session, batch, "error", place, _PAGE)):
        yield from page
        place = page[-1].row


def write_error_file(
    crm: Crm, batch: Mapping[str, Any], file: Path, refused: Iterable[LeftOut], path: Path, language: str
) -> None:
    """Write the refused rows as they stand in the file, and in one more column why, as CSV.

    Corrected, it can be imported again as it is. Of vCards, which are no rows, it lists number, line and reason.
    """
    plan = Plan.from_json(batch["plan"])
    reason = crm.translate(_("Why it was not imported"), language)
    if plan.shape is None:
        _write_cards(crm, refused, path, language, reason)
        return
    style = CsvStyle(separator=plan.shape.separator.value if plan.format == "delimited" else ";")
    with open_rows(file, plan.shape) as rows, CsvTable(path, ErrorTable.columns(rows.headings, reason), style) as table:
        errors, numbered = ErrorTable(table, len(rows.headings)), enumerate(rows, 1)
        for refusal in refused:
            row = next((row for number, row in numbered if number == refusal.row), None)
            if row is None:
                return
            errors.add(row.values, _texts(crm, refusal, language))


def _write_cards(crm: Crm, refused: Iterable[LeftOut], path: Path, language: str, reason: str) -> None:
    headings = [crm.translate(text, language) for text in (_("Card"), _("Line"))]
    with CsvTable(path, ErrorTable.columns(headings, reason)) as table:
        for refusal in refused:
            table.add([refusal.row, refusal.line, "; ".join(_texts(crm, refusal, language))])


def _texts(crm: Crm, refusal: LeftOut, language: str) -> list[str]:
    return [crm.translate(reason, language) for reason in refusal.reasons]


def _entity(session: Session, batch: Mapping[str, Any]) -> Entity | None:
    return crm_of(session).entities.get(batch["entity"])


def _effects(session: Session, batch: Mapping[str, Any], outcome: str, after: int, limit: int) -> Iterator[LeftOut]:
    table, entity = ImportEffect.__table__, _entity(session, batch)
    statement = (
        select(table.c.row_no, table.c.problems)
        .where(table.c.batch_id == batch["id"], table.c.outcome == outcome, table.c.row_no > after)
        .order_by(table.c.row_no)
        .limit(limit)
    )
    for row_no, problems in session.execute(statement):
        yield _row(entity, row_no, problems or [], (problems or [{}])[0])


def _of_dry_run(entity: Entity | None, path: Path) -> Iterator[LeftOut]:
    if not path.exists():
        return
    with path.open("rb") as lines:
        for line in lines:
            row = orjson.loads(line)
            yield _row(entity, row["row"], row["problems"], row)


def _row(
    entity: Entity | None, number: int, problems: Sequence[Mapping[str, Any]], place: Mapping[str, Any]
) -> LeftOut:
    reasons = tuple(_reason(entity, problem) for problem in problems)
    return LeftOut(row=number, line=place.get("line"), about=place.get("about", ""), reasons=reasons)


def _reason(entity: Entity | None, problem: Mapping[str, Any]) -> Msg:
    """What is wrong, after the name of the field in which it is."""
    message = message_from_json(problem)
    name = (problem.get("field") or "").partition(".")[0]
    found = (entity.field(name) or entity.part(name)) if entity is not None and name else None
    return message if found is None else _("%(field)s: %(text)s", field=found.label, text=message)


def _refusals_path(file: Path, batch_id: str) -> Path:
    return file.with_name(f"{batch_id}.refused")
