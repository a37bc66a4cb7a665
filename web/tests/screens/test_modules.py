"""Modules on the web: their pages, blocks and menus, switching them on and off, and what a broken one does."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from crm_core.access.principal import system
from crm_core.db.engine import Database
from crm_core.errors import ModuleError
from crm_core.plugin.lifecycle import enable
from crm_core.runtime import Crm, build
from crm_core.service.identity import create_token
from crm_core.settings import Settings
from crm_core.testing.factories import make_accounts
from crm_core.testing.module import ModuleMaker
from crm_web.app import build_app

from .conftest import Browser, SignIn

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

ROUTES = """
from crm_core.plugin.contributions import NavItem, Panel, Permission, Routes
from crm_core.plugin.hookspecs import hookimpl

def load(session, record, actor):
    return {"count": 3, "words": "three lamps for " + record["name"]}

def fail(session, record, actor):
    raise RuntimeError("no lamps")

@hookimpl
def crm_contribute(crm):
    yield Routes(id="lamps.pages", target=__package__ + ".views:blueprint")
    yield Routes(id="lamps.programs", target=__package__ + ".views:programs", api=True)
    yield Permission(id="lamps.use", label=_("Use lamps"))
    yield NavItem(id="lamps.menu", label=_("Lamps"), path="/lamps/", icon="bulb", permission="lamps.use")
    yield Panel(id="lamps.panel", entity="core.account", title=_("Lamps"), load=load, template="lamps/panel.html")
    yield Panel(id="lamps.broken", entity="core.account", title=_("Broken"), load=fail, template="lamps/panel.html")
"""
VIEWS = """
from flask import Blueprint
from crm_web.plugin import public, render, require, signed_in

blueprint = Blueprint("lamps", __name__)

programs = Blueprint("lamps_programs", __name__)

@programs.post("/count")
@require("lamps.use")
def count():
    return {"lamps": 3}

@blueprint.get("/")
@require("lamps.use")
def index():
    return render("lamps/index.html", lamps=["<b>"])
"""
OPEN_VIEWS = VIEWS.replace('@require("lamps.use")\ndef index', "def index")
INDEX = """
{% extends layout %}{% block title %}Lamps{% endblock %}
{% block content %}<h1>{{ _("All lamps") }}</h1>{{ lamps[0] }}{{ module_static("lamps", "lamp.css") }}{% endblock %}
"""
WORDS = r"""
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\n"

msgid "All lamps"
msgstr "Все лампы"
"""
FILES = {
    "views.py": VIEWS,
    "templates/lamps/index.html": INDEX,
    "templates/lamps/panel.html": "<p>{{ words }}</p>",
    "templates/base.html": "stolen",
    "static/lamp.css": "p { color: red }\n" * 50,
    "locale/ru/LC_MESSAGES/lamps.po": WORDS,
}


@pytest.fixture
def lamps(tmp_module: ModuleMaker) -> ModuleMaker:
    """An installed module with a page, a menu entry, a good block and a bad one."""
    tmp_module.make("lamps", ROUTES, files=FILES)
    return tmp_module


@pytest.fixture
def crm(settings: Settings, database: Database, tmp_module: ModuleMaker) -> Crm:
    """The program that sees the modules of the test."""
    return build(settings, database, registry=tmp_module)


@pytest.fixture
def with_lamps(lamps: ModuleMaker, settings: Settings, database: Database) -> Crm:
    """The program with the module switched on."""
    enable(build(settings, database, registry=lamps), "lamps", system("test"))
    return build(settings, database, registry=lamps)


def browse(sign_in: SignIn, running: Crm, **who: object) -> Browser:
    """A browser of another app on the same database."""
    browser = sign_in(**who)
    cookie = browser.client.get_cookie("crm_staff")
    assert cookie is not None
    browser.client = build_app(running).test_client()
    browser.client.set_cookie("crm_staff", cookie.value)
    return browser


def test_pages_of_a_module_stand_under_its_name_in_its_own_words(with_lamps: Crm, sign_in: SignIn) -> None:
    page = browse(sign_in, with_lamps).get("/lamps/")
    assert "All lamps &lt;b&gt;" in " ".join(page.html.split()).replace("</h1>", " ")
    assert "Все лампы" in browse(sign_in, with_lamps, login="boris", language="ru").get("/lamps/").text
    assert "/lamps/" in page.links()


def test_a_module_serves_its_files_under_a_hash_and_replaces_no_page(with_lamps: Crm, sign_in: SignIn) -> None:
    browser = browse(sign_in, with_lamps)
    page = browser.get("/lamps/")
    (url,) = re.findall(r"/static/lamps/\w{12}/lamp\.css", page.html)
    with browser.client.get(url, headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "immutable" in answer.headers["Cache-Control"]
    assert "stolen" not in page.html


def test_a_page_of_a_module_asks_for_its_right(with_lamps: Crm, sign_in: SignIn) -> None:
    reader = browse(sign_in, with_lamps, rights={("*", "view"): "all"}, permissions=())
    assert reader.get("/lamps/").status == 403
    assert "/lamps/" not in reader.get("/").links()


def test_programs_reach_the_addresses_of_a_module_with_their_token(with_lamps: Crm, sign_in: SignIn) -> None:
    browser = browse(sign_in, with_lamps)
    with with_lamps.writing(system("test")) as session:
        token = create_token(session, browser.user_id, "test", 1)
    client = build_app(with_lamps).test_client()
    answer = client.post("/api/v1/lamps/count", headers={"Authorization": f"Bearer {token}"})
    assert answer.get_json() == {"lamps": 3}
    refused = client.post("/api/v1/lamps/count")
    assert refused.status_code == 401
    assert refused.content_type == "application/problem+json"
    assert browser.post("/api/v1/lamps/count").status == 200
    browser.csrf = "guessed"
    assert browser.post("/api/v1/lamps/count").status == 400
    reader = browse(sign_in, with_lamps, login="rita", rights={("*", "view"): "all"}, permissions=())
    assert reader.post("/api/v1/lamps/count").status == 403


def test_a_block_that_fails_leaves_the_page_standing(
    with_lamps: Crm, sign_in: SignIn, caplog: pytest.LogCaptureFixture
) -> None:
    (account,) = make_accounts(with_lamps, 1)
    browser = browse(sign_in, with_lamps)
    page = browser.get(f"/accounts/{account}")
    assert page.status == 200
    assert "three lamps for Account 1" in page.text
    assert "The module lamps does not answer" in page.text
    number = page.headers["X-Request-Id"]
    assert number in page.text
    assert [r for r in caplog.records if number in r.getMessage() and r.exc_info]
    assert "RuntimeError: no lamps" in browser.get("/modules").text


def test_a_route_without_a_policy_keeps_the_module_out_and_says_which(
    tmp_module: ModuleMaker, settings: Settings, database: Database, sign_in: SignIn
) -> None:
    tmp_module.make("lamps", ROUTES, files={**FILES, "views.py": OPEN_VIEWS})
    running = build(settings, database, registry=tmp_module)
    enable(running, "lamps", system("test"))
    running = build(settings, database, registry=tmp_module)
    with pytest.raises(ModuleError, match="The route /lamps/ of lamps does not say who may call it"):
        build_app(running, strict=True)
    browser = browse(sign_in, running)
    assert browser.get("/accounts").status == 200
    assert browser.get("/lamps/").status == 503
    assert browser.get("/readyz").html == "degraded"
    assert "does not say who may call it" in browser.get("/modules").text


@pytest.mark.parametrize(
    ("views", "reason"),
    [
        ("raise RuntimeError('dark')", "dark"),
        ("blueprint = 5", "is not a blueprint named lamps"),
        (VIEWS.replace('Blueprint("lamps"', 'Blueprint("accounts"'), "is not a blueprint named lamps"),
    ],
)
def test_views_that_cannot_be_mounted_are_refused_when_switched_on(
    tmp_module: ModuleMaker, crm: Crm, sign_in: SignIn, views: str, reason: str
) -> None:
    tmp_module.make("lamps", ROUTES, files={**FILES, "views.py": views})
    browser = sign_in()
    page = browser.follow(browser.post("/modules/lamps/enable"))
    assert reason in page.text
    assert "Not used yet" in page.text
    assert not build(crm.settings, crm.database, registry=tmp_module).has("lamps")


def test_a_module_is_switched_on_in_two_clicks_after_a_plan(lamps: ModuleMaker, crm: Crm, sign_in: SignIn) -> None:
    browser = sign_in()
    assert "/modules/lamps/enable" in browser.get("/modules").links()
    plan = browser.get("/modules/lamps/enable", htmx=True)
    assert "Switch on “lamps”" in plan.text
    assert "Menu Lamps" in plan.text
    page = browser.follow(browser.post("/modules/lamps/enable"))
    assert "The module “lamps” is on" in page.text
    assert build(crm.settings, crm.database, registry=lamps).has("lamps")


def test_switching_off_says_what_goes_and_keeps_the_data(with_lamps: Crm, sign_in: SignIn, lamps: ModuleMaker) -> None:
    browser = browse(sign_in, with_lamps)
    preview = browser.get("/modules/lamps/disable", htmx=True)
    assert "Blocks on cards Broken, Lamps" in preview.text
    page = browser.follow(browser.post("/modules/lamps/disable"))
    assert "is off; its data are kept" in page.text
    assert not build(with_lamps.settings, with_lamps.database, registry=lamps).has("lamps")


def test_data_are_removed_only_when_the_name_is_typed(tmp_module: ModuleMaker, crm: Crm, sign_in: SignIn) -> None:
    tmp_module.make(
        "lamps",
        ROUTES,
        files=FILES,
        revisions=['op.create_table("lamps_bulb", sa.Column("id", types.Id(), primary_key=True))'],
    )
    browser = sign_in()
    browser.post("/modules/lamps/enable")
    browser.post("/modules/lamps/disable")
    preview = browser.get("/modules/lamps/purge", htmx=True)
    assert "lamps_bulb" in preview.text
    refused = browser.post("/modules/lamps/purge", {"confirmation": "lamp"}, htmx=True)
    assert refused.status == 422
    assert "Type the name of the module to confirm" in refused.text
    with browser.client.post("/modules/lamps/export", data={"csrf_token": browser.csrf}) as copy:
        assert copy.data[:2] == b"PK"
    done = browser.follow(browser.post("/modules/lamps/purge", {"confirmation": "lamps"}))
    assert "are removed" in done.text
    assert "Not used yet" in done.text


def test_a_module_that_fails_on_import_is_shown_with_its_reason(
    tmp_module: ModuleMaker, crm: Crm, sign_in: SignIn
) -> None:
    tmp_module.make("lamps", "raise RuntimeError('short circuit')")
    browser = sign_in()
    page = browser.follow(browser.post("/modules/lamps/enable"))
    assert "short circuit" in page.text
    assert browser.get("/accounts").status == 200


def test_only_an_administrator_sees_the_modules(lamps: ModuleMaker, crm: Crm, sign_in: SignIn) -> None:
    seller = sign_in("boris", rights={("*", "view"): "all"}, permissions=())
    asks: list[Callable[[], int]] = [
        lambda: seller.get("/modules").status,
        lambda: seller.get("/modules/lamps/enable").status,
        lambda: seller.post("/modules/lamps/enable").status,
        lambda: seller.post("/modules/lamps/disable").status,
        lambda: seller.post("/modules/lamps/export").status,
        lambda: seller.post("/modules/lamps/purge", {"confirmation": "lamps"}).status,
    ]
    assert {ask() for ask in asks} == {403}


def test_an_unknown_module_does_not_exist(crm: Crm, sign_in: SignIn) -> None:
    browser = sign_in()
    assert browser.get("/modules/nothing/enable").status == 404
    assert browser.post("/modules/nothing/enable").status == 404
