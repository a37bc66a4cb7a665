"""Something that is built from the enabled modules, and built anew when these change, while it is in use.

Enabling or disabling a module raises the generation in ``core_meta``. Every process compares it with that
of what it has built. The new one takes the place of the old in one assignment; whoever got the old one
before finishes with it. One that cannot be built changes nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from crm_core.db.engine import Database
from crm_core.model import Meta

__all__ = ["Current", "read_generation"]

T = TypeVar("T")

_log = logging.getLogger("crm.switch")
_GENERATION = select(Meta.value).where(Meta.key == "generation")
_LOOK_EVERY = 0.5
_TRY_AGAIN_AFTER = 30.0


class Current(Generic[T]):
    """Gives the value for the present generation, at most ``look_every`` seconds late.

    ``build`` gives a generation and the value for it; the first time it may raise. ``error`` says why a
    later one could not be built; it is tried again with the next generation, and after half a minute.
    """

    def __init__(
        self, database: Database, build: Callable[[], tuple[int, T]], *, look_every: float = _LOOK_EVERY
    ) -> None:
        self.error: str | None = None
        self._database = database
        self._build = build
        self._look_every = look_every
        self._lock = threading.Lock()
        self._seen, self._value = build()
        self._look_at = time.monotonic() + look_every
        self._try_at = float("inf")

    def get(self) -> T:
        """The value; who comes first after a change builds it, while others go on with the old one."""
        if time.monotonic() >= self._look_at and self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._lock.release()
        return self._value

    def refresh(self) -> None:
        """Look at once and wait for the result: for who has just changed the modules."""
        with self._lock:
            self._look()

    def _look(self) -> None:
        now = time.monotonic()
        self._look_at = now + self._look_every
        try:
            generation = read_generation(self._database)
        except SQLAlchemyError:  # whoever needs the database now will say it better
            return
        if generation != self._seen or now >= self._try_at:
            self._seen = generation
            self._replace()

    def _replace(self) -> None:
        try:
            self._seen, self._value = self._build()
        except Exception as error:  # noqa: BLE001 - isolation point: modules' code; the old one goes on
            _log.exception("generation %s could not be built; the program goes on as it is", self._seen)
            self.error = f"{type(error).__name__}: {error}"
            self._try_at = time.monotonic() + _TRY_AGAIN_AFTER
        else:
            self.error, self._try_at = None, float("inf")


def read_generation(database: Database) -> int:
    """The number that grows whenever a module is enabled or disabled; one cheap statement."""
    with database.read.connect() as connection:
        return connection.scalar(_GENERATION) or 1
