"""Which record a row is about: by the plan's keys, in the order of the rows, wherever chunks begin."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from crm_core.entity.descriptor import Entity
from crm_core.service.client.contact import full_name
from crm_core.service.transfer import lookup
from crm_core.service.transfer.plan import Plan
from crm_core.service.transfer.seen import Seen
from crm_core.text import fold

if TYPE_CHECKING:
    from crm_core.service.transfer.decide import Decision

__all__ = ["KEY_FIELDS", "Matcher"]

Keys = list[tuple[str, str]]
KEY_FIELDS = {"external_id": "external_id", "email": "emails", "phone": "phones", "inn": "inn", "name": "name"}


class Matcher:
    """Knows, for the rows of one chunk, the records by their keys, and takes in what each row adds.

    A target is the id of a record, or ``new:<row>`` for one that an earlier row makes.
    """

    def __init__(self, session: Session, entity: Entity, plan: Plan, decisions: Sequence[Decision], seen: Seen) -> None:
        self._plan = plan
        self._seen = seen
        self._keys = {id(decision): _keys(plan, decision) for decision in decisions}
        stored = _stored(session, entity, plan, self._keys.values())
        self.known_ids: list[str] = sorted({target for targets in stored.values() for target in targets})
        every = sorted({key for keys in self._keys.values() for _kind, key in keys})
        earlier = seen.targets(every)
        self._targets = {key: stored.get(key, set()) | set(earlier.get(key, ())) for key in every}
        candidates = sorted({target for targets in self._targets.values() for target in targets})
        self._touched = seen.touched(session, candidates)
        self._new_keys: dict[str, str] = {}
        self._new_touched: dict[str, int] = {}

    def find(self, decision: Decision) -> tuple[str | None, set[str]]:
        """The key that first finds something, and all targets that it finds."""
        for kind in self._plan.keys:
            found = {target for own, key in self._keys[id(decision)] if own == kind for target in self._targets[key]}
            if found:
                return kind, found
        return None, set()

    def row_that_touched(self, target: str) -> int | None:
        """The row that made or changed a target before."""
        return self._touched.get(target)

    def take(self, decision: Decision, target: str) -> None:
        """The row makes or changes the target: it can be found by the row's keys from now on."""
        self._touched[target] = self._new_touched[target] = decision.draft.row_no
        for _kind, key in self._keys[id(decision)]:
            self._targets[key].add(target)
            self._new_keys[key] = target

    def remember(self) -> None:
        """Hand what this chunk has added to the memory of the run."""
        self._seen.note(self._new_keys, self._new_touched)


def _stored(session: Session, entity: Entity, plan: Plan, rows: Collection[Keys]) -> dict[str, set[str]]:
    """The live records that the actor may see, by key; a statement for each kind of key."""
    found: dict[str, set[str]] = {}
    for kind in plan.keys:
        values = sorted({key.partition(":")[2] for keys in rows for own, key in keys if own == kind})
        for value, ids in _find(session, entity, plan, kind, values).items():
            found[f"{kind}:{value}"] = set(ids)
    live = set(lookup.visible_ids(session, entity, {target for ids in found.values() for target in ids}))
    return {key: ids & live for key, ids in found.items()}


def _find(session: Session, entity: Entity, plan: Plan, kind: str, values: Sequence[str]) -> Mapping[str, list[str]]:
    if kind == "external_id":
        return lookup.by_external_id(session, entity, plan.system, values)
    if kind in {"email", "phone"}:
        return lookup.by_points(session, entity, values)
    column = f"{entity.title}_fold" if kind == "name" else kind
    return lookup.by_value(session, entity, column, values) if column in entity.table.c else {}


def _keys(plan: Plan, decision: Decision) -> Keys:
    """The keys of one row as ``(kind, kind:value)``."""
    return [(kind, f"{kind}:{value}") for kind in plan.keys for value in _VALUES[kind](decision) if value]


def _name(decision: Decision) -> str:
    values = decision.values
    name = values.get("name") or full_name(values.get("last_name"), values.get("first_name"), values.get("middle_name"))
    return fold(name or "")


_VALUES: Mapping[str, Callable[[Decision], list[str | None]]] = {
    "external_id": lambda decision: [decision.draft.external_id],
    "email": lambda decision: [item["norm"] for item in decision.values.get("emails") or ()],
    "phone": lambda decision: [item["norm"] for item in decision.values.get("phones") or ()],
    "inn": lambda decision: [decision.values.get("inn")],
    "name": lambda decision: [_name(decision)],
}
