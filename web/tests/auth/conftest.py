"""An application that strangers come to; one administrator is there."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm_core.access.principal import system
from crm_core.runtime import Crm
from crm_core.service.setup import create_administrator
from crm_web import create_app

PASSWORD = "lamps over the old harbour"


@pytest.fixture
def app(crm: Crm) -> Flask:
    """The application, with Anna as its administrator."""
    with crm.writing(system("test")) as session:
        create_administrator(session, "anna", "Anna", PASSWORD, "en", "UTC")
    return create_app(crm)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser in which nobody is signed in."""
    return app.test_client()


@pytest.fixture
def over_https(crm: Crm, app: Flask) -> Flask:
    """The same installation as one that is reached over https."""
    return create_app(replace(crm, settings=replace(crm.settings, base_url="https://localhost")))


def token_of(html: str) -> str:
    """The token of the form on a page."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', html)
    assert found, "there is no form on the page"
    return found[1]
