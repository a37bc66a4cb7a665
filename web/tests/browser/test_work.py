"""What people do all day, with mouse and keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from .conftest import Visitors


def first_account(page: Page) -> str:
    """Opens the card of the first account; gives its name."""
    page.goto("/accounts")
    link = page.locator("a[data-main]").first
    name = link.inner_text()
    link.click()
    page.wait_for_url("**/accounts/*-*")
    return name


def toast(page: Page) -> str:
    """The text of the message that is shown."""
    line = page.locator("#toasts .toast-line").last
    line.wait_for()
    return line.inner_text()


def test_a_client_is_added_from_the_keyboard_with_what_is_known(page: Page) -> None:
    page.keyboard.press("n")
    page.locator("#dialog [name=name]").wait_for()
    page.keyboard.type("Королёв Пётр")
    page.keyboard.press("Tab")
    page.keyboard.type("8 903 111-22-33, ООО «Вектор»")
    expect(page.locator(".understood")).to_contain_text("ООО «Вектор»")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/contacts/*-*")
    expect(page.locator("h1")).to_contain_text("Королёв Пётр")
    expect(page.get_by_text("+7 903 111-22-33").first).to_be_visible()
    assert "was added" in toast(page)


def test_a_likely_duplicate_is_shown_while_typing(page: Page) -> None:
    page.goto("/quick-add")
    page.fill("[name=name]", "Zebra Works")
    page.locator("label.kind", has_text="Organisation").click()
    page.click("[data-primary]")
    page.wait_for_url("**/accounts/*-*")
    page.keyboard.press("n")
    page.locator("#dialog label.kind", has_text="Organisation").click()
    page.locator("#dialog [name=name]").press_sequentially("zebra work", delay=20)
    expect(page.locator("#dialog .similar")).to_contain_text("Zebra Works")


def test_a_client_is_found_from_anywhere_in_the_wrong_layout_and_a_call_is_logged(page: Page) -> None:
    page.goto("/quick-add")
    page.fill("[name=name]", "Щукина Вера")
    page.click("[data-primary]")
    page.wait_for_url("**/contacts/*-*")
    page.goto("/modules")
    page.keyboard.press("Control+k")
    page.keyboard.type("oerb")
    page.locator("#palette-list .palette-item", has_text="Щукина Вера").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/contacts/*-*")
    page.keyboard.press("2")
    page.locator(".choice-chips label", has_text="Reached").click()
    page.locator("[name=body]").fill("Asked for the price list")
    page.keyboard.press("Control+Enter")
    event = page.locator(".event").first
    expect(event).to_contain_text("Asked for the price list")
    expect(event).to_contain_text("Reached")
    expect(event).to_contain_text("Call, outgoing")


def test_a_fact_is_changed_in_place_and_a_wrong_one_is_explained(page: Page) -> None:
    first_account(page)
    fact = page.locator(".fact", has_text="City")
    fact.hover()
    fact.locator(".fact-edit").click()
    fact.locator("input[name=city]").fill("Вологда")
    fact.get_by_role("button", name="Save").click()
    expect(fact).to_contain_text("Вологда")
    page.reload()
    expect(page.locator(".fact", has_text="City")).to_contain_text("Вологда")
    page.goto(f"{page.url}/facts/inn?edit")
    page.fill("input[name=inn]", "123")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".field-error")).to_contain_text("This INN is not valid")


def test_a_filter_is_built_and_taken_away_again(page: Page) -> None:
    page.goto("/accounts")
    page.locator(".chip-add").click()
    page.locator("#dialog .choose-list a", has_text="Category").click()
    page.locator("#dialog select").select_option("customer")
    page.locator("#dialog [data-primary]").click()
    page.wait_for_url("**category=customer")
    expect(page.locator(".chip").first).to_contain_text("Customer")
    assert {text.strip() for text in page.locator("td .badge").all_inner_texts()} == {"Customer"}
    page.locator(".chip-remove").click()
    page.wait_for_url(re.compile(r"/accounts$"))


def test_typing_in_the_list_searches_and_back_returns(page: Page) -> None:
    name = first_account(page)
    page.goto("/accounts")
    page.keyboard.press("/")
    page.keyboard.type(name.split()[0].lower())
    page.wait_for_url("**q=*")
    expect(page.locator("a[data-main]").first).to_contain_text(name.split()[0])
    page.locator("a[data-main]").first.click()
    page.wait_for_url("**/accounts/*-*")
    page.go_back()
    expect(page.locator("[data-search]")).to_have_value(name.split()[0].lower())


def test_selected_records_go_to_the_trash_and_come_back(page: Page) -> None:
    page.goto("/accounts?sort=-created_at")
    names = page.locator("a[data-main]").all_inner_texts()[:2]
    page.locator("[data-pick]").nth(0).click()
    page.locator("[data-pick]").nth(1).click()
    page.locator("#bulk button", has_text="trash").click()
    page.locator("#dialog [data-primary]").click()
    expect(page.locator("#toasts")).to_contain_text("2 records are in the trash")
    page.locator("#toasts button[data-undo]").click()
    expect(page.locator("#toasts")).to_contain_text("2 records are back")
    page.goto("/accounts?sort=-created_at")
    assert page.locator("a[data-main]").all_inner_texts()[:2] == names


def test_all_by_filter_get_a_tag(page: Page) -> None:
    page.goto("/accounts?category=former")
    page.locator("[data-pick]").first.click()
    everything = page.locator("[data-bulk-everything]")
    if everything.count():
        everything.click()
    page.locator("#bulk button", has_text="tag").click()
    page.locator("#dialog [name=tags]").fill("spring")
    page.locator("#dialog [data-primary]").click()
    expect(page.locator("#toasts")).to_contain_text("changed")
    page.locator("a[data-main]").first.click()
    expect(page.locator(".page-head-sub")).to_contain_text("spring")


def test_two_people_who_edit_one_client_choose_what_stands(visitors: Visitors) -> None:
    anna, olga = visitors.sign_in("anna"), visitors.sign_in("olga", language="ru")
    first_account(anna)
    olga.goto(anna.url)
    for person in (anna, olga):
        person.keyboard.press("e")
        person.locator("#dialog [name=city]").wait_for()
    anna.fill("#dialog [name=city]", "Пермь")
    anna.locator("#dialog [data-primary]").click()
    expect(anna.locator("#toasts")).to_contain_text("Saved")
    olga.fill("#dialog [name=city]", "Уфа")
    olga.locator("#dialog [data-primary]").click()
    clash = olga.locator("#dialog .clash")
    expect(clash).to_contain_text("Уфа")
    expect(clash).to_contain_text("Пермь")
    expect(olga.locator("#dialog")).to_contain_text("Anna Petrova")
    clash.locator("label", has_text="Пермь").click()
    olga.locator("#dialog [data-primary]").click()
    expect(olga.locator(".fact", has_text="Город")).to_contain_text("Пермь")


def test_lines_of_phones_grow_while_one_types(page: Page) -> None:
    page.goto("/contacts/new")
    page.fill("[name=last_name]", "Лисин")
    page.fill("[name='phones.0.value']", "8 903 111-22-01")
    page.fill("[name='phones.1.value']", "8 903 111-22-02")
    page.fill("[name='phones.2.value']", "8 903 111-22-03")
    page.locator("[name='phones.primary'][value='2']").check()
    page.click("[data-primary]")
    page.wait_for_url("**/contacts/*-*")
    for last in ("01", "02", "03"):
        expect(page.get_by_text(f"+7 903 111-22-{last}").first).to_be_visible()
    page.goto("/contacts?q=Лисин")
    expect(page.locator("td", has_text="+7 903 111-22-03")).to_be_visible()


def test_j_and_k_walk_through_the_list_that_one_came_from(page: Page) -> None:
    page.goto("/accounts?sort=-name")
    names = page.locator("a[data-main]").all_inner_texts()[:3]
    page.locator("a[data-main]").nth(1).click()
    expect(page.locator("h1")).to_contain_text(names[1])
    page.keyboard.press("j")
    expect(page.locator("h1")).to_contain_text(names[2])
    page.keyboard.press("k")
    expect(page.locator("h1")).to_contain_text(names[1])
    page.keyboard.press("k")
    expect(page.locator("h1")).to_contain_text(names[0])


@pytest.mark.parametrize("device", ["phone"])
def test_on_a_phone_the_call_button_stands_in_the_row(visitors: Visitors, device: str) -> None:
    page = visitors.sign_in("anna", device)
    page.goto("/contacts")
    call = page.locator("td.cell-side a[href^='tel:']").first
    expect(call).to_be_visible()
    box = call.bounding_box()
    assert box is not None
    assert box["height"] >= 24
