"""Slowing down who guesses passwords: counters in the database, so that all workers count together.

Three counters run: of an account from one network, of an account from everywhere, of a network. The first is strict;
the second is lenient, so that nobody can be kept out of an account by strangers who guess at it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from crm_core.db.base import now
from crm_core.db.bulk import insert_if_new
from crm_core.model import LoginAttempt
from crm_core.service.secret import digest

__all__ = ["Attempt", "count_attempt", "forget_old", "forgive"]

FIRST_PAUSE = timedelta(seconds=10)
WINDOW = timedelta(hours=12)
_TABLE = LoginAttempt.__table__


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limit:
    """How many failures are free, and how long the pause after each further one may become."""

    free: int
    longest: timedelta


_LIMITS: Mapping[str, _Limit] = {
    "here": _Limit(free=5, longest=timedelta(minutes=15)),
    "account": _Limit(free=50, longest=timedelta(minutes=1)),
    "network": _Limit(free=30, longest=timedelta(minutes=15)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt that was counted, with the pause that it began on each counter; or for how long there is none."""

    seconds: int = 0
    pauses: Mapping[str, datetime | None] = field(default_factory=dict)


def count_attempt(session: Session, login: str, address: str | None) -> Attempt:
    """Count an attempt before it is made, or say for how many ``seconds`` none is allowed.

    An attempt while a pause lasts is not counted: pauses end. The counters are locked until the transaction ends.
    """
    moment, keys = now(), _keys(login, address)
    for key in sorted(keys.values()):
        session.execute(insert_if_new(session, _TABLE), {"key": key, "failures": 0, "first_at": moment})
    locked = select(_TABLE).where(_TABLE.c.key.in_(keys.values())).order_by(_TABLE.c.key).with_for_update()
    rows = {row["key"]: row for row in session.execute(locked).mappings()}
    ends = [row["blocked_until"] for row in rows.values() if row["blocked_until"] and row["blocked_until"] > moment]
    if ends:
        return Attempt(seconds=int((max(ends) - moment).total_seconds()) + 1)
    return Attempt(
        pauses={
            key: _count(session, _LIMITS[kind], key, rows[key]["failures"], rows[key]["first_at"], moment)
            for kind, key in keys.items()
        }
    )


def forgive(session: Session, attempt: Attempt) -> None:
    """The attempt succeeded: it is not counted, its pauses end, and the account is free of failures from here."""
    for key, pause in attempt.pauses.items():
        mine = _TABLE.c.key == key
        if key.startswith("here:"):
            session.execute(delete(_TABLE).where(mine))
            continue
        session.execute(update(_TABLE).where(mine, _TABLE.c.failures > 0).values(failures=_TABLE.c.failures - 1))
        if pause is not None:
            session.execute(update(_TABLE).where(mine, _TABLE.c.blocked_until == pause).values(blocked_until=None))


def forget_old(session: Session) -> int:
    """Remove counters that count nothing any more; gives their number."""
    old = delete(_TABLE).where(_TABLE.c.first_at < now() - WINDOW).returning(_TABLE.c.key)
    return len(session.execute(old).all())


def _count(
    session: Session, limit: _Limit, key: str, failures: int, first_at: datetime, moment: datetime
) -> datetime | None:
    """Count one more on a counter; gives the end of the pause that begins with it."""
    if moment - first_at > WINDOW:
        failures, first_at = 0, moment
    failures += 1
    over = failures - limit.free
    until = moment + min(FIRST_PAUSE * 2 ** min(over, 16), limit.longest) if over >= 0 else None
    values = {"failures": failures, "first_at": first_at, "blocked_until": until}
    session.execute(update(_TABLE).where(_TABLE.c.key == key).values(**values))
    return until


def _keys(login: str, address: str | None) -> dict[str, str]:
    """The keys of the counters; hashed, because people also type passwords where the login belongs."""
    network = _network(address)
    parts = {"here": f"{login}\n{network}", "account": login, "network": network}
    return {kind: f"{kind}:{digest(value)}" for kind, value in parts.items()}


def _network(address: str | None) -> str:
    """An IPv4 address, or the part of an IPv6 address that one customer of a provider has (RFC 6177)."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return str(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))
    return str(found)
