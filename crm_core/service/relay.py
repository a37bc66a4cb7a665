"""The relay: turns the event log into one job for each event and subscribing module.

    event log ──▶ position ──▶ job ``event:<seq>:<module>`` ──▶ the module's ``crm_event``

Making the jobs and moving the position on is one transaction, and the keys are unique, so every
subscriber gets every event at least once, each on its own and retried by the job ledger. A module that is
switched on later gets the events from then on.

The order of the feed is ``(txid, seq)``, and it ends before the oldest transaction that still runs: an
event with a smaller number may yet be committed by it (PostgreSQL hands out ``seq`` before commit). On
SQLite writers queue, so ``seq`` alone is the order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Select, func, literal, select, tuple_, update
from sqlalchemy.orm import Session

from crm_core.access.principal import system
from crm_core.db.bulk import insert_if_new
from crm_core.job.context import Context, Parked
from crm_core.job.ledger import enqueue_all
from crm_core.model import Event, Setting
from crm_core.plugin.calls import call_one
from crm_core.plugin.hookspecs import PublishedEvent

if TYPE_CHECKING:
    from crm_core.runtime import Crm

__all__ = ["DELIVERY", "Relay", "deliver"]

DELIVERY = "core.event"
"""The kind of the jobs that deliver events."""

_KEY = "core.relay"
_CHUNK = 500
_EVENT = Event.__table__
_PLACE = [_EVENT.c.txid, _EVENT.c.seq]

Position = tuple[int, int]


class Relay:
    """Moves along the event log whenever it is called; any number may work on one database."""

    def __init__(self) -> None:
        self._position: Position = (0, 0)

    def __call__(self, crm: Crm) -> None:
        """Make the jobs for the events since the last call; one cheap statement when there are none."""
        while self._anything(crm) and self._move(crm):
            pass

    def _anything(self, crm: Crm) -> bool:
        with crm.database.read.connect() as connection:
            return connection.execute(_feed(connection, self._position).limit(1)).first() is not None

    def _move(self, crm: Crm) -> bool:
        """Relay one chunk; says whether there may be more. Another relay at work is left alone."""
        subscribers = sorted(found.plugin_name for found in crm.manager.hook.crm_event.get_hookimpls())
        with crm.writing(system("event relay"), origin="job") as session:
            position = _lock_position(session)
            if position is None:
                return False
            found = _feed(session.connection(), position)
            # Where nobody subscribes, the last event alone says where to go on from.
            found = found.limit(_CHUNK) if subscribers else _backwards(found).limit(1)
            places = [(row.txid, row.seq) for row in session.execute(found)]
            if places:
                jobs = {
                    f"event:{seq}:{name}": {"seq": seq, "module": name} for _, seq in places for name in subscribers
                }
                enqueue_all(session, DELIVERY, jobs)
                position = places[-1]
                session.execute(update(Setting).where(Setting.key == _KEY).values(value=list(position)))
        self._position = position
        return len(places) == _CHUNK


def deliver(context: Context, args: Mapping[str, Any]) -> None:
    """The job that hands one event to one module."""
    module = str(args["module"])
    if not context.crm.has(module):
        raise Parked(f"the module {module} is switched off")
    with context.crm.reading(context.actor) as session:
        row = session.execute(select(_EVENT).where(_EVENT.c.seq == args["seq"])).mappings().first()
    if row is not None:
        fields = {name: row[name] for name in PublishedEvent.__dataclass_fields__}
        event = PublishedEvent(**{**fields, "payload": fields["payload"] or {}})
        call_one(context.crm.manager, "crm_event", module, event=event, context=context)


def _feed(connection: Connection, after: Position) -> Select[tuple[int, int]]:
    """Where the events after a position stand, in order, as far as no earlier one can come any more."""
    found = select(*_PLACE).where(tuple_(*_PLACE) > tuple_(literal(after[0]), literal(after[1]))).order_by(*_PLACE)
    if connection.dialect.name == "postgresql":
        found = found.where(_EVENT.c.txid < func.txid_snapshot_xmin(func.txid_current_snapshot()))
    return found


def _backwards(feed: Select[tuple[int, int]]) -> Select[tuple[int, int]]:
    return feed.order_by(None).order_by(*(column.desc() for column in _PLACE))


def _lock_position(session: Session) -> Position | None:
    """The stored position, locked until commit; ``None`` while another relay holds it."""
    statement = select(Setting.value).where(Setting.key == _KEY).with_for_update(skip_locked=True)
    stored = session.execute(statement).scalar()
    if stored is not None:
        return int(stored[0]), int(stored[1])
    begin = {"key": _KEY, "value": [0, 0]}
    made = insert_if_new(session, Setting.__table__).values(begin).returning(Setting.key)
    return None if session.execute(made).scalar() is None else (0, 0)
