"""The module's screens, and what it puts on pages of others."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert, select

from crm_core import Crm, Principal, create, now
from crm_core.access.load import bump_access
from crm_core.model import Role, SignInSession, UserRole
from crm_core.service.identity import open_session
from crm_core.testing.factories import make_accounts, make_user
from crm_example.asset import ASSET
from crm_web import create_app

pytestmark = pytest.mark.modules("example")


@dataclass
class Anna:
    """Somebody who is signed in and has the role of an administrator, or none."""

    client: FlaskClient
    csrf: str

    def get(self, path: str) -> str:
        return self.client.get(path).get_data(as_text=True)

    def post(self, path: str) -> int:
        return self.client.post(path, data={"csrf_token": self.csrf}).status_code


def sign_in(crm: Crm, login: str, *, admin: bool) -> Anna:
    user = make_user(crm, login)
    with crm.writing(user) as session:
        if admin:
            role = session.execute(select(Role.id).where(Role.key == "admin")).scalar_one()
            session.execute(insert(UserRole).values(user_id=user.user_id, role_id=role))
            bump_access(session)
        cookie = open_session(session, str(user.user_id), None, "test").cookie_value
        csrf = session.execute(select(SignInSession.csrf).where(SignInSession.user_id == user.user_id)).scalar_one()
    client = create_app(crm).test_client()
    client.set_cookie("crm_staff", cookie)
    return Anna(client, csrf)


@pytest.fixture
def pump(crm: Crm, actor: Principal) -> tuple[str, str]:
    """An account with a pump whose service is due: their ids."""
    account = make_accounts(crm)[0]
    row = {"name": "Pump", "serial": "P-1", "account_id": account, "status": "in_use", "next_service_on": now().date()}
    with crm.writing(actor) as session:
        return account, create(session, ASSET, [row])[0]["id"]


def test_what_is_due_is_listed_and_recorded_with_one_click(crm: Crm, pump: tuple[str, str]) -> None:
    anna = sign_in(crm, "anna", admin=True)
    page = anna.get("/example/due")
    assert "P-1" in page
    assert f"/example/assets/{pump[1]}/service" in page
    assert anna.post(f"/example/assets/{pump[1]}/service") == 303
    assert "Nothing is due" in anna.get("/example/due")
    assert "Serviced" in anna.get(f"/accounts/{pump[0]}")


def test_the_card_of_an_account_shows_its_equipment(crm: Crm, pump: tuple[str, str]) -> None:
    page = sign_in(crm, "anna", admin=True).get(f"/accounts/{pump[0]}")
    assert re.search(r'href="/example/assets/[^"]+"[^>]*>.*Pump', page)


def test_the_action_asks_before_it_records(crm: Crm, pump: tuple[str, str]) -> None:
    anna = sign_in(crm, "anna", admin=True)
    assert f"/example/assets/{pump[1]}/service" in anna.get(f"/example/assets/{pump[1]}")
    assert "was serviced today" in anna.get(f"/example/assets/{pump[1]}/service")


def test_the_generic_screens_and_the_interface_are_there(crm: Crm, pump: tuple[str, str]) -> None:
    anna = sign_in(crm, "anna", admin=True)
    assert "Pump" in anna.get("/example/assets")
    assert anna.client.get("/api/v1/example/assets").get_json()["items"][0]["serial"] == "P-1"


@pytest.mark.parametrize("path", ["/example/due", "/example/assets"])
def test_without_the_right_nothing_is_shown(crm: Crm, pump: tuple[str, str], path: str) -> None:
    nobody = sign_in(crm, "boris", admin=False)
    assert nobody.client.get(path).status_code in {403, 404}
    assert nobody.post(f"/example/assets/{pump[1]}/service") == 403
