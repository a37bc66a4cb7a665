"""The first page: what one worked on, what happened, the first steps of a new installation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, g
from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from crm_core.model import Account, Contact, History, ModuleState, Setting, User
from crm_core.plugin.contributions import HistoryKind
from crm_core.service.demo import demo_batch
from crm_core.service.recent import latest_entries, worked_on
from crm_core.text import Msg, messages
from crm_web.context import render
from crm_web.current import actor, crm, say
from crm_web.links import record_url
from crm_web.panel import widget_blocks
from crm_web.policy import signed_in

__all__ = ["blueprint"]

_ = messages("web")
blueprint = Blueprint("home", __name__)


@dataclass(frozen=True, slots=True)
class Step:
    """One of the first steps: offered to those with the permission, done when ``done(session)`` says so."""

    title: Msg
    text: Msg
    url: str
    permission: str
    done: Callable[[Session], bool]


@blueprint.get("/")
@signed_in
def show() -> str:
    """The page after the sign-in."""
    with crm().reading(actor()) as session:
        mine = worked_on(session)
        entries = [_entry(entry) for entry in latest_entries(session)]
        steps = _steps(session)
        demo = demo_batch(session) is not None
        empty = not demo and not _has_clients(session)
        widgets = widget_blocks(session, crm())
    return render(
        "home/home.html",
        mine=[{**row, "url": record_url(crm(), row["entity"], row["id"]), **_kind(row["entity"])} for row in mine],
        entries=entries,
        steps=steps if any(not step["done"] for step in steps) else [],
        demo=demo,
        empty=empty,
        widgets=widgets,
    )


def _steps(session: Session) -> list[dict[str, Any]]:
    """At most five first steps, each with whether it is done; only those that the reader may take."""
    return [
        {"title": say(step.title), "text": say(step.text), "url": step.url, "done": bool(step.done(session))}
        for step in _STEPS
        if g.actor.may(step.permission)
    ]


def _named_firm(session: Session) -> bool:
    table = Setting.__table__
    return bool(session.scalar(select(exists().where(table.c.key == "core.firm_name"))))


def _has_clients(session: Session) -> bool:
    """Whether there is a client besides the demo firm's."""
    batch = demo_batch(session)
    for table in (Account.__table__, Contact.__table__):
        statement = select(table.c.id).limit(1)
        if batch is not None:
            statement = statement.where(table.c.import_batch_id.is_distinct_from(batch))
        if session.execute(statement).first() is not None:
            return True
    return False


def _has_colleagues(session: Session) -> bool:
    return (session.scalar(select(func.count()).select_from(User.__table__)) or 0) > 1


def _has_history(session: Session) -> bool:
    table = History.__table__
    written = select(table.c.id).where(table.c.import_batch_id.is_(None), table.c.importance > 0).limit(1)
    return session.execute(written).first() is not None


def _has_modules(session: Session) -> bool:
    table = ModuleState.__table__
    return bool(session.scalar(select(exists().where(table.c.state == "enabled", table.c.name != "core"))))


def _entry(entry: dict[str, Any]) -> dict[str, Any]:
    kind = next((k for k in crm().all(HistoryKind) if k.id == entry["kind"]), None)
    label = say(kind.label) if kind else entry["kind"]
    return {
        "icon": kind.icon if kind else "point",
        "kind": label,
        "title": entry["subject"] or label,
        "when": entry["occurred_at"],
        "who": entry["actor"],
        "about": entry["label"],
        "url": record_url(crm(), entry["entity"], entry["record_id"]),
        "body": (entry["body"] or "")[:200],
    }


def _kind(entity_id: str) -> dict[str, Any]:
    entity = crm().entities[entity_id]
    return {"icon": entity.icon, "label": say(entity.label)}


_STEPS = (
    Step(_("Say who you are"), _("Name, currency and language of your firm"), "/settings", "core.admin", _named_firm),
    Step(_("Bring your clients in"), _("Import a table or vCards"), "/import", "core.import", _has_clients),
    Step(_("Invite a colleague"), _("Everybody signs in on their own"), "/users", "core.admin", _has_colleagues),
    Step(
        _("Write down a first call"),
        _("Open a client and say what happened"),
        "/accounts",
        "core.account.view",
        _has_history,
    ),
    Step(_("Switch a module on"), _("Take only what you need"), "/modules", "core.admin", _has_modules),
)
