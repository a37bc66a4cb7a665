"""Callers of the interface: real requests through the whole application, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import pytest
from flask import Flask
from sqlalchemy import insert

from crm_core.access.principal import ACTIONS, Principal
from crm_core.db.base import new_id
from crm_core.model import Role, RoleGrant, UserRole
from crm_core.runtime import Crm
from crm_core.service import identity
from crm_core.testing.factories import make_user
from crm_web import create_app

Caller = Callable[..., httpx.Client]
BASE = "http://127.0.0.1:8000/api/v1"
ROLES: Mapping[str, Mapping[str, str]] = {
    "everything": dict.fromkeys(ACTIONS, "all"),
    "own": {"view": "own", "create": "own", "edit": "own", "delete": "own"},
    "reader": {"view": "all"},
}


@pytest.fixture
def app(crm: Crm) -> Flask:
    """The application with the modules of the test."""
    return create_app(crm)


@pytest.fixture
def caller(crm: Crm, app: Flask) -> Iterator[Caller]:
    """``caller(role="own", login="boris")`` is a client with the token of a new user who has the role."""
    opened: list[httpx.Client] = []

    def make(role: str = "everything", login: str = "anna", **fields: Any) -> httpx.Client:
        token = token_of(crm, make_user(crm, login, **fields), role)
        headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
        opened.append(httpx.Client(transport=httpx.WSGITransport(app=app), base_url=BASE, headers=headers))
        return opened[-1]

    yield make
    for client in opened:
        client.close()


@pytest.fixture
def api(caller: Caller) -> httpx.Client:
    """A client whose user may do everything."""
    return caller()


@pytest.fixture
def stranger(app: Flask) -> Iterator[httpx.Client]:
    """A client without a token."""
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url=BASE) as client:
        yield client


def token_of(crm: Crm, user: Principal, role: str) -> str:
    """A token of the user, to whom a role with the named rights is given."""
    role_id = new_id()
    with crm.writing(user) as session:
        named = ["core.import"] if role == "everything" else []
        session.execute(insert(Role.__table__), {"id": role_id, "key": role_id, "name": {}, "permissions": named})
        grants = [
            {"role_id": role_id, "entity": "*", "action": name, "scope": far} for name, far in ROLES[role].items()
        ]
        session.execute(insert(RoleGrant.__table__), grants)
        session.execute(insert(UserRole.__table__), {"user_id": user.user_id, "role_id": role_id})
        return identity.create_token(session, user.user_id, "test", 1)
