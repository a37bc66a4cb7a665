"""``Plan``: what is to be done with a file, chosen by a person and kept with the batch as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from crm_core.entity.descriptor import Entity
from crm_core.errors import Invalid, Problem
from crm_core.service.transfer.shape import FileShape
from crm_core.text import messages

__all__ = ["KEYS", "ColumnPlan", "Plan"]

_ = messages("core")

KEYS = ("external_id", "email", "phone", "inn", "name")
ON_MATCH = ("update", "skip", "create")


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPlan:
    """Column ``column`` (from 0) goes into ``target``; ``label`` says which of several values it is."""

    column: int
    target: str
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a file is imported.

    ``format`` is ``delimited``, ``xlsx`` or ``vcard``; ``shape`` and ``columns`` do not matter for
    vCards. ``keys`` find the record that a row is about, tried in this order; ``on_match`` says what
    then happens (``create``: keys are not looked at). ``defaults`` fill targets that a row leaves
    empty; an empty cell never overwrites anything. ``create_missing`` makes accounts that are named
    and do not exist. ``system`` is the program that the file's own ids belong to.
    """

    format: str
    shape: FileShape | None = None
    columns: tuple[ColumnPlan, ...] = ()
    keys: tuple[str, ...] = ()
    on_match: str = "update"
    defaults: Mapping[str, str] = field(default_factory=dict)
    create_missing: bool = True
    system: str = "file"

    def to_json(self) -> dict[str, Any]:
        """The plan as plain data."""
        plain = asdict(self) | {"shape": self.shape.to_json() if self.shape else None}
        return plain | {"columns": [asdict(column) for column in self.columns], "keys": list(self.keys)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Plan:
        """The inverse of ``to_json``."""
        shape = FileShape.from_json(data["shape"]) if data.get("shape") else None
        columns = tuple(ColumnPlan(**column) for column in data.get("columns", ()))
        rest = {
            name: data[name] for name in ("format", "on_match", "defaults", "create_missing", "system") if name in data
        }
        return cls(shape=shape, columns=columns, keys=tuple(data.get("keys", ())), **rest)

    def check(self, entity: Entity, targets: Mapping[str, Any]) -> None:
        """Raise ``Invalid`` for what cannot be done: unknown targets, keys or choices, nothing to import."""
        problems = [
            _problem("columns", _("There is no field “%(name)s”.", name=name))
            for name in [*(column.target for column in self.columns), *self.defaults]
            if name not in targets
        ]
        problems += [
            _problem("keys", _("Rows cannot be matched by “%(name)s”.", name=key))
            for key in self.keys
            if key not in KEYS
        ]
        if self.on_match not in ON_MATCH:
            problems.append(_problem("on_match", _("Choose one of: %(codes)s.", codes=", ".join(ON_MATCH))))
        if self.format != "vcard" and not self.columns:
            problems.append(_problem("columns", _("Choose a field for at least one column.")))
        if problems:
            raise Invalid(problems)


def _problem(name: str, message: Any) -> Problem:
    return Problem(id="import.bad_plan", message=message, field=name)
