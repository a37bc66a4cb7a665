"""The administrator's pages of users, teams and roles."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from crm_core.access.load import load_principal
from crm_core.access.principal import ANONYMOUS, system
from crm_core.model import Idempotency, Token, User
from crm_core.runtime import Crm
from crm_core.service import people

from .conftest import Browser, Page, SignIn

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

FORM = {
    "name": "Борис Котов",
    "login": "boris",
    "email": "",
    "phone": "",
    "language": "ru",
    "zone": "Europe/Moscow",
    "team_id": "",
    "roles": ["sales"],
}
NO_ONE = "0199a0de-0000-7000-8000-000000000000"


@pytest.fixture
def browser(sign_in: SignIn, crm: Crm) -> Browser:
    """The browser of Anna, who is the administrator."""
    browser = sign_in()
    with crm.writing(system("test")) as session:
        people.seed_roles(session)
        people.update_user(session, browser.user_id, {"roles": ["admin"]})
    return browser


def user_named(crm: Crm, login: str) -> dict[str, Any]:
    with crm.reading(ANONYMOUS) as session:
        return next(user for user in people.users(session) if user["login"] == login)


def role_id(crm: Crm, key: str) -> str:
    with crm.reading(ANONYMOUS) as session:
        return next(str(role["id"]) for role in people.roles(session) if role["key"] == key)


def link_on(page: Page) -> str:
    found = re.search(r"http://[^/]+(/(?:invite|reset)/[\w-]{40,})", page.html)
    assert found, "there is no link on the page"
    return found[1]


@pytest.mark.parametrize("path", ["/users", "/users/new", "/users/teams", "/users/teams/new", "/users/roles"])
def test_only_administrators_see_the_pages(browser: Browser, sign_in: SignIn, stranger: Browser, path: str) -> None:
    assert browser.get(path).status == 200
    assert sign_in("boris", permissions=()).get(path).status == 403
    assert stranger.get(path).status == 303


def test_a_colleague_is_invited_chooses_a_password_and_is_in(browser: Browser, stranger: Browser, crm: Crm) -> None:
    page = browser.post("/users/new", FORM)
    assert page.status == 200
    path = link_on(page)
    form = stranger.get(path)
    assert "Борис Котов" in form.text
    password = {"password": "лампы у старой гавани", "repeat": "лампы у старой гавани"}
    answer = stranger.post(path, {**password, "csrf_token": form.value("csrf_token")})
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    assert '<html lang="ru"' in stranger.get("/").html
    assert stranger.get("/users").status == 403
    assert Browser(stranger.client.application.test_client()).get(path).status == 404


def test_the_secret_of_a_link_is_stored_nowhere(browser: Browser, crm: Crm) -> None:
    secret = link_on(browser.post("/users/new", {**FORM, "idempotency_key": NO_ONE})).rpartition("/")[2]
    with crm.reading(ANONYMOUS) as session:
        stored = [list(session.execute(select(model.__table__))) for model in (Token, Idempotency, User)]
    assert secret not in repr(stored)


def test_a_form_with_mistakes_comes_back_with_what_was_typed(browser: Browser) -> None:
    page = browser.post("/users/new", {**FORM, "login": "a b", "email": "nonsense", "name": ""})
    assert page.status == 422
    assert page.value("email") == "nonsense"
    assert page.html.count('aria-invalid="true"') == 3
    assert re.search(r'value="sales"[^>]* checked', page.html)


def test_a_login_is_given_once(browser: Browser) -> None:
    assert browser.post("/users/new", FORM).status == 200
    page = browser.post("/users/new", {**FORM, "login": "BORIS"})
    assert page.status == 422
    assert "This login is taken." in page.text


def test_a_user_is_changed(browser: Browser, crm: Crm) -> None:
    browser.post("/users/new", FORM)
    user = user_named(crm, "boris")
    form = browser.get(f"/users/{user['id']}")
    changes = {**FORM, "phone": "8 903 236-55-44", "roles": ["head", "sales"], "version": form.value("version")}
    answer = browser.post(f"/users/{user['id']}", changes)
    assert (answer.status, answer.headers["Location"]) == (303, "/users")
    changed = user_named(crm, "boris")
    assert (changed["phone"], changed["roles"], changed["email"]) == ("+79032365544", ["head", "sales"], None)
    assert "“Борис Котов” is saved" in browser.follow(answer).text


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(browser: Browser, crm: Crm) -> None:
    browser.post("/users/new", FORM)
    user = user_named(crm, "boris")
    browser.post(f"/users/{user['id']}", {**FORM, "name": "First", "version": "1"})
    page = browser.post(f"/users/{user['id']}", {**FORM, "name": "Second", "version": "1"})
    assert page.status == 409
    assert (page.value("name"), page.value("version")) == ("Second", "2")
    assert user_named(crm, "boris")["name"] == "First"


def test_who_is_shut_out_is_out_with_the_next_click_and_may_be_let_in_again(
    browser: Browser, sign_in: SignIn, crm: Crm
) -> None:
    boris = sign_in("boris")
    assert boris.get("/").status == 200
    assert browser.post(f"/users/{boris.user_id}/deactivate").status == 303
    assert boris.get("/").status == 303
    page = browser.get(f"/users/{boris.user_id}")
    assert "Let in again" in page.text
    assert browser.post(f"/users/{boris.user_id}/link").status == 422
    browser.post(f"/users/{boris.user_id}/activate")
    assert user_named(crm, "boris")["is_active"]
    assert boris.get("/").status == 303


def test_the_last_administrator_stays(browser: Browser, crm: Crm) -> None:
    answer = browser.post(f"/users/{browser.user_id}/deactivate")
    assert "this is the last administrator" in browser.follow(answer).text
    page = browser.post(f"/users/{browser.user_id}", {**FORM, "login": "anna", "roles": ["sales"]})
    assert page.status == 422
    assert user_named(crm, "anna")["roles"] == ["admin"]


def test_the_page_of_a_user_says_what_the_person_may_do(browser: Browser, crm: Crm) -> None:
    browser.post("/users/new", FORM)
    table = browser.get(f"/users/{user_named(crm, 'boris')['id']}").html.partition('id="powers"')[2]
    rows = [re.findall(r"<td[^>]*>([^<]*)", row) for row in table.split("<tr>")[2:]]
    assert rows[0] == ["Those of the team", "Yes", "Own ones", "Own ones", "Own ones", "Own ones"]
    assert "Import files" in table


def test_a_team_is_made_below_another_with_its_people(browser: Browser, sign_in: SignIn, crm: Crm) -> None:
    boris, vera = sign_in("boris", name="Boris"), sign_in("vera", name="Vera")
    browser.post("/users/teams/new", {"name": "Sales"})
    with crm.reading(ANONYMOUS) as session:
        (sales,) = people.teams(session)
    assert f'value="{sales["id"]}" selected' in browser.get(f"/users/teams/new?below={sales['id']}").html
    data = {"name": "North", "parent_id": sales["id"], "heads": [boris.user_id], "members": [vera.user_id]}
    answer = browser.post("/users/teams/new", data)
    page = browser.follow(answer)
    assert page.html.index(">Sales<") < page.html.index(">North<")
    assert page.html.index("Boris") < page.html.index("Vera")
    with crm.reading(ANONYMOUS) as session:
        assert load_principal(session, vera.user_id).team_id == people.teams(session)[1]["id"]


def test_a_team_that_would_stand_below_itself_is_refused(browser: Browser, crm: Crm) -> None:
    browser.post("/users/teams/new", {"name": "Sales"})
    with crm.reading(ANONYMOUS) as session:
        (sales,) = people.teams(session)
    page = browser.post(f"/users/teams/{sales['id']}", {"name": "Renamed", "parent_id": sales["id"]})
    assert page.status == 422
    assert page.value("name") == "Renamed"
    assert "A team cannot stand below itself." in page.text


def test_a_team_with_people_is_not_closed_an_empty_one_is(browser: Browser, crm: Crm) -> None:
    browser.post("/users/teams/new", {"name": "Sales", "members": [browser.user_id]})
    with crm.reading(ANONYMOUS) as session:
        (sales,) = people.teams(session)
    answer = browser.post(f"/users/teams/{sales['id']}/close")
    assert "still belong to this team" in browser.follow(answer).text
    browser.post(f"/users/teams/{sales['id']}", {"name": "Sales"})
    browser.post(f"/users/teams/{sales['id']}/close")
    assert "No teams yet" in browser.get("/users/teams").text


def test_rights_of_a_role_hold_from_the_next_request(browser: Browser, sign_in: SignIn, crm: Crm) -> None:
    boris = sign_in("boris", rights={}, permissions=())
    with crm.writing(system("test")) as session:
        people.update_user(session, boris.user_id, {"roles": ["auditor"]})
    assert boris.get("/accounts").status == 200
    assert boris.get("/accounts/new").status == 403
    auditor = role_id(crm, "auditor")
    page = browser.get(f"/users/roles/{auditor}")
    assert re.search(r'name="\*:view".*?<option value="all" selected', page.html)
    grants = {"*:view": "none", "core.account:view": "all", "core.account:create": "all", "core.contact:view": "none"}
    answer = browser.post(f"/users/roles/{auditor}", grants)
    assert "The role “Auditor” is saved" in browser.follow(answer).text
    assert boris.get("/accounts/new").status == 200
    assert boris.get("/contacts").status == 403


def test_a_role_of_the_firm_is_made_filled_and_removed(browser: Browser, crm: Crm) -> None:
    assert browser.post("/users/roles", {"name": " "}).status == 422
    answer = browser.post("/users/roles", {"name": "Склад"})
    path = answer.headers["Location"]
    assert browser.get(path).value("name") == "Склад"
    browser.post(path, {"name": "Склад 2", "core.account:view": "own", "permissions": ["core.import"]})
    with crm.reading(ANONYMOUS) as session:
        made = people.role(session, path.rpartition("/")[2])
    assert made["name"] == {"en": "Склад 2", "ru": "Склад 2"}
    assert made["grants"] == {"core.account": {"view": "own"}}
    assert made["permissions"] == ["core.import"]
    assert browser.post(f"{path}/delete").status == 303
    assert browser.get(path).status == 404


def test_what_belongs_to_the_program_is_not_removed_and_administrators_keep_all(browser: Browser, crm: Crm) -> None:
    assert browser.post(f"/users/roles/{role_id(crm, 'sales')}/delete").status == 403
    assert browser.post(f"/users/roles/{role_id(crm, 'admin')}", {"*:view": "none"}).status == 403
    assert "this cannot be changed" in browser.get(f"/users/roles/{role_id(crm, 'admin')}").text


@pytest.mark.parametrize("form", [{"*:fly": "all"}, {"*:view": "most"}, {"no.such:view": "all"}, {"permissions": "x"}])
def test_a_right_that_does_not_exist_is_refused(browser: Browser, crm: Crm, form: dict[str, str]) -> None:
    assert browser.post(f"/users/roles/{role_id(crm, 'sales')}", form).status == 422


@pytest.mark.parametrize(
    "part", ["{}", "{}/link", "{}/deactivate", "teams/{}", "teams/{}/close", "roles/{}", "roles/{}/delete"]
)
@pytest.mark.parametrize("key", [NO_ONE, "nonsense"])
def test_what_does_not_exist_is_not_found(browser: Browser, part: str, key: str) -> None:
    assert browser.post(f"/users/{part.format(key)}", FORM).status == 404


def test_a_change_without_the_token_of_the_page_is_refused(browser: Browser, crm: Crm) -> None:
    browser.csrf = "forged"
    assert browser.post("/users/new", FORM).status == 400
    assert browser.post("/users/roles", {"name": "x"}).status == 400
    with crm.reading(ANONYMOUS) as session:
        assert len(people.users(session)) == 1


def test_names_are_text_everywhere(browser: Browser, crm: Crm) -> None:
    nasty = "<script>alert(1)</script>"
    pages = [browser.post("/users/new", {**FORM, "name": nasty})]
    browser.post("/users/teams/new", {"name": nasty, "members": [user_named(crm, "boris")["id"]]})
    pages += [browser.get(path) for path in ("/users", "/users/teams", f"/users/{user_named(crm, 'boris')['id']}")]
    path = browser.post("/users/roles", {"name": nasty}).headers["Location"]
    pages += [browser.get("/users/roles"), browser.get(path)]
    for page in pages:
        assert page.status == 200
        assert nasty not in page.html
        assert "alert(1)" in page.html


def test_in_russian_every_text_of_the_pages_is_russian(sign_in: SignIn, browser: Browser, crm: Crm) -> None:
    olga = sign_in("ольга", name="Ольга", language="ru")
    with crm.writing(system("test")) as session:
        team = people.create_team(session, "Отдел")
        user = people.create_user(session, {"login": "борис", "name": "Борис", "roles": ["sales"]})
        people.update_user(session, browser.user_id, {"name": "Анна", "login": "анна"})
        people.update_user(session, olga.user_id, {"roles": ["admin"]})
        for role in people.roles(session):
            if not role["is_builtin"]:
                people.delete_role(session, role["id"])
    paths = [
        "/users",
        "/users/new",
        f"/users/{user}",
        "/users/teams",
        "/users/teams/new",
        f"/users/teams/{team}",
        "/users/roles",
    ]
    for path in (*paths, f"/users/roles/{role_id(crm, 'sales')}"):
        answer = olga.get(path)
        assert answer.status == 200
        page = answer.html
        main = re.sub(r"<option[^>]*>[^<]*</option>|<main[^>]*>", "", page[page.index("<main") : page.index("</main>")])
        text = " ".join(re.sub(r"<[^>]*>", " ", main).split())
        assert not re.findall(r"[A-Za-z]{3,}", text), (path, text)
