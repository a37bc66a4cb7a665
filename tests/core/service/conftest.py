"""Users who can sign in, and a clock that a test may set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from argon2 import PasswordHasher

from crm_core.access.principal import system
from crm_core.db.base import now
from crm_core.runtime import Crm
from crm_core.service import identity, people, secret

PASSWORD = "lamps over the old harbour"
_CLOCKED = ("throttle", "identity.session", "identity.token", "identity.link")


class Clock:
    """The time that sign-in, sessions, tokens and links see."""

    def __init__(self) -> None:
        self.moment = now()

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **step: float) -> None:
        """Let time pass."""
        self.moment += timedelta(**step)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that stands until the test moves it."""
    found = Clock()
    for name in _CLOCKED:
        monkeypatch.setattr(f"crm_core.service.{name}.now", found)
    return found


@pytest.fixture
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[PasswordHasher]:
    """The same hashes of passwords, cheap enough to make many of them."""
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    secret._nobody.cache_clear()
    monkeypatch.setattr(secret, "_hasher", lambda: hasher)
    yield hasher
    secret._nobody.cache_clear()


@pytest.fixture
def new_user(crm: Crm, quick_hashes: PasswordHasher) -> Callable[..., str]:
    """``new_user("anna", roles=["sales"])`` makes somebody who can sign in; gives the id."""

    def make(login: str = "anna", **fields: object) -> str:
        with crm.writing(system("test")) as session:
            people.seed_roles(session)
            user_id = people.create_user(session, {"login": login, "name": login.title(), **fields})
            identity.set_password(session, user_id, PASSWORD)
        return user_id

    return make
