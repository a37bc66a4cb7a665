"""Writing the decisions of one chunk, with the effects that drive report, resume and undo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.db.base import new_id
from crm_core.db.bulk import insert_rows, update_rows
from crm_core.db.session import crm_of
from crm_core.entity.descriptor import Entity
from crm_core.entity.schema import load_input
from crm_core.entity.trail import plain
from crm_core.entity.write import create, update
from crm_core.errors import Problem
from crm_core.model import ExternalId, ImportEffect
from crm_core.service.transfer import lookup
from crm_core.service.transfer.decide import Decision
from crm_core.service.transfer.draft import Draft
from crm_core.service.transfer.plan import Plan
from crm_core.text import Msg, fold, messages

__all__ = ["apply", "message_from_json", "message_to_json", "place_of", "tally"]

_ = messages("core")


def apply(session: Session, entity: Entity, plan: Plan, batch_id: str, decisions: Sequence[Decision]) -> None:
    """Write a chunk of decisions in the caller's transaction."""
    effects = _make_accounts(session, entity, batch_id, decisions)
    new = [decision for decision in decisions if decision.outcome == "created"]
    made = create(session, entity, [d.values for d in new], batch_id=batch_id, examined=True)
    for decision, record in zip(new, made, strict=True):
        decision.record_id = record["id"]
    changes = {d.record_id: d.values for d in decisions if d.outcome == "updated" and d.record_id}
    changed = {row["id"]: row for row in update(session, entity, changes, batch_id=batch_id)}
    _keep_external_ids(session, entity, plan, decisions)
    _link_among_themselves(session, entity, plan, decisions)
    effects += [_effect(batch_id, entity, decision, changed.get(decision.record_id or "")) for decision in decisions]
    insert_rows(session, ImportEffect.__table__, effects)


def tally(decisions: Sequence[Decision]) -> dict[str, int]:
    """How many rows had each outcome."""
    counts = {"rows": len(decisions), "created": 0, "updated": 0, "skipped": 0, "error": 0}
    for decision in decisions:
        counts[decision.outcome] += 1
    return counts


def message_to_json(problem: Problem) -> dict[str, Any]:
    """A problem as plain data that can be translated later."""
    message = problem.message
    return {
        "field": problem.field,
        "domain": message.domain,
        "msgid": message.msgid,
        "params": {key: str(value) for key, value in message.params},
    }


def message_from_json(data: Mapping[str, Any]) -> Msg:
    """The message that ``message_to_json`` kept."""
    return Msg(data["domain"], data["msgid"], tuple(data["params"].items()))


def place_of(draft: Draft) -> dict[str, Any]:
    """Where a row stands, for people: its line in the file and a few words by which they know it."""
    data = draft.data
    names = (data.get(name) for name in ("name", "last_name", "first_name", "middle_name"))
    about = " ".join(str(name) for name in names if name)
    return {"line": draft.line, "about": about[:80]}


def _make_accounts(
    session: Session, entity: Entity, batch_id: str, decisions: Sequence[Decision]
) -> list[dict[str, Any]]:
    """Make the accounts that rows name and that do not exist, each once; puts their ids into the rows."""
    target = crm_of(session).entities["core.account"]
    wanted: dict[str, tuple[str, int]] = {}
    for decision in decisions:
        if decision.outcome in {"created", "updated"}:
            for text in decision.makes.values():
                wanted.setdefault(fold(text), (text, decision.draft.row_no))
    made = create(
        session,
        target,
        [load_input(session, target, {"name": text}) for text, _row in wanted.values()],
        batch_id=batch_id,
    )
    ids = {key: record["id"] for key, record in zip(wanted, made, strict=True)}
    for decision in decisions:
        for name, text in decision.makes.items():
            if fold(text) in ids:
                decision.values[name] = ids[fold(text)]
    return [
        {**_empty(batch_id, row_no, target.id), "record_id": ids[key], "outcome": "created", "version_after": 1}
        for key, (_text, row_no) in wanted.items()
    ]


def _link_among_themselves(session: Session, entity: Entity, plan: Plan, decisions: Sequence[Decision]) -> None:
    """Set references to records of the same entity, which may have been written a moment ago.

    One that is not found leaves the field empty and a note in the report.
    """
    for field in entity.fields:
        rows = [decision for decision in decisions if decision.record_id and field.name in decision.draft.names]
        if field.ref != entity.id or not rows:
            continue
        texts = {decision.draft.names[field.name] for decision in rows}
        found = {**lookup.by_name(session, entity, texts), **lookup.by_external_id(session, entity, plan.system, texts)}
        links = []
        for decision in rows:
            ids = [key for key in found.get(decision.draft.names[field.name], ()) if key != decision.record_id]
            if ids:
                links.append({"id": decision.record_id, field.name: min(ids)})
            else:
                text = decision.draft.names[field.name][:60]
                decision.problems.append(
                    Problem(
                        id="import.no_link", message=_("There is no record “%(name)s”.", name=text), field=field.name
                    )
                )
        update_rows(session, entity.table, links)


def _effect(batch_id: str, entity: Entity, decision: Decision, changed: Mapping[str, Any] | None) -> dict[str, Any]:
    effect = _empty(batch_id, decision.draft.row_no, entity.id) | {
        "record_id": decision.record_id,
        "outcome": decision.outcome,
    }
    if decision.outcome == "created":
        effect["version_after"] = 1
    elif changed is not None:
        effect["version_after"] = changed["version"]
        effect["before"] = {name: plain(value) for name, value in changed["before"].items()}
    if decision.outcome in {"error", "skipped"}:
        effect["record_id"] = None
    if decision.problems:
        place = place_of(decision.draft)
        effect["problems"] = [{**message_to_json(problem), **place} for problem in decision.problems]
    return effect


def _empty(batch_id: str, row_no: int, entity: str) -> dict[str, Any]:
    return {
        "batch_id": batch_id,
        "row_no": row_no,
        "entity": entity,
        "record_id": None,
        "outcome": "",
        "version_after": None,
        "before": None,
        "problems": None,
    }


def _keep_external_ids(session: Session, entity: Entity, plan: Plan, decisions: Sequence[Decision]) -> None:
    rows = {
        decision.draft.external_id: decision.record_id
        for decision in decisions
        if decision.outcome in {"created", "updated"} and decision.draft.external_id and decision.record_id
    }
    if not rows:
        return
    table = ExternalId.__table__
    known = select(table.c.external_id).where(
        table.c.system == plan.system, table.c.entity == entity.id, table.c.external_id.in_(list(rows))
    )
    taken = set(session.execute(known).scalars())
    insert_rows(
        session,
        table,
        [
            {"id": new_id(), "system": plan.system, "entity": entity.id, "external_id": key, "record_id": record_id}
            for key, record_id in rows.items()
            if key not in taken
        ],
    )
