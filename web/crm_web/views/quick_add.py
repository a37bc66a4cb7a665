"""Adding a client in seconds: a name, one line with everything else, and who that may already be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, g, request
from sqlalchemy.orm import Session

from crm_core.entity import identifier
from crm_core.entity.descriptor import Entity
from crm_core.entity.point import normal_email, normal_phone
from crm_core.entity.query import query
from crm_core.entity.schema import load_input
from crm_core.entity.view import View
from crm_core.entity.write import create
from crm_core.errors import Invalid, NotFound, Problem
from crm_core.service.match import core_name, similar
from crm_core.service.transfer.person_name import split_full_name
from crm_core.text import messages
from crm_web.context import render
from crm_web.current import actor, crm, say
from crm_web.links import base_of
from crm_web.policy import signed_in
from crm_web.submission import lead_to, submit
from crm_web.toast import toast
from crm_web.views.record.form import errors_by_field

__all__ = ["blueprint", "read_line"]

_ = messages("web")
blueprint = Blueprint("quick_add", __name__)

_PIECES = re.compile(r"[,;\n]+")
_KINDS = {"contact": "core.contact", "account": "core.account"}


@blueprint.get("/quick-add")
@signed_in
def show() -> str:
    """The dialog, with what the address presets."""
    return _dialog(request.args, {})


@blueprint.get("/quick-add/similar")
@signed_in
def hints() -> str:
    """Who the one being typed may already be, and what was understood of the line."""
    kind, draft = _draft(request.args)
    entity = _entity(kind)
    with crm().reading(actor()) as session:
        found = similar(session, entity, draft) if actor().may(f"{entity.id}.view") else []
    return render("quick/similar.html", found=found, base=base_of(entity), understood=_understood(draft))


@blueprint.post("/quick-add")
@signed_in
def store() -> Response:
    """Creates the client, and the company of a person when it is new."""
    kind, draft = _draft(request.form)

    def work(session: Session) -> Response:
        record = _create(session, _entity(kind), draft)
        base = base_of(_entity(kind))
        toast(_("“%(name)s” was added", name=str(record["name"])))
        return lead_to(f"{base}/{record['id']}")

    try:
        return submit(work)
    except Invalid as error:
        return Response(_dialog(request.form, errors_by_field(_to_line(error))), 422)


def read_line(line: str) -> dict[str, Any]:
    """What a line holds, piece by piece: ``phones, emails, inn, website``, and ``rest``, which is none of these.

    >>> read_line("8 903 236-55-44, anna@romashka.example, ООО «Ромашка»")["rest"]
    'ООО «Ромашка»'
    """
    found: dict[str, Any] = {"phones": [], "emails": [], "inn": None, "website": None}
    rest = []
    for piece in filter(None, (part.strip() for part in _PIECES.split(line))):
        email, phone = normal_email(piece), normal_phone(piece)
        if email:
            found["emails"].append({"value": piece})
        elif piece.isdigit() and identifier.inn(piece):
            found["inn"] = piece
        elif phone and re.fullmatch(r"[\d\s()+.–-]+", piece):
            found["phones"].append({"value": piece})
        elif " " not in piece and "." in piece and identifier.web_address(piece):
            found["website"] = piece
        else:
            rest.append(piece)
    return {**found, "rest": ", ".join(rest)}


def _draft(given: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """Contact or account, and what was typed as the input of that entity."""
    kind = given.get("kind", "contact")
    name, line = given.get("name", "").strip(), read_line(given.get("line", ""))
    draft: dict[str, Any] = {key: line[key] for key in ("phones", "emails") if line[key]}
    if kind == "account":
        draft.update({key: line[key] for key in ("inn", "website") if line[key]}, name=name)
        if line["rest"]:
            draft["city"] = line["rest"]
        return kind, draft
    person = split_full_name(name)
    parts = {"last_name": person.last, "first_name": person.first, "middle_name": person.middle}
    draft.update({key: value for key, value in parts.items() if value}, company=line["rest"], company_inn=line["inn"])
    return kind, draft


def _entity(kind: str) -> Entity:
    if kind not in _KINDS:
        raise NotFound
    return crm().entities[_KINDS[kind]]


def _create(session: Session, entity: Entity, draft: dict[str, Any]) -> dict[str, Any]:
    data = {key: value for key, value in draft.items() if not key.startswith("company")}
    if draft.get("company"):
        data["account_id"] = _company(session, draft["company"], draft.get("company_inn"))
    if not data.get("name") and not any(data.get(key) for key in ("last_name", "first_name", "phones", "emails")):
        raise Invalid([Problem(id="web.no_name", message=_("Give a name, a phone or an e-mail."), field="name")])
    (record,) = create(session, entity, [load_input(session, entity, data)])
    return record


def _company(session: Session, name: str, inn: str | None) -> str:
    """The account of that name, whatever its legal form; a new one where there is none."""
    entity = crm().entities["core.account"]
    page = query(session, entity, View(columns=("name",), q=core_name(name), limit=20))
    same = [row["id"] for row in page.rows if core_name(row["name"]) == core_name(name)]
    if same:
        return str(same[0])
    data = {"name": name, **({"inn": inn} if inn else {})}
    return str(create(session, entity, [load_input(session, entity, data)])[0]["id"])


def _understood(draft: Mapping[str, Any]) -> list[tuple[str, str]]:
    labels = {
        "phones": _("Phone"),
        "emails": _("E-mail"),
        "inn": _("INN"),
        "company": _("Company"),
        "company_inn": _("INN"),
        "website": _("Website"),
        "city": _("City"),
        "last_name": _("Last name"),
        "first_name": _("First name"),
        "middle_name": _("Middle name"),
    }
    return [(say(label), _text(draft[key])) for key, label in labels.items() if draft.get(key)]


def _text(value: Any) -> str:
    return ", ".join(item["value"] for item in value) if isinstance(value, list) else str(value)


def _to_line(error: Invalid) -> list[Problem]:
    """The problems under the two fields of the dialog."""
    names = {"name", "last_name", "first_name", "middle_name"}
    return [
        Problem(id=p.id, message=p.message, hint=p.hint, field="name" if (p.field or "") in names else "line")
        for p in error.problems
    ]


def _dialog(given: Mapping[str, str], errors: Mapping[str, list[str]]) -> str:
    offered = [
        (kind, say(label), icon)
        for kind, label, icon in (("contact", _("Person"), "user"), ("account", _("Organisation"), "building"))
        if g.actor.may(f"{_KINDS[kind]}.create")
    ]
    return render(
        "quick/add.html",
        kinds=offered,
        kind=given.get("kind", offered[0][0] if offered else "contact"),
        name=given.get("name", ""),
        line=given.get("line", ""),
        errors=errors,
    )
