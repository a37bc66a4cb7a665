"""Shortcuts, palette, dialogs and menus by keyboard, in the Russian layout too."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def press(page: Any, key: str, code: str, **modifiers: bool) -> None:
    """A key press of another keyboard layout, which Playwright itself cannot make."""
    page.evaluate(
        "([key, code, modifiers]) => document.activeElement.dispatchEvent("
        "new KeyboardEvent('keydown', {key, code, bubbles: true, cancelable: true, ...modifiers}))",
        [key, code, modifiers],
    )


def test_the_palette_opens_in_the_russian_layout_and_goes_to_a_hit(visitor: Any) -> None:
    page = visitor.open("/list")
    press(page, "л", "KeyK", ctrlKey=True)
    expect(page.locator("#palette")).to_be_visible()
    expect(page.locator("#palette .palette-item").first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/card?8")


def test_the_palette_opens_over_a_dialog_and_escape_closes_only_the_palette(visitor: Any) -> None:
    page = visitor.open("/list")
    page.click(".page-head [data-dialog]")
    page.fill("#d-name", "Half typed")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    expect(page.locator("#d-name")).to_have_value("Half typed")


def test_a_palette_command_may_open_the_dialog(visitor: Any) -> None:
    page = visitor.open("/list")
    page.keyboard.press("Control+k")
    page.locator("#palette a[data-dialog]").click()
    expect(page.locator("#dialog")).to_be_visible()
    expect(page.locator("#palette")).to_be_hidden()


@pytest.mark.parametrize(("key", "code"), [("n", "KeyN"), ("т", "KeyN")])
def test_n_opens_quick_add_in_any_layout(visitor: Any, key: str, code: str) -> None:
    page = visitor.open("/card?quick")
    page.evaluate("document.querySelector('[data-quick-add]').dataset.quickAdd = '/dialog'")
    press(page, key, code)
    expect(page.locator("#dialog #d-name")).to_be_focused()


def test_g_and_a_letter_go_to_a_section(visitor: Any) -> None:
    page = visitor.open("/card")
    press(page, "п", "KeyG")
    press(page, "ф", "KeyA")
    page.wait_for_url("**/list")


def test_slash_goes_to_the_search_field_and_then_types_into_it(visitor: Any) -> None:
    page = visitor.open("/list")
    page.keyboard.press("/")
    expect(page.locator("[data-search]")).to_be_focused()
    page.keyboard.type("n/g")
    expect(page.locator("[data-search]")).to_have_value("n/g")
    expect(page.locator("#dialog")).to_be_hidden()


def test_question_mark_shows_the_keys_of_the_page(visitor: Any) -> None:
    page = visitor.open("/list")
    page.keyboard.press("Shift+Slash")
    expect(page.locator("#keys")).to_be_visible()
    expect(page.locator("#keys")).to_contain_text("Modules")


def test_single_keys_can_be_turned_off_but_the_palette_stays(visitor: Any) -> None:
    page = visitor.open("/list")
    page.keyboard.press("Shift+Slash")
    page.locator("[data-keys-toggle]").uncheck()
    page.reload()
    page.keyboard.press("Shift+Slash")
    expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()


def test_j_and_k_walk_the_rows_of_a_list_and_the_records_of_a_card(visitor: Any) -> None:
    page = visitor.open("/list")
    for key in "jjk":
        page.keyboard.press(key)
    expect(page.locator("tbody tr").first.locator("[data-main]")).to_be_focused()
    page.goto("/card")
    page.keyboard.press("j")
    page.wait_for_url("**/card?3")


def test_a_digit_chooses_the_kind_of_entry_and_shows_its_fields(visitor: Any, site: Any) -> None:
    page = visitor.open("/card")
    expect(page.locator("[data-kinds=call]")).to_be_hidden()
    page.keyboard.press("2")
    expect(page.locator("[data-kinds=call]")).to_be_visible()
    page.locator("[name=outcome][value=reached]").check()
    page.locator(".composer textarea").fill("Spoke to the director")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/list")
    assert site.posts[0]["form"]["kind"] == "call"
    assert site.posts[0]["form"]["outcome"] == "reached"


def test_escape_closes_the_dialog_returns_the_focus_and_keeps_what_was_typed(visitor: Any) -> None:
    page = visitor.open("/list")
    page.click(".page-head [data-dialog]")
    expect(page.locator("#d-name")).to_be_focused()
    page.keyboard.type("Romashka")
    page.keyboard.press("Escape")
    expect(page.locator("#dialog")).to_be_hidden()
    expect(page.locator(".page-head [data-dialog]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#d-name")).to_have_value("Romashka")


def test_menus_close_by_escape_and_by_a_click_elsewhere(visitor: Any) -> None:
    page = visitor.open("/card")
    menu = page.locator(".page-head .menu")
    menu.locator("summary").click()
    page.keyboard.press("ArrowDown")
    expect(menu.locator(".menu-item").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu.locator(".menu-body")).to_be_hidden()
    expect(menu.locator("summary")).to_be_focused()
    menu.locator("summary").click()
    page.click("h1")
    expect(menu.locator(".menu-body")).to_be_hidden()
