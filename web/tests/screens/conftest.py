"""Pages through the whole application, on a real database; the one who asks is signed in."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm_core.access.principal import Principal
from crm_core.runtime import Crm
from crm_core.testing.factories import make_user
from crm_web import create_app, guard

HTMX = {"HX-Request": "true"}
Open = Callable[..., "Page"]


@pytest.fixture
def app(crm: Crm) -> Flask:
    """The application with the modules of the test."""
    return create_app(crm)


@pytest.fixture
def anna(crm: Crm) -> Principal:
    """An administrator who reads English."""
    return replace(make_user(crm, "anna", name="Anna Petrova", language="en"), language="en", zone="Europe/Moscow")


@pytest.fixture
def sign_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[Principal | None], None]:
    """Makes all later requests those of a person, or of nobody."""

    def as_person(person: Principal | None) -> None:
        def identify() -> None:
            if person is not None:
                g.actor = person

        monkeypatch.setattr(guard, "_identify", identify)
        monkeypatch.setattr(guard, "_check_origin", lambda: None)
        monkeypatch.setattr("crm_web.context._csrf_token", lambda: "token")

    return as_person


@pytest.fixture
def browser(app: Flask, anna: Principal, sign_in: Callable[[Principal], None]) -> "Browser":
    """A browser in which Anna is signed in."""
    sign_in(anna)
    return Browser(app.test_client())


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
        found = re.search(rf'<(?:input|textarea)[^>]*name="{re.escape(name)}"[^>]*?(?:value="([^"]*)"|>([^<]*)<)', self.html)
        assert found, f"there is no field {name!r}"
        return unescape(found[1] if found[1] is not None else found[2])

    def links(self, start: str = "") -> list[str]:
        """The addresses of links that begin so."""
        return [unescape(url) for url in re.findall(r'href="([^"]*)"', self.html) if url.startswith(start)]


class Browser:
    """A client that follows no redirects and speaks as scripts do when asked."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, *, htmx: bool = False, **headers: str) -> Page:
        """The answer to a GET."""
        return Page(self.client.get(path, headers={**(HTMX if htmx else {}), **headers}))

    def post(self, path: str, data: dict[str, Any] | None = None, *, htmx: bool = False) -> Page:
        """The answer to a form."""
        return Page(self.client.post(path, data=data or {}, headers=HTMX if htmx else {}))

    def follow(self, page: Page) -> Page:
        """The page that an answer leads to."""
        target = page.headers.get("Location") or page.headers["HX-Redirect"]
        return self.get(target)


def unescape(text: str) -> str:
    """Text of an attribute as it was before escaping."""
    import html

    return html.unescape(text)
