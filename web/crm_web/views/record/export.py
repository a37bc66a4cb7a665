"""Exporting what a list shows: in which form, and off it goes."""

from __future__ import annotations

from urllib.parse import parse_qsl

from flask import Response, request
from sqlalchemy.orm import Session

from crm_core.entity.descriptor import Entity
from crm_core.entity.query import count
from crm_core.entity.view import parse_view
from crm_core.errors import Invalid, NotFound
from crm_core.service.transfer import CsvStyle
from crm_core.service.transfer.job import ask_export
from crm_core.text import messages
from crm_web.context import render
from crm_web.current import actor, crm, say
from crm_web.links import base_of, with_query
from crm_web.negotiate import is_htmx
from crm_web.submission import lead_to, submit
from crm_web.views.record.column import columns_of
from crm_web.views.transfer.exported import shown

__all__ = ["ask", "start"]

_ = messages("web")

COUNT_CAP = 100_000
_PAGE_ONLY = frozenset({"cursor", "limit", "back"})
_ENCODINGS = {"utf-8-sig": _("UTF-8, for Excel"), "cp1251": _("Windows-1251, for older programs"), "utf-8": _("UTF-8")}
_SEPARATORS = {";": _("semicolon ;"), ",": _("comma ,"), "\t": _("tab")}


def ask(entity: Entity) -> str:
    """The dialog: what the list shows, and in which form to write it."""
    return _dialog(entity, [pair for pair in request.args.items(multi=True) if pair[0] not in _PAGE_ONLY], [])


def start(entity: Entity) -> Response:
    """Begins the export of what the list shows, and shows how far it is."""
    pairs = parse_qsl(request.form.get("list", ""))
    kind = request.form.get("format", "")

    def work(session: Session) -> Response:
        if kind not in _formats(entity):
            raise NotFound
        job_id = ask_export(session, entity.id, pairs, kind, _style() if kind == "csv" else None)
        if is_htmx():
            return Response(shown(session, job_id, "dialog", entity))
        return lead_to(f"/exports/{job_id}")

    try:
        return submit(work)
    except Invalid as error:
        return Response(_dialog(entity, pairs, [say(problem.message) for problem in error.problems]), 422)


def _dialog(entity: Entity, pairs: list[tuple[str, str]], reasons: list[str]) -> str:
    view = parse_view(entity, pairs)
    with crm().reading(actor()) as session:
        number = count(session, entity, view, COUNT_CAP)
    return render(
        "transfer/export.html",
        entity=entity,
        base=base_of(entity),
        query=with_query("", pairs).removeprefix("?"),
        back=with_query(base_of(entity), pairs),
        amount=min(number, COUNT_CAP),
        more=number > COUNT_CAP,
        columns=[column.label for column in columns_of(crm(), entity, view)],
        filtered=bool(view.filters or view.q),
        formats=_formats(entity),
        encodings=[(code, say(label)) for code, label in _ENCODINGS.items()],
        separators=[(code, say(label)) for code, label in _SEPARATORS.items()],
        reasons=reasons,
    )


def _formats(entity: Entity) -> dict[str, tuple[str, str]]:
    found = {
        "xlsx": (say(_("Excel workbook")), ".xlsx"),
        "csv": (say(_("Table as text")), ".csv"),
    }
    return {**found, "vcf": (say(_("Contacts for phones")), ".vcf")} if entity.id == "core.contact" else found


def _style() -> CsvStyle:
    form = request.form
    encoding, separator = form.get("encoding", "utf-8-sig"), form.get("separator", ";")
    if encoding not in _ENCODINGS or separator not in _SEPARATORS:
        raise NotFound
    russian = actor().language == "ru"
    return CsvStyle(encoding=encoding, separator=separator, decimal_mark="," if russian else ".", day_first=russian)
