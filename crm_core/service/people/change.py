"""How every change of people begins and ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from crm_core.access.load import bump_access
from crm_core.db.session import actor_of
from crm_core.entity import trail
from crm_core.errors import Invalid, Problem
from crm_core.service import identity
from crm_core.service.administration import administer
from crm_core.text import messages

__all__ = ["begin_change", "changed", "named"]

_ = messages("core")


def begin_change(session: Session) -> None:
    """Only administrators get past this, and one at a time.

    The counter of rights is raised first: its row is locked until the transaction ends, so that two changes that are
    each allowed (two administrators who deactivate each other, two teams that move below each other) cannot both pass.
    """
    administer(session)
    bump_access(session)


def changed(session: Session, action: str, entity: str, record_id: str, changes: Mapping[str, Any]) -> None:
    """Write a change into the audit and the log of security events."""
    trail.audit(session, action, entity, {record_id: changes})
    kind = f"{entity.partition('.')[2]}_{action}"
    subject = record_id if entity == "core.user" else None
    identity.note(session, kind, subject, None, id=record_id, by=actor_of(session).id, fields=sorted(changes))


def named(name: str) -> str:
    """A name without white space around it. Raises ``Invalid`` where there is none."""
    text = name.replace("\x00", "").strip()[:200]
    if not text:
        raise Invalid([Problem(id="core.no_name", message=_("This is needed."), field="name")])
    return text
