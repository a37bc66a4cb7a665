"""Settings: the firm, its legal entities, currency rates, and what modules let one set."""

from __future__ import annotations

import re

import pytest

from crm_core.access.principal import system
from crm_core.db.engine import Database
from crm_core.plugin.lifecycle import enable
from crm_core.runtime import Crm, build
from crm_core.service.setting import setting
from crm_core.settings import Settings
from crm_core.testing.module import ModuleMaker

from .conftest import Browser, SignIn
from .test_editing import fields_of
from .test_modules import browse

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

LAMPS = """
from crm_core.entity.descriptor import Choice, Field
from crm_core.plugin.contributions import SettingsSchema
from crm_core.plugin.hookspecs import hookimpl

@hookimpl
def crm_contribute(crm):
    yield SettingsSchema(
        id="lamps.settings",
        label=_("Lamps"),
        fields=(
            Field(name="days", label=_("Days of warranty"), kind="int"),
            Field(name="note", label=_("Note")),
            Field(name="warm", label=_("Warm light"), kind="bool"),
            Field(name="tone", label=_("Tone"), choices=(Choice(code="red", label=_("Red")),)),
        ),
    )
"""


def test_the_firm_says_who_it_is(crm: Crm, browser: Browser) -> None:
    form = fields_of(browser.get("/settings"))
    answer = browser.post(
        "/settings", {**form, "firm_name": "ООО «Свет»", "idle_minutes": "60", "languages": ["ru", "en"]}
    )
    assert answer.headers["Location"] == "/settings"
    assert browser.get("/settings").value("firm_name") == "ООО «Свет»"
    with crm.reading(system("test")) as session:
        assert setting(session, "core.idle_minutes") == 60
    assert "Say who you are" in browser.get("/").html.split('<li class="done"')[1]


def test_wrong_settings_come_back_with_their_errors(browser: Browser) -> None:
    form = fields_of(browser.get("/settings"))
    page = browser.post("/settings", {**form, "base_currency": "XQX", "idle_minutes": "soon", "languages": "ru"})
    assert page.status == 422
    assert page.value("base_currency") == "XQX"
    assert page.value("idle_minutes") == "soon"
    assert "There is no such currency" in page.text


def test_legal_entities_are_added_changed_and_closed(browser: Browser) -> None:
    page = browser.post(
        "/settings/legal-entities/new", {"name": "Свет", "country": "RU", "inn": "123", "is_active": "1"}
    )
    assert page.status == 422
    assert page.value("name") == "Свет"
    assert "This INN is not valid" in page.text
    browser.post(
        "/settings/legal-entities/new", {"name": "Свет", "country": "RU", "inn": "7707083893", "is_active": "1"}
    )
    (path,) = [url for url in browser.get("/settings").links("/settings/legal-entities/") if not url.endswith("/new")]
    browser.post(path, {"name": "Свет-М", "country": "RU", "inn": "7707083893"})
    page = browser.get("/settings")
    assert "Свет-М" in page.text
    assert "not in use" in page.text


def test_a_rate_is_written_down_as_people_type_it_and_taken_back(browser: Browser) -> None:
    answer = browser.post("/settings/rates", {"currency": "usd", "day": "2026-11-24", "rate": "92,5034"})
    assert answer.status == 303
    page = browser.get("/settings")
    assert "92.5034" in page.text
    (remove,) = re.findall(r'action="(/settings/rates/[^"]*/delete)"', page.html)
    browser.post(remove)
    assert "92.5034" not in browser.get("/settings").text
    assert browser.post(remove).status == 404
    assert browser.post("/settings/rates/USD/yesterday/delete").status == 404


def test_a_wrong_rate_is_explained_at_its_field(browser: Browser) -> None:
    page = browser.post("/settings/rates", {"currency": "RUB", "day": "2026-11-24", "rate": "1"})
    assert page.status == 422
    assert "its rate is always one" in page.text
    assert 'id="rate-currency-error"' in page.html


def test_the_settings_of_a_module_are_typed_and_kept(
    tmp_module: ModuleMaker, settings: Settings, database: Database, sign_in: SignIn
) -> None:
    tmp_module.make("lamps", LAMPS)
    enable(build(settings, database, registry=tmp_module), "lamps", system("test"))
    running = build(settings, database, registry=tmp_module)
    browser = browse(sign_in, running)
    assert "/settings/lamps" in browser.get("/settings").links()
    wrong = browser.post("/settings/lamps", {"days": "many", "note": "Keep", "warm": "1", "tone": "red"})
    assert wrong.status == 422
    assert wrong.value("days") == "many"
    assert "Give a whole number" in wrong.text
    browser.post("/settings/lamps", {"days": "30", "note": "Keep", "warm": "1", "tone": "red"})
    with running.reading(system("test")) as session:
        stored = [setting(session, f"lamps.{name}") for name in ("days", "note", "warm", "tone")]
    assert stored == [30, "Keep", True, "red"]


def test_only_an_administrator_changes_settings(sign_in: SignIn) -> None:
    seller = sign_in("boris", rights={("*", "view"): "all"}, permissions=())
    assert seller.get("/settings").status == 403
    assert seller.post("/settings", {"firm_name": "X"}).status == 403
    assert seller.post("/settings/rates", {"currency": "USD"}).status == 403


def test_a_module_without_settings_has_no_page(browser: Browser) -> None:
    assert browser.get("/settings/nothing").status == 404
