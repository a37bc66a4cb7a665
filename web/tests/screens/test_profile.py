"""The profile: what people change of themselves, and nobody else."""

from __future__ import annotations

import re

import pytest

from crm_core.access.principal import ANONYMOUS, system
from crm_core.runtime import Crm
from crm_core.service import identity, people
from crm_core.testing.factories import make_user

from .conftest import Browser, SignIn, open_for

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
PASSWORD, NEXT = "lamps over the old harbour", "quite another sentence"
NO_ONE = "0199a0de-0000-7000-8000-000000000000"


@pytest.fixture
def anna(sign_in: SignIn, crm: Crm) -> Browser:
    """The browser of Anna, who has a password and no rights."""
    browser = sign_in(rights={}, permissions=())
    with crm.writing(system("test")) as session:
        identity.set_password(session, browser.user_id, PASSWORD)
        new = identity.open_session(session, browser.user_id, "192.0.2.1", "a browser")
    browser.client.set_cookie("crm_staff", new.cookie_value)
    browser.csrf = new.csrf
    return browser


def test_everybody_of_the_staff_has_one_and_strangers_none(anna: Browser, stranger: Browser) -> None:
    assert anna.get("/profile").status == 200
    assert stranger.get("/profile").headers["Location"] == "/login?next=/profile"


def test_a_change_shows_at_once(anna: Browser) -> None:
    data = {"name": "Анна Ёлкина", "email": "", "phone": "", "language": "ru", "zone": "Asia/Tomsk"}
    answer = anna.post("/profile", data)
    assert (answer.status, answer.headers["Location"]) == (303, "/profile")
    page = anna.get("/profile")
    assert page.value("name") == "Анна Ёлкина"
    assert "Мой профиль" in page.text


def test_a_mistake_comes_back_with_what_was_typed(anna: Browser) -> None:
    page = anna.post("/profile", {"name": "", "email": "nonsense", "zone": "UTC"})
    assert page.status == 422
    assert page.value("email") == "nonsense"


def test_nobody_makes_themselves_administrator(anna: Browser, crm: Crm) -> None:
    anna.post("/profile", {"name": "Anna", "roles": "admin", "is_active": "1", "login": "root"})
    with crm.reading(ANONYMOUS) as session:
        found = people.user(session, anna.user_id)
    assert (found["login"], "admin" in found["roles"]) == ("anna", False)


def test_a_new_password_keeps_this_browser_and_no_other(anna: Browser, crm: Crm) -> None:
    with crm.writing(system("test")) as session:
        other = identity.open_session(session, anna.user_id, None, "elsewhere")
    answer = anna.post("/profile/password", {"current": PASSWORD, "password": NEXT, "repeat": NEXT})
    assert answer.status == 303
    assert anna.get("/profile").status == 200
    with crm.reading(ANONYMOUS) as session:
        assert identity.load_session(session, other.cookie_value) is None
    assert identity.sign_in(crm, "anna", NEXT, None, None).user_id == anna.user_id


@pytest.mark.parametrize(
    ("current", "password", "repeat"),
    [("wrong", NEXT, NEXT), (PASSWORD, "short", "short"), (PASSWORD, NEXT, "different")],
)
def test_a_password_is_not_changed_by_mistake(
    anna: Browser, crm: Crm, current: str, password: str, repeat: str
) -> None:
    page = anna.post("/profile/password", {"current": current, "password": password, "repeat": repeat})
    assert page.status == 422
    assert 'aria-invalid="true"' in page.html
    assert NEXT not in page.html
    assert identity.sign_in(crm, "anna", PASSWORD, None, None).user_id == anna.user_id


def test_other_sessions_are_ended_one_by_one_or_all(anna: Browser, crm: Crm) -> None:
    with crm.writing(system("test")) as session:
        for _ in range(3):
            identity.open_session(session, anna.user_id, None, "elsewhere")
    (first, *_rest) = re.findall(r'action="(/profile/sessions/\w{64}/end)"', anna.get("/profile").html)
    assert anna.post(first).status == 303
    assert anna.post("/profile/sessions/end").status == 303
    with crm.reading(ANONYMOUS) as session:
        assert len(identity.sessions_of(session, anna.user_id)) == 1
    assert anna.get("/profile").status == 200


def test_a_token_is_shown_once_works_and_is_withdrawn(anna: Browser, crm: Crm) -> None:
    page = anna.post("/profile/tokens", {"token_name": "Скрипт", "days": "30"})
    (secret,) = re.findall(r"<code[^>]*>(crm_[\w-]+)</code>", page.html)
    bearer = {"Authorization": f"Bearer {secret}"}
    client = anna.client.application.test_client()
    assert client.get("/api/v1/core/accounts", headers=bearer).status_code in (200, 403)
    page = anna.get("/profile")
    assert secret not in page.html
    assert "Скрипт" in page.text
    (path,) = re.findall(r'action="(/profile/tokens/[\w-]+/revoke)"', page.html)
    anna.post(path)
    assert client.get("/api/v1/core/accounts", headers=bearer).status_code == 401


def test_a_token_without_a_name_is_not_made(anna: Browser, crm: Crm) -> None:
    assert anna.post("/profile/tokens", {"token_name": " "}).status == 422
    with crm.reading(ANONYMOUS) as session:
        assert identity.tokens_of(session, anna.user_id) == []


def test_what_belongs_to_others_is_not_found(anna: Browser, crm: Crm) -> None:
    boris = make_user(crm, "boris")
    open_for(crm, boris)
    with crm.writing(system("test")) as session:
        identity.create_token(session, boris.user_id, "his")
        theirs = identity.sessions_of(session, str(boris.user_id))[0]["id"]
        token = identity.tokens_of(session, str(boris.user_id))[0]["id"]
    for path in (f"sessions/{theirs}/end", f"tokens/{token}/revoke", f"tokens/{NO_ONE}/revoke", "sessions/x/end"):
        assert anna.post(f"/profile/{path}").status == 404


@pytest.mark.parametrize("path", ["", "/password", "/sessions/end", "/tokens"])
def test_a_change_without_the_token_of_the_page_is_refused(anna: Browser, path: str) -> None:
    anna.csrf = "forged"
    assert anna.post(f"/profile{path}", {"name": "x"}).status == 400
