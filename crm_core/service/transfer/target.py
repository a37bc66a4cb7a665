"""What an import of an entity can fill, and how the columns of a file are proposed for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crm_core.entity.descriptor import Entity, Field, Part
from crm_core.plugin.contributions import FieldExtension
from crm_core.service.transfer.mapping import Target, suggest
from crm_core.service.transfer.plan import ColumnPlan
from crm_core.service.transfer.synonyms import concept_of
from crm_core.text import Msg, messages

if TYPE_CHECKING:
    from crm_core.runtime import Crm

__all__ = ["default_keys", "propose_columns", "targets_of"]

_ = messages("core")

_ADDRESS = ("lines", "city", "region", "postcode", "country")


def targets_of(crm: Crm, entity: Entity) -> dict[str, Target]:
    """All targets of an import by name: fields, parts (``addresses.city``), ``ext.<module>.<field>``, ids, people."""
    found = [_field_target(crm, entity, field) for field in entity.fields if field.editable]
    for part in entity.parts:
        found.extend(_part_targets(crm, entity, part))
    for extension in crm.all(FieldExtension):
        if extension.entity == entity.id:
            module = extension.id.split(".", 1)[0]
            found.extend(_target(crm, entity, f"ext.{module}.{field.name}", field.label) for field in extension.fields)
    if entity.field("last_name") is not None:
        found.append(_target(crm, entity, "full_name", _("Full name")))
    found.append(_target(crm, entity, "owner_id", _("Responsible")))
    found.append(_target(crm, entity, "external_id", _("Id in the other system")))
    return {target.name: target for target in found}


def propose_columns(
    crm: Crm, entity: Entity, headings: Sequence[str], samples: Sequence[Sequence[str]]
) -> tuple[ColumnPlan, ...]:
    """The columns that a file's headings and cells suggest; a person may change each of them."""
    found = suggest(headings, samples, list(targets_of(crm, entity).values()))
    return tuple(ColumnPlan(column=each.column, target=each.target, label=each.label) for each in found)


def default_keys(entity: Entity, columns: Sequence[ColumnPlan]) -> tuple[str, ...]:
    """By what rows are matched at first: by what the file holds and the entity is known by."""
    mapped = {column.target for column in columns}
    sources = {"external_id": "external_id", "email": "emails", "phone": "phones", "inn": "inn", "name": "name"}
    names = {"full_name", "last_name", "name"} & mapped
    keys = [key for key, source in sources.items() if source in mapped and key != "name"]
    # A firm's name tells it apart; two people may bear one name.
    if entity.field("name") is not None and names and (entity.id == "core.account" or not keys):
        keys.append("name")
    return tuple(keys)


def _field_target(crm: Crm, entity: Entity, field: Field) -> Target:
    return _target(crm, entity, field.name, field.label, entity.kind_of(field), field.aliases)


def _part_targets(crm: Crm, entity: Entity, part: Part) -> list[Target]:
    if part.name == "addresses":
        labels = {
            "lines": _("Street"),
            "city": _("City"),
            "region": _("Region"),
            "postcode": _("Postcode"),
            "country": _("Country"),
        }
        return [_target(crm, entity, f"addresses.{name}", labels[name], multiple=True) for name in _ADDRESS]
    if part.widget.startswith("points:"):
        return [
            _target(
                crm, entity, part.name, part.label, part.widget.removeprefix("points:"), part.aliases, multiple=True
            )
        ]
    return [_target(crm, entity, part.name, part.label, "list", part.aliases)] if part.widget == "tags" else []


def _target(
    crm: Crm,
    entity: Entity,
    name: str,
    label: Msg,
    kind: str = "text",
    aliases: tuple[str, ...] = (),
    *,
    multiple: bool = False,
) -> Target:
    return Target(
        name=name,
        label_en=crm.translate(label, "en"),
        label_ru=crm.translate(label, "ru"),
        kind=kind,
        aliases=aliases,
        concept=concept_of(entity.id, name),
        multiple=multiple,
    )
