"""The list of an entity: what it shows, how it is filtered, sorted and turned, what it costs."""

from __future__ import annotations

import re
from typing import Any

import pytest

from crm_core.runtime import Crm
from crm_core.testing.factories import make_accounts, make_contacts

from .conftest import Browser, Page, SignIn

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def names(page: Page) -> list[str]:
    """The records of a list in the order of its rows."""
    return re.findall(r"data-main>([^<]*)<", page.html)


def test_a_list_shows_the_first_page_by_name(crm: Crm, browser: Browser) -> None:
    make_accounts(crm, 60)
    page = browser.get("/accounts")
    assert len(names(page)) == 50
    assert names(page) == sorted(names(page))
    assert "1–50 of 60" in page.text


def test_pages_follow_one_another_and_lead_back(crm: Crm, browser: Browser) -> None:
    make_accounts(crm, 60)
    first = browser.get("/accounts")
    second = browser.get(next_link(first))
    assert len(names(second)) == 10
    assert not set(names(first)) & set(names(second))
    assert names(browser.get(link(second, "prev"))) == names(first)


def test_a_heading_sorts_and_turns_the_order(crm: Crm, browser: Browser) -> None:
    for city in ("Вологда", "Архангельск", "Москва"):
        make_accounts(crm, 1, city=city)
    (sort,) = list(browser.get("/accounts").links("/accounts?sort=city"))
    page = browser.get(sort)
    cities = re.findall(r"<td[^>]*>(Вологда|Архангельск|Москва)", page.html)
    assert cities == ["Архангельск", "Вологда", "Москва"]
    assert "/accounts?sort=-city" in page.links()
    assert 'aria-sort="ascending"' in page.html


def test_a_filter_stands_in_words_and_can_be_taken_away(crm: Crm, browser: Browser) -> None:
    make_accounts(crm, 1, city="Казань")
    make_accounts(crm, 2, city="Пермь")
    page = browser.get("/accounts?city.contains=Каз&sort=-name")
    assert len(names(page)) == 1
    assert "City contains Каз" in page.text
    (rest,) = list(re.findall(r'class="chip-remove" href="([^"]*)"', page.html))
    assert rest == "/accounts?sort=-name"


def test_the_words_of_a_filter_name_people_choices_and_days(crm: Crm, browser: Browser) -> None:
    make_accounts(crm, 1, owner_id=browser.user_id, category="customer")
    page = browser.get(f"/accounts?owner_id={browser.user_id}&category=customer&created_at.ge=2020-01-31T21:00:00Z")
    assert "Responsible Anna Petrova" in page.text
    assert "Category Customer" in page.text
    assert "Created since 1 Feb 2020, 00:00" in page.text
    assert len(names(page)) == 1


def test_a_search_with_the_wrong_keyboard_layout_finds_and_says_so(crm: Crm, browser: Browser) -> None:
    browser.post("/accounts/new", {"name": "Ромашка"})
    page = browser.get("/accounts?q=hjvfirf")
    assert names(page) == ["Ромашка"]
    assert "ромашка" in page.text.lower()


def test_a_wrong_parameter_is_named_and_the_rest_is_shown(crm: Crm, browser: Browser) -> None:
    make_accounts(crm, 2, city="Казань")
    page = browser.get("/accounts?city=Казань&colour=red&founded=soon")
    assert page.status == 200
    assert len(names(page)) == 2
    assert "There is no field “colour”" in page.text


def test_an_empty_list_and_an_empty_result_read_differently(crm: Crm, browser: Browser) -> None:
    assert "Nothing is here yet" in browser.get("/accounts").text
    make_accounts(crm, 1)
    page = browser.get("/accounts?city=Nowhere")
    assert "Nothing matches this filter" in page.text


def test_one_sees_the_own_records_only(crm: Crm, sign_in: SignIn) -> None:
    boris = sign_in("boris", rights={("core.account", "view"): "own"}, permissions=())
    make_accounts(crm, 2, owner_id=boris.user_id)
    make_accounts(crm, 3)
    page = boris.get("/accounts")
    assert len(names(page)) == 2
    assert "/accounts/new" not in page.links()
    assert "data-bulk-count" not in page.html


def test_columns_are_chosen_in_a_dialog_and_kept_in_the_address(crm: Crm, browser: Browser) -> None:
    make_accounts(crm, 1, region="Татарстан")
    assert 'value="region"' in browser.get("/accounts/columns?sort=-name").html
    answer = browser.get("/accounts/columns/apply?sort=-name&_column=region&_column=made_up")
    assert answer.headers["Location"] == "/accounts?sort=-name&fields=region"
    page = browser.follow(answer)
    assert "Татарстан" in page.text
    assert "Category" not in page.text


def test_a_filter_is_built_in_two_steps_without_scripts(crm: Crm, browser: Browser) -> None:
    make_accounts(crm, 1, category="customer")
    make_accounts(crm, 1, category="former")
    step = browser.get("/accounts/filter?sort=-name")
    (url,) = [url for url in step.links("/accounts/filter") if "category" in url]
    form = browser.get(url)
    assert 'name="sort" value="-name"' in form.html
    assert "Former customer" in form.text
    answer = browser.get("/accounts/filter/apply?sort=-name&_field=category&_op=eq&_value=former")
    assert answer.headers["Location"] == "/accounts?sort=-name&category=former"
    assert len(names(browser.follow(answer))) == 1


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("_field=city&_op=empty&_value=x", "city.empty=true"),
        ("_field=city&_op=filled", "city.empty=false"),
        ("_field=revenue&_op=ge&_value=1 500,50", "revenue.ge=1500.50"),
        ("_field=created_at&_op=ge&_value=2026-03-01", "created_at.ge=2026-02-28T21%3A00%3A00%2B00%3A00"),
    ],
)
def test_values_of_a_filter_are_read_as_people_type_them(browser: Browser, query: str, expected: str) -> None:
    assert browser.get(f"/accounts/filter/apply?{query}").headers["Location"] == f"/accounts?{expected}"


def test_a_list_costs_three_statements_and_sixty_kilobytes(crm: Crm, browser: Browser, count_statements: Any) -> None:
    owner = browser.user_id
    (contact,) = make_contacts(crm, 1)
    make_accounts(
        crm, 50, owner_id=owner, primary_contact_id=contact, city="Казань", phone="+79032365544", category="customer"
    )
    browser.get("/accounts")
    with count_statements() as seen:
        page = browser.get("/accounts")
    assert len(seen) <= 3, list(seen)
    assert len(page.html.encode()) <= 60_000


def next_link(page: Page) -> str:
    """The address of the next page."""
    return link(page, "next")


def link(page: Page, rel: str) -> str:
    """The address of a neighbouring page."""
    (found,) = re.findall(rf'rel="{rel}" href="([^"]*)"', page.html)
    import html

    return html.unescape(found)
