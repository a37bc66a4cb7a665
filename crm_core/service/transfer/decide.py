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
from crm_core.service.transfer import lookup
from crm_core.service.transfer.draft import Draft
from crm_core.service.transfer.matching import KEY_FIELDS, Matcher
from crm_core.service.transfer.plan import Plan
from crm_core.service.transfer.seen import Seen
from crm_core.text import Msg, fold, messages

__all__ = ["Decision", "decide"]

_ = messages("core")

_TO_BE_MADE = "00000000-0000-7000-8000-000000000000"


@dataclass(slots=True, kw_only=True)
class Decision:
    """What becomes of one row: ``outcome`` is created | updated | skipped | error.

    ``values`` are loaded input of a new record or the change of an old one; ``makes`` are the names of
    accounts that have to be made for it, by field.
    """

    draft: Draft
    outcome: str = "created"
    record_id: str | None = None
    values: dict[str, Any] = field(default_factory=dict)
    makes: dict[str, str] = field(default_factory=dict)
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
    if plan.on_match == "create" or not plan.keys:
        _examine(session, entity, _open(decisions))
        return decisions
    matcher = Matcher(session, entity, plan, _open(decisions), seen)
    # Before rows are told from their repetitions: one that is refused must not hide the good one after it.
    _examine(session, entity, [decision for decision in _open(decisions) if not matcher.find(decision)[1]])
    compared = matcher.known_ids if plan.on_match == "update" else []
    stored = {row["id"]: row for row in whole_many(session, entity, compared, action="edit")}
    for decision in _open(decisions):
        _settle(entity, plan, decision, matcher, stored)
    matcher.remember()
    return decisions


def _settle(
    entity: Entity, plan: Plan, decision: Decision, matcher: Matcher, stored: Mapping[str, Mapping[str, Any]]
) -> None:
    """Decide about one row, knowing what the rows before it do."""
    kind, targets = matcher.find(decision)
    if len(targets) > 1:
        message = _("Several records match this row; merge them or choose another key.")
        decision.refuse([_problem(KEY_FIELDS[kind or "name"], message)])
        return
    target = next(iter(targets), None)
    first = matcher.row_that_touched(target) if target is not None else None
    if target is None:
        matcher.take(decision, f"new:{decision.draft.row_no}")
    elif first is not None:
        decision.skip(_("The same record as in row %(row)s of the file.", row=first))
    elif plan.on_match == "skip":
        decision.skip(_("The record exists already."))
    elif target not in stored:
        decision.skip(_("The record belongs to somebody else: you may not change it."))
    else:
        _compare(entity, decision, target, stored[target], matcher)


def _compare(entity: Entity, decision: Decision, target: str, row: Mapping[str, Any], matcher: Matcher) -> None:
    """A row about a known record is reduced to what it changes."""
    decision.record_id = target
    change = _change(entity, row, decision.values)
    if not change and not decision.makes:
        decision.skip(_("Nothing new in this row."))
        return
    matcher.take(decision, target)
    decision.values, decision.outcome = change, "updated"


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
        # A required account that is yet to be made counts as given; its id is filled in when it is there.
        made = dict.fromkeys(decision.makes, _TO_BE_MADE)
        loaded = load_input(session, entity, {**decision.draft.data, **made})
        decision.values = {name: value for name, value in loaded.items() if name not in made}
    except Invalid as error:
        decision.refuse(error.problems)


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
