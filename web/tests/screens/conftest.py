"""Pages through the whole application, on a real database, in the browser of somebody who is signed in."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse

from crm_core.access.load import bump_access
from crm_core.access.principal import ACTIONS, Principal, system
from crm_core.db.base import new_id
from crm_core.job.lease import claim
from crm_core.job.perform import perform
from crm_core.model import Role, RoleGrant, SignInSession, UserRole
from crm_core.plugin.contributions import Job
from crm_core.runtime import Crm
from crm_core.service.identity import open_session
from crm_core.testing.factories import make_user
from crm_web import create_app

HTMX = {"HX-Request": "true"}
EVERYTHING: Mapping[tuple[str, str], str] = {("*", action): "all" for action in ACTIONS}
SignIn = Callable[..., "Browser"]
WorkOff = Callable[[], None]
Upload = Callable[..., "Page"]


@pytest.fixture
def app(crm: Crm) -> Flask:
    """The application with the modules of the test."""
    return create_app(crm)


@pytest.fixture
def sign_in(crm: Crm, app: Flask) -> SignIn:
    """``sign_in("boris", rights={…})`` is the browser of a new user with these rights."""

    def as_new_user(
        login: str = "anna",
        *,
        rights: Mapping[tuple[str, str], str] = EVERYTHING,
        permissions: Iterable[str] = ("*",),
        name: str = "Anna Petrova",
        language: str = "en",
        **fields: Any,
    ) -> Browser:
        user = make_user(crm, login, name=name, language=language, **{"zone": "Europe/Moscow", **fields})
        give_rights(crm, user, rights, permissions)
        return Browser(app.test_client(), *open_for(crm, user), user_id=str(user.user_id))

    return as_new_user


@pytest.fixture
def browser(sign_in: SignIn) -> Browser:
    """The browser of Anna, who may do everything and reads English."""
    return sign_in()


@pytest.fixture
def stranger(app: Flask) -> Browser:
    """A browser in which nobody is signed in."""
    return Browser(app.test_client())


def give_rights(crm: Crm, user: Principal, rights: Mapping[tuple[str, str], str], permissions: Iterable[str]) -> None:
    """Give a user a role of their own."""
    role = new_id()
    with crm.writing(user) as session:
        row = {"id": role, "key": role, "name": {"en": "test"}, "permissions": list(permissions)}
        session.execute(insert(Role.__table__), row)
        for (entity, action), scope in rights.items():
            grant = {"role_id": role, "entity": entity, "action": action, "scope": scope}
            session.execute(insert(RoleGrant.__table__), grant)
        session.execute(insert(UserRole.__table__), {"user_id": user.user_id, "role_id": role})
        bump_access(session)


def open_for(crm: Crm, user: Principal) -> tuple[str, str]:
    """The cookie and the form token of a new session."""
    with crm.writing(user) as session:
        cookie = open_session(session, str(user.user_id), None, "test").cookie_value
        table = SignInSession.__table__
        return cookie, session.execute(select(table.c.csrf).where(table.c.user_id == user.user_id)).scalar_one()


class Page:
    """An answer, with what a test wants to know of it."""

    def __init__(self, response: TestResponse) -> None:
        self.response = response
        self.status = response.status_code
        self.html = response.get_data(as_text=True)
        self.headers = response.headers

    @property
    def text(self) -> str:
        """What a person reads: without mark-up, white space folded."""
        return " ".join(re.sub(r"<[^>]*>", " ", self.html).split())

    def value(self, name: str) -> str:
        """The value of the input of that name."""
        found = re.search(
            rf'<(?:input|textarea)[^>]*name="{re.escape(name)}"[^>]*?(?:value="([^"]*)"|>([^<]*)<)', self.html
        )
        assert found, f"there is no field {name!r}"
        return html.unescape(found[1] if found[1] is not None else found[2])

    def links(self, start: str = "") -> list[str]:
        """The addresses of links that begin so."""
        return [html.unescape(url) for url in re.findall(r'href="([^"]*)"', self.html) if url.startswith(start)]


class Browser:
    """A client that follows no redirects, and speaks as scripts do when asked to."""

    def __init__(self, client: FlaskClient, cookie: str = "", csrf: str = "", user_id: str = "") -> None:
        self.client = client
        self.csrf = csrf
        self.user_id = user_id
        if cookie:
            client.set_cookie("crm_staff", cookie)

    def get(self, path: str, *, htmx: bool = False, headers: Mapping[str, str] | None = None) -> Page:
        """The answer to a GET."""
        return Page(self.client.get(path, headers={**(HTMX if htmx else {}), **(headers or {})}))

    def post(self, path: str, data: Mapping[str, Any] | None = None, *, htmx: bool = False) -> Page:
        """The answer to a form."""
        form = {"csrf_token": self.csrf, **(data or {})}
        return Page(self.client.post(path, data=form, headers=HTMX if htmx else {}))

    def follow(self, page: Page) -> Page:
        """The page that an answer leads to."""
        return self.get(page.headers.get("Location") or page.headers["HX-Redirect"])


@pytest.fixture
def work_off(crm: Crm) -> WorkOff:
    """Does what waits in the ledger, one job after the other, as a worker would."""
    kinds = {kind.id: kind.target for kind in crm.all(Job) if not kind.every}

    def run() -> None:
        while True:
            with crm.writing(system("test")) as session:
                job = claim(session, list(kinds), 30)
            if job is None:
                return
            perform(crm, job, kinds[job.kind], 30, lambda _context: None)

    return run


@pytest.fixture
def upload() -> Upload:
    """``upload(browser, content, name)`` sends a file and gives the answer."""

    def send(browser: Browser, content: bytes, name: str = "clients.csv", **form: Any) -> Page:
        file = {"file": (io.BytesIO(content), name)} if name else {}
        return browser.post("/import", {"entity": "core.account", **form, **file})

    return send


@dataclass(frozen=True, slots=True)
class Download:
    """A file that was fetched: its bytes, the status and the headers."""

    content: bytes
    status: int
    headers: Headers


def fetch(browser: Browser, path: str) -> Download:
    """Fetch a file as a browser does."""
    with browser.client.get(path) as response:
        return Download(response.get_data(), response.status_code, response.headers)
