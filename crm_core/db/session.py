"""Sessions that know who acts: the one way to reach the database from services and views."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from crm_core.db.engine import Database

if TYPE_CHECKING:  # the layers below may not import those above at run time
    from crm_core.access.principal import Principal
    from crm_core.runtime import Crm

__all__ = ["Session", "actor_of", "crm_of", "origin_of", "reading", "request_of", "writing"]


@contextlib.contextmanager
def reading(database: Database, actor: Principal, **info: Any) -> Iterator[Session]:
    """A session that cannot write; it is closed at the end."""
    with Session(database.read, info={"actor": actor, **info}, autoflush=False) as session:
        yield session


@contextlib.contextmanager
def writing(database: Database, actor: Principal, *, origin: str = "ui", **info: Any) -> Iterator[Session]:
    """One transaction that commits at the end and rolls back on any error.

    ``origin`` (``ui``, ``api``, ``import``, ``job``, ``cli``, ``sync``) goes into audit and events.
    On SQLite the writer lane is held from before ``BEGIN`` until after ``COMMIT``.
    """
    info = {"actor": actor, "origin": origin, **info}
    with database.lane(), Session(database.write, info=info, expire_on_commit=False) as session, session.begin():
        yield session


def actor_of(session: Session) -> Principal:
    """Who acts in this session."""
    actor: Principal = session.info["actor"]
    return actor


def origin_of(session: Session) -> str:
    """The way by which the actor came: ``ui``, ``api``, ``import``, ``job``, ``cli`` or ``sync``."""
    return str(session.info.get("origin", "ui"))


def request_of(session: Session) -> str | None:
    """The id of the request that the session serves, where there is one."""
    return session.info.get("request")


def crm_of(session: Session) -> Crm:
    """The running program that the session belongs to."""
    crm: Crm = session.info["crm"]
    return crm
