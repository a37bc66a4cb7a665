"""Likely duplicates of a record that is being entered: the same phone, e-mail, tax number, or name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.entity.descriptor import Entity
from crm_core.entity.point import normal_email, normal_phone
from crm_core.entity.query import fetch_many, query
from crm_core.entity.view import View
from crm_core.model import ContactPoint
from crm_core.text import Msg, fold, messages

__all__ = ["core_name", "same_points", "similar"]

_ = messages("core")

MOST = 5
_REASONS: dict[str, Msg] = {
    "phone": _("the same phone"),
    "email": _("the same e-mail"),
    "inn": _("the same INN"),
    "name": _("a similar name"),
}
# Legal forms say nothing about which firm it is.
_FORMS = re.compile(
    r"\b(ооо|оао|зао|пао|ао|ип|нко|тоо|чп|гк|тд|ltd|limited|llc|inc|corp|corporation|co|company|gmbh|ag|kg|sa|sarl|bv|ab|oy|spa|plc)\b\.?"
)


def similar(session: Session, entity: Entity, draft: Mapping[str, Any]) -> list[dict[str, Any]]:
    """At most five records that the draft may repeat, the surest first: ``id, name, reason, owner, phone, email``.

    ``draft`` is unchecked input: what cannot be read is passed over. Only records that the actor may see.
    """
    reasons: dict[str, str] = {}
    for kind, norms in _points(draft).items():
        for record_id in same_points(session, entity, norms):
            reasons.setdefault(record_id, kind)
    for record_id in _same_inn(session, entity, draft):
        reasons.setdefault(record_id, "inn")
    for record_id in _same_name(session, entity, draft) if len(reasons) < MOST else ():
        reasons.setdefault(record_id, "name")
    reasons.pop(str(draft.get("id")), None)
    chosen = list(reasons)[:MOST]
    rows = {row["id"]: row for row in fetch_many(session, entity, chosen)} if chosen else {}
    return [_hit(entity, rows[key], reasons[key]) for key in chosen if key in rows]


def same_points(session: Session, entity: Entity, norms: Sequence[str]) -> list[str]:
    """The ids of the records of an entity that have one of these phones or e-mails (normal forms)."""
    points = ContactPoint.__table__
    holder = {"core.account": points.c.account_id, "core.contact": points.c.contact_id}.get(entity.id)
    if holder is None or not norms:
        return []
    statement = select(holder).where(points.c.norm.in_(norms), holder.is_not(None)).limit(MOST * 4)
    return list(dict.fromkeys(session.execute(statement).scalars()))


def core_name(name: str) -> str:
    """A firm's name without its legal form and punctuation: what two spellings share."""
    return " ".join(re.sub(r"[^\w\s]", " ", _FORMS.sub(" ", fold(name))).split())


def _hit(entity: Entity, row: Mapping[str, Any], reason: str) -> dict[str, Any]:
    shown = {key: row.get(key) for key in ("id", "owner", "phone", "email", "city")}
    return {**shown, "name": row[entity.title], "reason": _REASONS[reason]}


def _points(draft: Mapping[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"phone": [], "email": []}
    for kind, normal in (("phone", normal_phone), ("email", normal_email)):
        values = [draft.get(kind), *(draft.get(f"{kind}s") or ())]
        texts = [value.get("value") if isinstance(value, Mapping) else value for value in values]
        found[kind] = [norm for text in texts if isinstance(text, str) and (norm := normal(text)) is not None]
    return found


def _same_inn(session: Session, entity: Entity, draft: Mapping[str, Any]) -> list[str]:
    inn = draft.get("inn")
    if not isinstance(inn, str) or not inn.isdigit() or "inn" not in entity.table.c:
        return []
    table = entity.table
    return list(
        session.execute(
            select(table.c.id).where(table.c.inn == inn, table.c.deleted_at.is_(None)).limit(MOST)
        ).scalars()
    )


def _same_name(session: Session, entity: Entity, draft: Mapping[str, Any]) -> list[str]:
    """Records whose name holds all the words of the draft's name."""
    names = [draft.get(key) for key in ("name", "last_name", "first_name") if isinstance(draft.get(key), str)]
    words = core_name(" ".join(name for name in names if name))
    if len(words) < 3:
        return []
    page = query(session, entity, View(columns=(entity.title,), q=words, limit=MOST))
    return [row["id"] for row in page.rows] if page.read_as is None else []
