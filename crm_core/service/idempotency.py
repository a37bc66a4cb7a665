"""Requests that are done once however often they are sent: the key and the answer stand in the effect's transaction.

    replay = begin(session, actor_id, key, digest)
    if replay is None:
        …do the work…
        finish(session, actor_id, key, status, headers, body)

What raises rolls the key back with everything else, so a corrected request may use it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, select, text, update
from sqlalchemy.orm import Session

from crm_core.db.clock import from_now
from crm_core.db.prepared import Prepared
from crm_core.db.types import Id, Json
from crm_core.errors import Busy, Invalid, Problem
from crm_core.model import Idempotency
from crm_core.text import messages

__all__ = ["KEPT_DAYS", "Replay", "begin", "finish", "forget"]

_ = messages("core")

KEPT_DAYS = 7
_NOBODY = "00000000-0000-0000-0000-000000000000"
"""Stands for principals without an id, who share one space of keys."""

_TABLE = Idempotency.__table__
_MINE = (_TABLE.c.principal_id == bindparam("principal", type_=Id())) & (_TABLE.c.key == bindparam("id"))
_STORED = select(_TABLE.c.request_hash, _TABLE.c.status, _TABLE.c.headers, _TABLE.c.body).where(_MINE)
_FINISH = Prepared(
    update(_TABLE)
    .where(_MINE)
    .values(status=bindparam("code"), headers=bindparam("head", type_=Json()), body=bindparam("text"))
)
_BEGIN = {
    "sqlite": Prepared(
        text(
            "INSERT INTO core_idempotency (principal_id, key, request_hash, status, headers, body, created_at) "
            "VALUES (:principal, :id, :hash, 0, '{}', '', strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')) "
            "ON CONFLICT DO NOTHING RETURNING 1"
        )
    ),
    # Without the advisory lock the insert would wait, and hold a worker, until the first request has ended.
    "postgresql": Prepared(
        text(
            "INSERT INTO core_idempotency (principal_id, key, request_hash, status, headers, body, created_at) "
            "SELECT CAST(:principal AS uuid), CAST(:id AS text), CAST(:hash AS text), 0, '{}', '', "
            "statement_timestamp() "
            "WHERE pg_try_advisory_xact_lock(hashtextextended(CAST(:principal AS text) || CAST(:id AS text), 0)) "
            "ON CONFLICT DO NOTHING RETURNING 1"
        )
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """The answer that the first request was given."""

    status: int
    headers: Mapping[str, str]
    body: str


def begin(session: Session, principal_id: str | None, key: str, request_hash: str) -> Replay | None:
    """Claim a key for the running transaction: ``None`` means that the work is to be done now, in one statement.

    A key whose request was answered gives that answer. Raises ``Busy`` while the first request is running
    and ``Invalid`` (``idempotency.other_request``) when the key was used for another request.
    """
    principal = principal_id or _NOBODY
    claim = {"principal": principal, "id": key, "hash": request_hash}
    if _BEGIN[session.get_bind().dialect.name].rows(session, claim):
        return None
    found = session.execute(_STORED, {"principal": principal, "id": key}).first()
    if found is not None and found.request_hash != request_hash:
        message = _("This key was used for another request.")
        hint = _("Reload the page, or send the request with a new key.")
        raise Invalid([Problem(id="idempotency.other_request", message=message, hint=hint)])
    if found is None or not found.status:
        raise Busy()
    return Replay(status=found.status, headers=found.headers, body=found.body)


def finish(
    session: Session, principal_id: str | None, key: str, status: int, headers: Mapping[str, str], body: str
) -> None:
    """Keep the answer to the request whose key ``begin`` claimed, in the same transaction; one statement."""
    kept: dict[str, Any] = {"code": status, "head": dict(headers), "text": body}
    _FINISH.run(session, {"principal": principal_id or _NOBODY, "id": key, **kept})


def forget(session: Session) -> int:
    """Remove answers older than ``KEPT_DAYS``; gives their number."""
    old = delete(_TABLE).where(_TABLE.c.created_at < from_now(-KEPT_DAYS * 86400))
    return int(session.connection().execute(old).rowcount)
