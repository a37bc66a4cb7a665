"""Every page in both languages and themes, on both devices: no violation, no complaint, nothing beyond the edge."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from .conftest import Theme, Visitors, violations

# Each pair of language, theme and device occurs (pairwise): four of the eight combinations are enough.
COMBINATIONS: list[tuple[str, str, Theme, str]] = [
    ("anna", "en", "light", "desktop"),
    ("anna", "en", "dark", "phone"),
    ("olga", "ru", "light", "phone"),
    ("olga", "ru", "dark", "desktop"),
]
KIB = 1024


def open_card(page: Page) -> None:
    """The card of the first account."""
    page.goto("/accounts")
    page.locator("a[data-main]").first.click()
    page.wait_for_url("**/accounts/*-*")


def open_contact(page: Page) -> None:
    """The card of the first contact."""
    page.goto("/contacts")
    page.locator("a[data-main]").first.click()
    page.wait_for_url("**/contacts/*-*")


def open_edit(page: Page) -> None:
    """The form of an account in the dialog."""
    open_card(page)
    page.locator("[data-edit]").click()
    page.locator("#dialog[open] [name=name]").wait_for()


def dialog(path: str, opener: str) -> Callable[[Page], None]:
    """A page with one of its dialogs open."""

    def act(page: Page) -> None:
        page.goto(path)
        page.locator(opener).first.click()
        page.locator("#dialog[open] .dialog-body").wait_for()

    return act


def palette(page: Page) -> None:
    """The palette with hits."""
    page.goto("/accounts")
    page.keyboard.press("Control+k")
    page.keyboard.type("a")
    page.locator("#palette-list .palette-item").first.wait_for()


def selected(page: Page) -> None:
    """The list with a selected row."""
    page.goto("/accounts")
    page.locator("[data-pick]").first.click()


PAGES: dict[str, str | Callable[[Page], None]] = {
    "home": "/",
    "accounts": "/accounts",
    "filtered": "/accounts?city.contains=a&sort=-name&category=customer",
    "nothing found": "/accounts?city=Nowhere",
    "contacts": "/contacts",
    "account": open_card,
    "contact": open_contact,
    "new": "/contacts/new",
    "edit": open_edit,
    "filter": dialog("/accounts", ".chip-add"),
    "columns": dialog("/accounts", "a[href^='/accounts/columns']"),
    "quick add": dialog("/", "[data-quick-add]"),
    "selected": selected,
    "palette": palette,
    "search": "/search?q=a",
    "trash": "/accounts/trash",
    "modules": "/modules",
    "import": "/import",
    "imports": "/imports",
    "jobs": "/jobs",
    "users": "/users",
    "a new user": "/users/new",
    "roles": "/users/roles",
    "teams": "/users/teams",
    "profile": "/profile",
    "settings": "/settings",
    "the interface for programs": "/api/v1/",
    "not found": "/nothing/here",
}


@pytest.mark.parametrize(("login", "language", "theme", "device"), COMBINATIONS)
def test_every_page_is_accessible_and_fits(
    visitors: Visitors, login: str, language: str, theme: Theme, device: str
) -> None:
    page = visitors.sign_in(login, device, theme, language)
    found: list[str] = []
    for name, way in PAGES.items():
        if callable(way):
            way(page)
        else:
            page.goto(way)
        assert page.locator("html").get_attribute("lang") == language
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], name  # type: ignore[index]
        found += [f"{name}: {line}" for line in violations(page)]
    assert found == []


@pytest.mark.parametrize("path", ["/accounts", "card"])
def test_a_first_visit_stays_below_150_kib(visitors: Visitors, path: str) -> None:
    page = visitors.sign_in("olga", language="ru")
    if path == "card":
        open_card(page)
        path = page.url
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    client.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sizes: list[float] = []
    client.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(path)
    page.wait_for_load_state("networkidle")
    assert 20 * KIB < sum(sizes) <= 150 * KIB


def test_the_log_in_is_accessible(visitors: Visitors) -> None:
    cases: list[tuple[str, Theme, str]] = [("desktop", "dark", "ru"), ("phone", "light", "en")]
    for device, theme, language in cases:
        page = visitors.open(device, theme, language)
        page.goto("/login")
        assert page.locator("html").get_attribute("lang") == language
        assert violations(page) == []
