"""How the kit looks: contrast and structure by axe, no sideways scroll, the right theme from the first paint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

WEB = Path(__file__).resolve().parents[2]
AXE = (WEB / "frontend" / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PAGES = ["/", "/list", "/card", "/error", "/bare"]


def violations(page: Any) -> list[str]:
    # All of the page at once: else axe takes a link that is half scrolled under the bottom bar for a small one.
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": page.viewport_size["width"], "height": max(height + 200, 768)})
    page.evaluate(AXE)
    found = page.evaluate("rules => axe.run(document, {runOnly: rules}).then(result => result.violations)", RULES)
    return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("device", ["desktop", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(visitor: Any, path: str, theme: str, device: str) -> None:
    assert violations(visitor.open(path, device, theme)) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("opener", ["[data-palette-open]", ".page-head [data-dialog]", ".user-menu summary"])
def test_axe_finds_nothing_in_open_layers(visitor: Any, opener: str, theme: str) -> None:
    page = visitor.open("/list", "desktop", theme)
    page.click(opener)
    page.wait_for_timeout(400)
    assert violations(page) == []


@pytest.mark.parametrize("path", PAGES)
def test_no_page_scrolls_sideways_at_320_pixels(visitor: Any, path: str) -> None:
    page = visitor.open(path, "phone", viewport={"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_the_chosen_theme_is_there_before_the_first_paint(visitor: Any) -> None:
    page = visitor.open("/card", "desktop", "auto", color_scheme="dark")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    page.click(".user-menu summary")
    page.click("[data-theme-set=light]")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "light"
    assert "crm_theme=light" in page.evaluate("document.cookie")
    page.add_init_script(
        "addEventListener('DOMContentLoaded', () => { window.first = document.documentElement.dataset.bsTheme })"
    )
    page.goto("/list?theme=auto")
    assert page.evaluate("window.first") == "light"


def test_primary_actions_on_a_phone_are_44_pixels_high(visitor: Any) -> None:
    page = visitor.open("/card", "phone")
    sizes = [button.bounding_box() for button in page.query_selector_all(".btn-primary:not(.btn-sm)")]
    assert sizes
    assert all(box["height"] >= 44 for box in sizes if box)


def test_the_page_prints_without_the_frame(visitor: Any) -> None:
    page = visitor.open("/card")
    page.emulate_media(media="print")
    for part in (".sidebar", ".top-bar", ".composer"):
        expect(page.locator(part)).to_be_hidden()
    expect(page.locator(".events")).to_be_visible()


def test_the_phone_reaches_all_of_the_navigation_through_more(visitor: Any) -> None:
    page = visitor.open("/list", "phone")
    expect(page.locator("#sidebar")).to_be_hidden()
    page.click(".bottom-bar button")
    expect(page.locator("#sidebar a[href='/settings']")).to_be_visible()


def test_pages_work_without_javascript(visitor: Any, site: Any) -> None:
    page = visitor.open("/card", java_script_enabled=False)
    page.click(".page-head .menu summary")
    expect(page.locator(".page-head .menu-body")).to_be_visible()
    page.fill(".composer textarea", "typed without a script")
    page.click(".composer [data-primary]")
    assert page.url.endswith("/list")
    assert site.posts[0]["form"]["body"] == "typed without a script"
    assert site.posts[0]["form"]["csrf_token"] == "token-1"
