"""The legal entities of our own firm: they stand on documents and in number series."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, fields, validate
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from crm_core.db.base import new_id
from crm_core.entity import identifier, trail
from crm_core.entity.schema import Text
from crm_core.errors import NotFound
from crm_core.model import LegalEntity
from crm_core.service.administration import administer
from crm_core.service.intake import country, load

__all__ = ["create_legal_entity", "legal_entities", "legal_entity", "update_legal_entity"]

_TABLE = LegalEntity.__table__
_ID = "core.legal_entity"


class _LegalEntitySchema(Schema):
    name = Text(required=True, validate=validate.Length(max=200))
    legal_name = Text(allow_none=True, validate=validate.Length(max=400))
    country = Text(validate=country)
    inn = Text(allow_none=True)
    kpp = Text(allow_none=True)
    ogrn = Text(allow_none=True)
    vat = Text(allow_none=True)
    address = Text(allow_none=True, validate=validate.Length(max=1000))
    is_active = fields.Boolean()


_SCHEMA = _LegalEntitySchema(unknown=RAISE)


def legal_entities(session: Session, *, closed: bool = False) -> list[dict[str, Any]]:
    """Our legal entities by name; with ``closed`` also those that are no longer used."""
    statement = select(_TABLE).order_by(_TABLE.c.is_active.desc(), _TABLE.c.name, _TABLE.c.id)
    if not closed:
        statement = statement.where(_TABLE.c.is_active)
    return [dict(row) for row in session.execute(statement).mappings()]


def legal_entity(session: Session, entity_id: str) -> dict[str, Any]:
    """One of our legal entities. Raises ``NotFound``."""
    key = identifier.uuid_text(entity_id)
    row = session.execute(select(_TABLE).where(_TABLE.c.id == key)).mappings().one_or_none() if key else None
    if row is None:
        raise NotFound
    return dict(row)


def create_legal_entity(session: Session, data: Mapping[str, Any]) -> str:
    """Add a legal entity; gives its id. Needs ``core.admin``; raises ``Invalid``."""
    administer(session)
    row = {"id": new_id(), **load(_SCHEMA, data)}
    session.execute(insert(_TABLE), row)
    trail.audit(session, "create", _ID, {row["id"]: {name: (None, value) for name, value in row.items()}})
    return str(row["id"])


def update_legal_entity(session: Session, entity_id: str, data: Mapping[str, Any]) -> None:
    """Change a legal entity, or close it by ``is_active``. Needs ``core.admin``; raises ``Invalid``, ``NotFound``."""
    administer(session)
    old, loaded = legal_entity(session, entity_id), load(_SCHEMA, data, partial=True)
    changes = {name: (old[name], value) for name, value in loaded.items() if old[name] != value}
    if changes:
        session.execute(update(_TABLE).where(_TABLE.c.id == old["id"]).values(**loaded))
        trail.audit(session, "update", _ID, {old["id"]: changes})
