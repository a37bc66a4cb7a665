"""Signing in and out in a browser, and what other sites try."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from crm_core.access.principal import ANONYMOUS, system
from crm_core.model import SignInSession
from crm_core.runtime import Crm
from crm_core.service import identity
from crm_core.service.setup import setup_link
from crm_web import create_app

from .conftest import PASSWORD, token_of

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def log_in(client: FlaskClient, next_: str = "/", **more: Any) -> TestResponse:
    token = token_of(client.get("/login").text)
    form = {"login": "anna", "password": PASSWORD, "csrf_token": token, "next": next_, **more}
    return client.post("/login", data=form)


def token(client: FlaskClient) -> str:
    return token_of(client.get("/profile").text)


def sessions(crm: Crm) -> int:
    with crm.reading(ANONYMOUS) as session:
        return int(session.execute(select(func.count()).select_from(SignInSession.__table__)).scalar_one())


def cookies_of(response: TestResponse, name: str) -> list[str]:
    return [line for line in response.headers.getlist("Set-Cookie") if line.startswith(f"{name}=")]


def test_who_signs_in_comes_to_the_page_that_was_wanted(client: FlaskClient) -> None:
    answer = client.get("/accounts?q=a%20b&sort=name")
    assert answer.status_code == 303
    page = client.get(answer.headers["Location"])
    assert 'autocomplete="username"' in page.text
    assert 'autocomplete="current-password"' in page.text
    assert log_in(client, "/accounts?q=a%20b&sort=name").headers["Location"] == "/accounts?q=a%20b&sort=name"
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/\r\nSet-Cookie: x=y",
        "/／evil.example",
        "evil.example",
        "@evil.example",
        "",
    ],
)
def test_no_address_leads_to_another_site(client: FlaskClient, target: str) -> None:
    assert log_in(client, target).headers["Location"] == "/"
    assert client.get(f"/login?next={quote(target, safe='')}").headers["Location"] == "/"


def test_a_wrong_password_keeps_login_and_target_and_says_no_more(client: FlaskClient) -> None:
    answer = log_in(client, "/contacts", password="wrong")
    assert answer.status_code == 422
    assert 'value="anna"' in answer.text
    assert 'value="/contacts"' in answer.text
    assert "wrong" not in answer.text.replace("password is wrong", "")
    unknown = log_in(client, "/contacts", login="nobody", password="wrong")
    assert unknown.status_code == 422
    assert "Login or password is wrong." in unknown.text
    assert cookies_of(answer, "crm_staff") == cookies_of(unknown, "crm_staff") == []


def test_many_guesses_are_told_to_wait(client: FlaskClient) -> None:
    for _ in range(5):
        log_in(client, password="wrong")
    answer = log_in(client)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) <= 11
    assert "Too many attempts." in answer.text


def test_forwarded_addresses_do_not_make_a_new_guesser(client: FlaskClient) -> None:
    for number in range(5):
        page_token = token_of(client.get("/login").text)
        form = {"login": "anna", "password": "wrong", "csrf_token": page_token}
        client.post("/login", data=form, headers={"X-Forwarded-For": f"203.0.113.{number}"})
    assert log_in(client).status_code == 429


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(client: FlaskClient) -> None:
    (cookie,) = cookies_of(log_in(client), "crm_staff")
    parts = {part.strip().partition("=")[0].lower() for part in cookie.split(";")[1:]}
    assert "httponly" in parts
    assert "samesite=lax" in cookie.lower()
    assert "path=/" in cookie.lower()
    assert parts.isdisjoint({"secure", "domain"})


def test_over_https_cookies_are_bound_to_the_host(over_https: Flask) -> None:
    client = over_https.test_client()
    base = "https://localhost"
    page = client.get("/login", base_url=base)
    (form,) = cookies_of(page, "__Host-crm_form")
    answer = client.post(
        "/login",
        data={"login": "anna", "password": PASSWORD, "csrf_token": token_of(page.text)},
        base_url=base,
    )
    (cookie,) = cookies_of(answer, "__Host-crm_staff")
    for line in (form, cookie):
        assert "secure" in line.lower()
        assert "httponly" in line.lower()
        assert "domain" not in line.lower()
    assert client.get("/", base_url=base).status_code == 200


def test_a_cookie_that_was_planted_before_is_not_the_session(client: FlaskClient, crm: Crm) -> None:
    client.set_cookie("crm_staff", "planted")
    (cookie,) = cookies_of(log_in(client), "crm_staff")
    assert "planted" not in cookie
    log_in_again = client.get("/login")
    assert log_in_again.status_code == 303
    assert sessions(crm) == 1


def test_logging_out_ends_the_session_on_the_server(client: FlaskClient, crm: Crm) -> None:
    (cookie,) = cookies_of(log_in(client), "crm_staff")
    value = cookie.partition("=")[2].partition(";")[0]
    answer = client.post("/logout", data={"csrf_token": token(client)})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert sessions(crm) == 0
    client.set_cookie("crm_staff", value)
    assert client.get("/").status_code == 303


def test_a_get_changes_nothing(client: FlaskClient, crm: Crm) -> None:
    log_in(client)
    assert client.get("/logout").status_code == 405
    for path in ("/login?login=anna&password=x", "/profile", "/users", "/settings"):
        client.get(path)
    assert sessions(crm) == 1
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://evil.localhost"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_site_changes_nothing_even_with_the_token(
    client: FlaskClient, crm: Crm, headers: dict[str, str]
) -> None:
    log_in(client)
    answer = client.post("/logout", data={"csrf_token": token(client)}, headers=headers)
    assert answer.status_code == 400
    assert sessions(crm) == 1


@pytest.mark.parametrize("given", ["", "x", "ü", "0" * 5000])
def test_without_the_token_of_the_session_nothing_is_changed(client: FlaskClient, crm: Crm, given: str) -> None:
    log_in(client)
    assert client.post("/logout", data={"csrf_token": given}).status_code == 400
    assert client.post(f"/logout?csrf_token={token(client)}").status_code == 400
    assert sessions(crm) == 1


def test_the_token_of_another_session_does_not_count(app: Flask, crm: Crm) -> None:
    one, other = app.test_client(), app.test_client()
    log_in(one)
    log_in(other)
    assert one.post("/logout", data={"csrf_token": token(other)}).status_code == 400


def test_logging_in_needs_the_token_of_the_form(client: FlaskClient, crm: Crm) -> None:
    assert client.post("/login", data={"login": "anna", "password": PASSWORD}).status_code == 400
    assert sessions(crm) == 0


def test_the_first_administrator_comes_in_by_the_link_once(crm: Crm) -> None:
    client = create_app(crm).test_client()
    assert "crm init --link" in client.get("/login").text
    with crm.writing(system("test")) as session:
        path = f"/setup/{setup_link(session)}"
    form = client.get(path)
    assert form.status_code == 200
    data = {
        "csrf_token": token_of(form.text),
        "login": "Boss",
        "name": "Босс",
        "password": PASSWORD,
        "repeat": PASSWORD,
        "language": "ru",
    }
    assert client.post(path, data={**data, "repeat": "different"}).status_code == 422
    assert client.post(path, data={**data, "password": "short", "repeat": "short"}).status_code == 422
    assert client.post(path, data={**data, "login": "b"}).status_code == 422
    answer = client.post(path, data=data)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert '<html lang="ru"' in client.get("/").text
    assert client.get(path).status_code == 404


def test_a_link_for_a_new_password_works_once_and_ends_other_sessions(app: Flask, crm: Crm) -> None:
    before = app.test_client()
    log_in(before)
    with crm.writing(system("test")) as session:
        from crm_core.service.people import reset_link, users

        path = f"/reset/{reset_link(session, users(session)[0]['id'])}"
    client = app.test_client()
    data = {
        "csrf_token": token_of(client.get(path).text),
        "password": "quite another one",
        "repeat": "quite another one",
    }
    assert client.post(path, data=data).headers["Location"] == "/"
    assert before.get("/").status_code == 303
    assert client.get("/").status_code == 200
    assert app.test_client().get(path).status_code == 404
    assert identity.sign_in(crm, "anna", "quite another one", None, None).user_id


@pytest.mark.parametrize("path", ["/setup/x", "/invite/x", "/reset/x", "/setup/" + "x" * 90])
def test_a_link_that_nobody_made_leads_nowhere(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_pages_with_secrets_tell_no_other_site(client: FlaskClient, crm: Crm) -> None:
    page = client.get("/login")
    assert page.headers["Referrer-Policy"] in {"no-referrer", "same-origin"}
    assert "no-store" in page.headers["Cache-Control"]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_form_speaks_the_language_of_the_browser(client: FlaskClient, language: str) -> None:
    page = client.get("/login", headers={"Accept-Language": language}).text
    assert f'<html lang="{language}"' in page
    assert ("Пароль" in page) is (language == "ru")
