"""Lists: selecting rows, opening them, searching; and what arrives after the page."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_shift_selects_a_range_and_the_bar_counts(visitor: Any, site: Any) -> None:
    page = visitor.open("/list")
    expect(page.locator("[data-bulk]")).to_be_hidden()
    boxes = page.locator("[data-pick]")
    boxes.nth(1).click()
    boxes.nth(5).click(modifiers=["Shift"])
    expect(page.locator("[data-bulk-count]")).to_have_text("5")
    page.click("[data-bulk] [formaction='/answer']")
    page.wait_for_url("**/list")
    assert site.posts[0]["form"].get("all") is None
    assert site.posts[0]["values"]["ids"] == ["1", "2", "3", "4", "5"]


def test_everything_by_filter_is_more_than_the_page(visitor: Any, site: Any) -> None:
    page = visitor.open("/list")
    page.click("[data-pick-all]")
    expect(page.locator("[data-bulk-count]")).to_have_text("50")
    page.click("[data-bulk-everything]")
    expect(page.locator("[data-bulk-everything]")).to_contain_text("All 4 312 by filter are selected")
    page.click("[data-bulk] [formaction='/answer']")
    page.wait_for_url("**/list")
    assert site.posts[0]["form"]["all"] == "1"
    assert site.posts[0]["form"]["filter"] == "city=Казань"


def test_escape_clears_the_selection(visitor: Any) -> None:
    page = visitor.open("/list")
    page.locator("[data-pick]").first.click()
    page.keyboard.press("Escape")
    expect(page.locator("[data-bulk]")).to_be_hidden()


def test_a_bulk_action_may_ask_in_the_dialog(visitor: Any) -> None:
    page = visitor.open("/list")
    page.locator("[data-pick]").nth(2).click()
    with page.expect_request("**/dialog?*") as asked:
        page.click("[data-bulk] [data-dialog] >> nth=0")
    assert "ids=2" in asked.value.url
    assert "token" not in asked.value.url
    expect(page.locator("#dialog")).to_be_visible()


def test_a_click_on_a_row_opens_it_and_the_middle_button_opens_a_tab(visitor: Any) -> None:
    page = visitor.open("/list")
    cell = page.locator("tbody tr").nth(3).locator("td").nth(3)
    with page.context.expect_page() as tab:
        cell.click(button="middle")
    tab.value.wait_for_url("**/card?3")
    cell.click()
    page.wait_for_url("**/card?3")


def test_searching_replaces_the_rows_and_the_address(visitor: Any) -> None:
    page = visitor.open("/list")
    page.fill("[data-search]", "роза")
    page.wait_for_url("**/list?sort=name&q=*", wait_until="commit")
    expect(page.locator("[data-search]")).to_be_focused()
    expect(page.locator("tbody tr")).to_have_count(50)


def test_lazy_blocks_and_polls_fetch_their_content_once(visitor: Any, site: Any) -> None:
    page = visitor.open("/")
    page.locator(".lazy").scroll_into_view_if_needed()
    expect(page.locator("#lazy-done")).to_be_visible()
    expect(page.locator("#poll-done")).to_be_visible()
    page.wait_for_timeout(1300)
    assert site.polls == 1


def test_a_fact_is_edited_in_its_place(visitor: Any) -> None:
    page = visitor.open("/card")
    page.locator(".fact-edit").first.click()
    expect(page.locator("dd input[aria-label=City]")).to_be_visible()


def test_times_switch_between_relative_and_absolute_for_the_whole_page(visitor: Any) -> None:
    page = visitor.open("/card")
    page.click("button[data-times]")
    expect(page.locator(".when-absolute").first).to_be_visible()
    page.reload()
    expect(page.locator(".when-absolute").first).to_be_visible()
