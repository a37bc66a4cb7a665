"""What becomes of the rows of a chunk: one function decides for the dry run and for the real one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from crm_core.db.session import crm_of
from crm_core.entity.descriptor import Entity
from crm_core.entity.record import whole_many
from crm_core.entity.schema import load_input
from crm_core.entity.write import examine
from crm_core.errors import Invalid, Problem
from crm_core.service.client.contact import full_name
from crm_core.service.transfer import lookup
from crm_core.service.transfer.draft import Draft
from crm_core.service.transfer.plan import Plan
from crm_core.service.transfer.seen import Seen
from crm_core.text import Msg, fold, messages

__all__ = ["Decision", "decide"]

_ = messages("core")


@dataclass(slots=True, kw_only=True)
class Decision:
    """What becomes of one row: ``outcome`` is created | updated | skipped | error.

    ``values`` are loaded input of a new record or the change of an old one; ``makes`` are the names of
    accounts that have to be made for it, by field; ``keys`` tell the row from its repetitions.
    """

    draft: Draft
    outcome: str = "created"
    record_id: str | None = None
    values: dict[str, Any] = field(default_factory=dict)
    makes: dict[str, str] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, problems: Iterable[Problem]) -> None:
        """The row becomes an error."""
        self.outcome = "error"
        self.problems.extend(problems)

    def skip(self, reason: Msg) -> None:
        """The row is left out, and why."""
        self.outcome = "skipped"
        self.problems = [Problem(id="import.skipped", message=reason)]


def decide(session: Session, entity: Entity, plan: Plan, drafts: Sequence[Draft], seen: Seen) -> list[Decision]:
    """One decision for each draft, in a constant number of statements; nothing is written."""
    decisions = [Decision(draft=draft) for draft in drafts]
    _resolve_names(session, entity, plan, decisions)
    for decision in decisions:
        _load(session, entity, decision)
    matching = plan.on_match != "create" and bool(plan.keys)
    if matching:
        _match(session, entity, plan, decisions)
    # Before repetitions are told: a row that is refused must not hide the good one after it.
    _examine(session, entity, [decision for decision in _open(decisions) if decision.record_id is None])
    if matching:
        _tell_repetitions(session, plan, decisions, seen)
        _compare(session, entity, plan, decisions)
    return decisions


def _open(decisions: Iterable[Decision]) -> list[Decision]:
    return [decision for decision in decisions if decision.outcome == "created"]


def _resolve_names(session: Session, entity: Entity, plan: Plan, decisions: Sequence[Decision]) -> None:
    """Put ids in the place of names: people by everything they are called, records by name, id or foreign id.

    References to the entity itself (a parent account) wait until the rows of the chunk are written: the
    other record may stand in the same file.
    """
    users = lookup.people(session) if any("owner_id" in decision.draft.names for decision in decisions) else {}
    for name in dict.fromkeys(key for decision in decisions for key in decision.draft.names if key != "owner_id"):
        described = entity.field(name)
        if described is not None and described.ref not in {None, entity.id}:
            _resolve_field(session, crm_of(session).entities[described.ref or ""], plan, name, decisions)
    for decision in decisions:
        owner = decision.draft.names.get("owner_id")
        if owner is None:
            continue
        if fold(owner) in users:
            decision.draft.data["owner_id"] = users[fold(owner)]
        else:
            decision.refuse([_problem("owner_id", _("There is no active user “%(name)s”.", name=owner[:60]))])


def _resolve_field(session: Session, target: Entity, plan: Plan, name: str, decisions: Sequence[Decision]) -> None:
    texts = {decision.draft.names[name] for decision in decisions if name in decision.draft.names}
    found = {**lookup.by_name(session, target, texts), **lookup.by_external_id(session, target, plan.system, texts)}
    may_make = plan.create_missing and target.id == "core.account"
    for decision in decisions:
        text = decision.draft.names.get(name)
        if text is None:
            continue
        ids = found.get(text, [])
        if ids:
            # Of several records with one name the oldest is meant: its id sorts first.
            decision.draft.data[name] = min(ids)
        elif may_make:
            decision.makes[name] = text[:300]
        else:
            decision.refuse([_problem(name, _("There is no record “%(name)s”.", name=text[:60]))])


def _load(session: Session, entity: Entity, decision: Decision) -> None:
    if decision.draft.problems:
        decision.refuse(decision.draft.problems)
        return
    try:
        decision.values = load_input(session, entity, decision.draft.data)
    except Invalid as error:
        decision.refuse(error.problems)


def _match(session: Session, entity: Entity, plan: Plan, decisions: Sequence[Decision]) -> None:
    """Find the record that each row is about, by the plan's keys in their order."""
    rows = [(decision, _key_values(entity, plan, decision)) for decision in _open(decisions)]
    found: dict[str, dict[str, list[str]]] = {key: _found(session, entity, plan, key, rows) for key in plan.keys}
    candidates = {record_id for values in found.values() for ids in values.values() for record_id in ids}
    live = set(lookup.visible_ids(session, entity, candidates))
    for decision, values in rows:
        decision.keys = tuple(f"{key}:{value}" for key in plan.keys for value in values[key])
        for key in plan.keys:
            ids = sorted(
                {record_id for value in values[key] for record_id in found[key].get(value, ()) if record_id in live}
            )
            if len(ids) > 1:
                decision.refuse(
                    [_problem(_KEY_FIELDS[key], _("Several records match this row; merge them or choose another key."))]
                )
            elif ids:
                decision.record_id = ids[0]
            if ids:
                break


_KEY_FIELDS = {"external_id": "external_id", "email": "emails", "phone": "phones", "inn": "inn", "name": "name"}


def _found(session: Session, entity: Entity, plan: Plan, key: str, rows: Sequence[Any]) -> dict[str, list[str]]:
    values = {value for _decision, by_key in rows for value in by_key[key]}
    if key == "external_id":
        return lookup.by_external_id(session, entity, plan.system, values)
    if key in {"email", "phone"}:
        return lookup.by_points(session, entity, values)
    column = f"{entity.title}_fold" if key == "name" else key
    return lookup.by_value(session, entity, column, values) if column in entity.table.c else {}


def _key_values(entity: Entity, plan: Plan, decision: Decision) -> dict[str, list[str]]:
    values, draft = decision.values, decision.draft
    name = values.get("name") or full_name(values.get("last_name"), values.get("first_name"), values.get("middle_name"))
    sources: Mapping[str, list[Any]] = {
        "external_id": [draft.external_id],
        "email": [item["norm"] for item in values.get("emails") or ()],
        "phone": [item["norm"] for item in values.get("phones") or ()],
        "inn": [values.get("inn")],
        "name": [fold(name or "")],
    }
    return {key: [value for value in sources[key] if value] for key in plan.keys}


def _tell_repetitions(session: Session, plan: Plan, decisions: Sequence[Decision], seen: Seen) -> None:
    """A record is made or changed by the first of the rows that are about it; the others are left out."""
    candidates = _open(decisions)
    known = seen.rows(session, [key for decision in candidates for key in _asked(decision)])
    here: dict[str, int] = {}
    for decision in candidates:
        keys = _asked(decision)
        first = min((row for key in keys for row in (known.get(key), here.get(key)) if row is not None), default=None)
        if first is not None:
            decision.skip(_("The same record as in row %(row)s of the file.", row=first))
        else:
            here.update(dict.fromkeys(_noted(plan, decision), decision.draft.row_no))
    seen.note(here)


def _asked(decision: Decision) -> list[str]:
    return [f"id:{decision.record_id}"] if decision.record_id else list(decision.keys)


def _noted(plan: Plan, decision: Decision) -> list[str]:
    """What later rows can meet this one by: a record that stays as it is gets none of the row's values."""
    keys = [f"id:{decision.record_id}"] if decision.record_id else []
    stays = decision.record_id is not None and plan.on_match == "skip"
    return keys if stays else [*keys, *decision.keys]


def _compare(session: Session, entity: Entity, plan: Plan, decisions: Sequence[Decision]) -> None:
    """Rows about known records: left out, or reduced to what they change."""
    matched = [decision for decision in _open(decisions) if decision.record_id is not None]
    if plan.on_match == "skip":
        for decision in matched:
            decision.skip(_("The record exists already."))
        return
    ids = [decision.record_id for decision in matched if decision.record_id]
    stored = {row["id"]: row for row in whole_many(session, entity, ids, action="edit")}
    for decision in matched:
        row = stored.get(decision.record_id or "")
        if row is None:
            decision.skip(_("The record belongs to somebody else: you may not change it."))
            continue
        decision.values = _change(entity, row, decision.values)
        if decision.values or decision.makes:
            decision.outcome = "updated"
        else:
            decision.skip(_("Nothing new in this row."))


def _change(entity: Entity, stored: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What a row adds to a stored record: filled cells that differ, and new items of parts; nothing is emptied."""
    change: dict[str, Any] = {}
    for name, value in given.items():
        if value in (None, "", [], {}):
            continue
        if entity.part(name) is not None:
            added = [item for item in value if _item_key(item) not in {_item_key(old) for old in stored[name]}]
            if added:
                change[name] = [*stored[name], *added]
        elif name == "ext":
            inner = {module: fields for module, fields in value.items() if stored["ext"].get(module) != fields}
            change.update({"ext": inner} if inner else {})
        elif stored.get(name) != value:
            change[name] = value
    return change


def _item_key(item: Any) -> Any:
    if not isinstance(item, Mapping):
        return fold(str(item))
    return item.get("norm") or tuple(
        fold(str(item.get(key) or "")) for key in ("account_id", "lines", "city", "postcode")
    )


def _examine(session: Session, entity: Entity, decisions: list[Decision]) -> None:
    """Let modules and references speak before anything is written; rows with problems become errors."""
    while decisions:
        problems = examine(session, entity, [decision.values for decision in decisions])
        if not problems:
            return
        for problem in problems:
            decisions[problem.row].refuse([problem])
        decisions = [decision for decision in decisions if decision.outcome == "created"]


def _problem(name: str, message: Msg) -> Problem:
    return Problem(id="import.bad_row", message=message, field=name)
