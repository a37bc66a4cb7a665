"""The settings that modules declare (``SettingsSchema``): read with their defaults, loaded as they say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema
from sqlalchemy import Column, MetaData, Table, Text, select
from sqlalchemy.orm import Session

from crm_core.entity import trail
from crm_core.entity.descriptor import Entity
from crm_core.entity.schema import field_loader
from crm_core.model import Setting
from crm_core.plugin.contributions import SettingsSchema
from crm_core.service.administration import administer
from crm_core.service.intake import load
from crm_core.service.setting import save_setting

__all__ = ["carrier_of", "module_settings", "save_module_settings"]


def carrier_of(schema: SettingsSchema) -> Entity:
    """The settings as the fields of an entity, so that forms and loaders take them like those of records.

    Its table is none of the database: a setting without a declared kind is text, and each may be empty.
    """
    table = Table(schema.id, MetaData(), *(Column(field.name, Text) for field in schema.fields))
    model = type("Settings", (), {"__table__": table})
    return Entity(
        id=schema.id, model=model, label=schema.label, plural=schema.label, icon="settings", path="",
        fields=schema.fields,
    )  # fmt: skip


def module_settings(session: Session, schema: SettingsSchema) -> dict[str, Any]:
    """The values of a module's settings by the names of the fields; ``None`` for what nobody has set."""
    keys = {_key(schema, field.name): field.name for field in schema.fields}
    table = Setting.__table__
    found = session.execute(select(table.c.key, table.c.value).where(table.c.key.in_(list(keys))))
    return {**dict.fromkeys(keys.values()), **{keys[key]: value for key, value in found}}


def save_module_settings(session: Session, schema: SettingsSchema, data: Mapping[str, Any]) -> None:
    """Change settings of a module; those that are not given stay. Needs ``core.admin``; raises ``Invalid``."""
    administer(session)
    carrier = carrier_of(schema)
    loaders = {field.name: field_loader(carrier, field, partial=True) for field in carrier.fields}
    loaded = load(Schema.from_dict(loaders, name=schema.id)(unknown=RAISE), data, partial=True)
    old = module_settings(session, schema)
    changes = {name: (old[name], value) for name, value in loaded.items() if old[name] != value}
    for name, (_old, value) in changes.items():
        save_setting(session, _key(schema, name), value)
    if changes:
        trail.audit_list(session, "update", schema.id, changes)


def _key(schema: SettingsSchema, name: str) -> str:
    return f"{schema.id.split('.', 1)[0]}.{name}"
