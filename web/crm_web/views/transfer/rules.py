"""What happens to the rows besides their columns: keys, matches, values for all rows; from and to the form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from crm_core.entity.descriptor import Entity
from crm_core.service.transfer.plan import Plan
from crm_core.text import messages
from crm_web.current import say
from crm_web.links import find_url
from crm_web.views.record.column import choice_labels
from crm_web.views.transfer.words import KEYS

__all__ = ["default_fields", "keys_of", "makes_accounts", "rules_of_form"]

_ = messages("web")

_PREFIX = "default."


def keys_of(entity: Entity, plan: Plan) -> list[tuple[str, str, bool]]:
    """By what records may be recognised: ``(code, label, chosen)``."""
    known = {
        "external_id": True,
        "email": entity.part("emails") is not None,
        "phone": entity.part("phones") is not None,
        "inn": entity.field("inn") is not None,
        "name": f"{entity.title}_fold" in entity.table.c,
    }
    return [(key, say(label), key in plan.keys) for key, label in KEYS.items() if known[key]]


def makes_accounts(entity: Entity) -> bool:
    """Whether rows may name accounts that do not exist yet."""
    return any(field.ref == "core.account" and entity.id != "core.account" for field in entity.fields)


def default_fields(entity: Entity, plan: Plan, people: Mapping[str, str]) -> list[dict[str, Any]]:
    """The fields of the values that all rows get which have none; ``people`` names the chosen one."""
    owner = plan.defaults.get("owner_id", "")
    found: list[dict[str, Any]] = [
        {
            "name": f"{_PREFIX}owner_id",
            "label": say(_("Responsible")),
            "kind": "ref",
            "url": find_url("core.user"),
            "value": owner,
            "display": people.get(owner, ""),
        }
    ]
    for field in entity.fields:
        if field.editable and field.choices:
            codes = [(code, label) for code, (label, _colour) in choice_labels(field).items()]
            found.append(_field(plan, field.name, say(field.label), "choice", codes))
    if entity.field("source") is not None:
        found.append(_field(plan, "source", say(_("Source")), "text"))
    if entity.part("tags") is not None:
        found.append({**_field(plan, "tags", say(_("Tags")), "text"), "help": say(_("Separate several by commas."))})
    return found


def rules_of_form(form: MultiDict[str, str]) -> dict[str, Any]:
    """The part of a plan that a form sends besides its columns."""
    defaults = {
        name.removeprefix(_PREFIX): value.strip()
        for name, value in form.items()
        if name.startswith(_PREFIX) and not name.endswith("_text") and value.strip()
    }
    return {
        "keys": [key for key in KEYS if key in form.getlist("keys")],
        "on_match": form.get("on_match", "update"),
        "defaults": defaults,
        "create_missing": "create_missing" in form or "asks_missing" not in form,
        "system": form.get("system", "").strip()[:40] or "file",
    }


def _field(
    plan: Plan, name: str, label: str, kind: str, choices: list[tuple[str, str]] | None = None
) -> dict[str, Any]:
    field = {"name": f"{_PREFIX}{name}", "label": label, "kind": kind, "value": plan.defaults.get(name, "")}
    return {**field, "choices": choices} if choices is not None else field
