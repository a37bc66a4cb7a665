"""An administrator switches a module on and off while a colleague goes on working."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from .conftest import Visitors, violations


def switch(page: Page, word: str) -> None:
    """Click «switch on» or «switch off» and confirm what it means."""
    page.goto("/modules")
    page.locator("#module-example").get_by_role("link", name=word).click()
    page.locator("#dialog [data-primary]").click()
    page.locator("#toasts .toast-line").wait_for()


def test_a_module_comes_and_goes_while_people_work(visitors: Visitors) -> None:
    anna, olga = visitors.sign_in("anna"), visitors.sign_in("olga", language="ru")
    olga.goto("/accounts")
    switch(anna, "Switch on")
    expect(anna.locator("#module-example")).to_contain_text("On")
    expect(anna.locator("#sidebar")).to_contain_text("Equipment")
    expect(olga.locator("body")).to_be_visible()
    olga.wait_for_timeout(1000)
    olga.reload()
    expect(olga.locator("#sidebar")).to_contain_text("Оборудование")
    olga.locator("#sidebar").get_by_role("link", name="Оборудование").first.click()
    olga.wait_for_load_state()
    assert violations(olga) == []
    anna.goto("/accounts")
    anna.locator("a[data-main]").first.click()
    anna.wait_for_url("**/accounts/*-*")
    expect(anna.locator(".record")).to_contain_text("Equipment")
    assert violations(anna) == []
    switch(anna, "Switch off")
    expect(anna.locator("#sidebar")).not_to_contain_text("Equipment")
    olga.wait_for_timeout(1000)
    olga.goto("/accounts")
    expect(olga.locator("#sidebar")).not_to_contain_text("Оборудование")
