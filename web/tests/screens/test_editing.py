"""Creating and changing records: nothing typed is lost, nothing is done twice, nobody is overwritten unseen."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from crm_core.db.base import new_id
from crm_core.model import Account, Contact, ContactPoint
from crm_core.runtime import Crm
from crm_core.testing.factories import make_accounts

from .conftest import Browser, Page, SignIn

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def number_of(crm: Crm, model: type[Account | Contact]) -> int:
    """How many rows there are."""
    with crm.database.read.connect() as connection:
        return connection.scalar(select(func.count()).select_from(model.__table__)) or 0


def fields_of(page: Page) -> dict[str, str]:
    """All inputs, selects and texts of a form as a browser would send them."""
    import html

    found: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", page.html):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        unticked = re.search(r'type="(checkbox|radio)"', tag) and "checked" not in tag
        if name and not unticked:
            found[html.unescape(name[1])] = html.unescape(value[1]) if value else ""
    for name, inside in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>([^<]*)<', page.html):
        found[name] = html.unescape(inside)
    for name, inside in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', page.html, re.S):
        chosen = re.search(r'value="([^"]*)" selected', inside) or re.search(r'value="([^"]*)"', inside)
        found[name] = chosen[1] if chosen else ""
    return found


@pytest.fixture
def account(browser: Browser) -> str:
    """The path of a new account."""
    form = {
        "name": "Ромашка",
        "city": "Казань",
        "shown.phones": "1",
        "phones.0.value": "8 903 236-55-44",
        "phones.0.label": "work",
    }
    answer = browser.post("/accounts/new", form)
    assert answer.status == 303, answer.text
    return answer.headers["Location"]


def test_a_new_record_starts_with_its_defaults(browser: Browser) -> None:
    form = fields_of(browser.get("/accounts/new"))
    assert form["kind"] == "organisation"
    assert form["category"] == "prospect"
    assert form["owner_id"] == browser.user_id
    assert form["owner_id_text"] == "Anna Petrova"


def test_the_address_presets_a_new_record(crm: Crm, browser: Browser) -> None:
    (account_id,) = make_accounts(crm, 1)
    form = fields_of(browser.get(f"/contacts/new?account_id={account_id}"))
    assert form["account_id"] == account_id
    assert form["account_id_text"] == "Account 1"


def test_a_wrong_form_comes_back_with_every_value(browser: Browser) -> None:
    typed = {
        "name": "", "inn": "123", "city": "Тула & <b>", "employees": "many", "kind": "person",
        "shown.phones": "1", "phones.0.value": "call me", "phones.0.label": "work", "phones.1.value": "8 903 236-55-44",
        "shown.tags": "1", "tags": "a, b",
    }  # fmt: skip
    page = browser.post("/accounts/new", typed)
    assert page.status == 422
    form = fields_of(page)
    for name, value in {**typed, "phones.1.value": "8 903 236-55-44"}.items():
        assert form[name] == value, name
    assert "This INN is not valid" in page.text
    assert "Give a whole number" in page.text
    assert "“call me” is not a phone number" in page.text
    assert 'href="#f-inn"' in page.html
    assert 'id="f-inn-error"' in page.html
    assert 'id="f-phones.0.value-error"' in page.html


def test_a_form_in_the_dialog_is_led_on_by_the_script(browser: Browser) -> None:
    assert "<html" not in browser.get("/accounts/new", htmx=True).html
    refused = browser.post("/accounts/new", {"name": ""}, htmx=True)
    assert refused.status == 422
    assert "<html" not in refused.html
    done = browser.post("/accounts/new", {"name": "Ромашка"}, htmx=True)
    assert done.status == 200
    assert done.headers["HX-Redirect"].startswith("/accounts/")


def test_the_same_form_sent_twice_makes_one_record(crm: Crm, browser: Browser) -> None:
    form = {"name": "Ромашка", "idempotency_key": new_id()}
    first, second = browser.post("/accounts/new", form), browser.post("/accounts/new", form)
    assert first.headers["Location"] == second.headers["Location"]
    assert number_of(crm, Account) == 1


def test_a_refused_form_may_be_corrected_under_its_key(crm: Crm, browser: Browser) -> None:
    key = new_id()
    assert browser.post("/accounts/new", {"name": "", "idempotency_key": key}).status == 422
    assert browser.post("/accounts/new", {"name": "Ромашка", "idempotency_key": key}).status == 303
    assert number_of(crm, Account) == 1


def test_a_form_from_another_site_is_refused(crm: Crm, browser: Browser) -> None:
    browser.csrf = "guessed"
    assert browser.post("/accounts/new", {"name": "Ромашка"}).status == 400
    assert number_of(crm, Account) == 0


def test_saving_an_unchanged_form_changes_nothing(browser: Browser, account: str) -> None:
    before = fields_of(browser.get(f"{account}/edit"))
    answer = browser.post(f"{account}/edit", before)
    assert answer.headers["Location"] == account
    assert fields_of(browser.get(f"{account}/edit"))["version"] == before["version"]


def test_only_what_was_changed_is_written(browser: Browser, account: str) -> None:
    form = fields_of(browser.get(f"{account}/edit"))
    browser.post(f"{account}/edit", {**form, "city": "Пермь"})
    page = browser.get(account)
    assert "Пермь" in page.text
    assert "+7 903 236-55-44" in page.text


def test_an_emptied_field_becomes_empty_and_a_removed_phone_goes(crm: Crm, browser: Browser, account: str) -> None:
    form = fields_of(browser.get(f"{account}/edit"))
    browser.post(f"{account}/edit", {**form, "city": "", "phones.0.value": ""})
    page = browser.get(account)
    assert "Казань" not in page.text
    assert "+7 903" not in page.text
    with crm.database.read.connect() as connection:
        assert connection.execute(select(ContactPoint.__table__)).all() == []


def test_two_tabs_that_edit_one_record_lose_nothing(browser: Browser, account: str) -> None:
    first, second = (fields_of(browser.get(f"{account}/edit")) for _tab in range(2))
    browser.post(f"{account}/edit", {**first, "city": "Пермь", "region": "Пермский край"})
    clash = browser.post(f"{account}/edit", {**second, "city": "Уфа", "website": "https://romashka.example"})
    assert clash.status == 409
    assert "Anna Petrova changed this record" in clash.text
    assert "Уфа" in clash.text
    assert "Пермь" in clash.text
    assert 'name="choice.region"' not in clash.html
    resolved = {**fields_of(clash), "choice.city": "theirs", "choice.website": "mine"}
    assert browser.post(f"{account}/edit", resolved).status == 303
    after = fields_of(browser.get(f"{account}/edit"))
    assert (after["city"], after["region"], after["website"]) == ("Пермь", "Пермский край", "https://romashka.example")


def test_the_own_value_may_win_a_conflict(browser: Browser, account: str) -> None:
    first, second = (fields_of(browser.get(f"{account}/edit")) for _tab in range(2))
    browser.post(
        f"{account}/edit", {**first, "city": "Пермь", "shown.phones": "1", "phones.0.value": "8 903 111-22-33"}
    )
    clash = browser.post(f"{account}/edit", {**second, "city": "Уфа", "phones.0.value": "8 903 999-88-77"})
    assert clash.status == 409
    resolved = {**fields_of(clash), "choice.city": "mine", "choice.phones": "mine"}
    assert browser.post(f"{account}/edit", resolved).status == 303
    page = browser.get(account)
    assert "Уфа" in page.text
    assert "+7 903 999-88-77" in page.text
    assert "+7 903 111-22-33" not in page.text


def test_a_reference_may_be_typed_by_its_name(crm: Crm, browser: Browser, account: str) -> None:
    answer = browser.post("/contacts/new", {"last_name": "Иванов", "account_id": "", "account_id_text": "ромашка"})
    assert answer.status == 303
    assert account in browser.follow(answer).links()
    refused = browser.post("/contacts/new", {"last_name": "Иванов", "account_id": "", "account_id_text": "Никто"})
    assert refused.status == 422
    assert "Choose one from the list" in refused.text
    assert fields_of(refused)["account_id_text"] == "Никто"


def test_a_person_may_work_for_several_companies(crm: Crm, browser: Browser) -> None:
    first, second = make_accounts(crm, 2)
    answer = browser.post(
        "/contacts/new",
        {
            "last_name": "Иванов", "shown.affiliations": "1",
            "affiliations.0.account_id": first, "affiliations.0.position": "Director",
            "affiliations.0.until": "2025-12-31",
            "affiliations.1.account_id": second, "affiliations.1.position": "Adviser", "affiliations.primary": "1",
        },
    )  # fmt: skip
    page = browser.follow(answer)
    assert {f"/accounts/{first}", f"/accounts/{second}"} <= set(page.links("/accounts/"))
    assert "31 Dec 2025" in page.text
    form = fields_of(browser.get(f"{answer.headers['Location']}/edit"))
    assert form["affiliations.0.account_id_text"] == "Account 1"


def test_without_the_right_to_create_there_is_no_form(sign_in: SignIn, crm: Crm) -> None:
    reader = sign_in("rita", rights={("*", "view"): "all"}, permissions=())
    assert reader.get("/accounts/new").status == 403
    assert reader.post("/accounts/new", {"name": "X"}).status == 403
    assert number_of(crm, Account) == 0


def test_one_edits_the_own_records_only(crm: Crm, sign_in: SignIn) -> None:
    rights = {("*", "view"): "all", ("*", "edit"): "own"}
    boris = sign_in("boris", rights=rights, permissions=())
    (foreign,) = make_accounts(crm, 1)
    assert boris.get(f"/accounts/{foreign}").status == 200
    assert boris.get(f"/accounts/{foreign}/edit").status == 404
    assert boris.post(f"/accounts/{foreign}/edit", {"city": "X", "version": "1", "was": "{}"}).status == 404
