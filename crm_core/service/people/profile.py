"""What users change about themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, validate
from sqlalchemy import update
from sqlalchemy.orm import Session

from crm_core.access.load import bump_access
from crm_core.db.session import actor_of
from crm_core.entity import trail
from crm_core.entity.schema import Text
from crm_core.errors import NotAllowed
from crm_core.model import User
from crm_core.service.intake import load, zone
from crm_core.service.people.user import user
from crm_core.text import fold
from crm_core.translation import LANGUAGES

__all__ = ["save_profile"]


class _ProfileSchema(Schema):
    name = Text(validate=validate.Length(max=200))
    email = Text(allow_none=True)
    phone = Text(allow_none=True)
    language = Text(validate=validate.OneOf(list(LANGUAGES)))
    zone = Text(validate=zone)


_SCHEMA = _ProfileSchema(unknown=RAISE)


def save_profile(session: Session, data: Mapping[str, Any]) -> None:
    """Change name, e-mail, phone, language or zone of the actor. Raises ``Invalid``."""
    actor = actor_of(session)
    if actor.kind != "staff" or actor.user_id is None:
        raise NotAllowed
    loaded = load(_SCHEMA, data)
    bump_access(session)
    old = user(session, actor.user_id)
    changes = {name: (old[name], value) for name, value in loaded.items() if old[name] != value}
    if not changes:
        return
    values = {**loaded, "version": old["version"] + 1}
    if "name" in loaded:
        values["name_fold"] = fold(loaded["name"])
    session.execute(update(User.__table__).where(User.__table__.c.id == old["id"]).values(**values))
    trail.audit(session, "update", "core.user", {old["id"]: changes})
