"""The OpenAPI document: valid, complete, and true of what is answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import jsonschema  # type: ignore[import-untyped]
import pytest
from flask import Flask
from openapi_spec_validator import validate

Json = dict[str, Any]


@pytest.fixture
def described(api: httpx.Client) -> Json:
    return dict(api.get("/openapi.json").json())


def check(described: Json, operation: str, answer: httpx.Response) -> None:
    """The answer is one that the document describes, and shows nothing that it leaves out."""
    found = next(
        method
        for methods in described["paths"].values()
        for method in methods.values()
        if method["operationId"] == operation
    )
    schema = found["responses"][str(answer.status_code)].get("content")
    if schema is None:
        assert answer.content == b""
        return
    (content,) = schema.values()
    whole = closed({**content["schema"], "components": described["components"]})
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.Draft202012Validator(whole, format_checker=checker).validate(answer.json())


def closed(schema: Any) -> Any:
    """The same schema, where objects have only the members that it names."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: closed(value) for key, value in schema.items()}
    if schema.get("type") == "object" and "properties" in schema:
        found.setdefault("additionalProperties", False)
    return found


def test_the_document_is_valid(described: Json) -> None:
    validate(described)
    assert described["openapi"] == "3.1.0"


def test_every_address_is_described_and_every_description_has_its_address(app: Flask, described: Json) -> None:
    routed = {
        (rule.rule.replace("<", "{").replace(">", "}"), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/") and rule.rule not in {"/api/v1/", "/api/v1/openapi.json"}
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    written = {(path, method) for path, methods in described["paths"].items() for method in methods}
    assert routed == written


def test_every_operation_says_how_to_sign_in_and_what_may_go_wrong(described: Json) -> None:
    assert described["security"] == [{"token": []}]
    for methods in described["paths"].values():
        for operation in methods.values():
            assert {"401", "500"} <= set(operation["responses"])


def test_choices_and_formats_are_told(described: Json) -> None:
    account = described["components"]["schemas"]["core.account"]["properties"]
    assert account["category"]["enum"] == ["prospect", "customer", "dormant", "former"]
    assert account["email"]["format"] == "email"
    assert account["created_at"]["format"] == "date-time"
    parameters = {found["name"] for found in described["paths"]["/api/v1/core/accounts"]["get"]["parameters"]}
    assert {"q", "sort", "fields", "limit", "cursor", "city", "city.contains", "employees.ge"} <= parameters


def test_summaries_are_in_the_language_of_the_user(caller: Callable[..., httpx.Client]) -> None:
    described = caller(language="ru").get("/openapi.json").json()
    assert described["paths"]["/api/v1/core/accounts"]["get"]["summary"] == "Страница записей"


def test_only_who_is_signed_in_reads_the_document(stranger: httpx.Client) -> None:
    assert stranger.get("/openapi.json").status_code == 401


def test_answers_are_as_described(api: httpx.Client, described: Json) -> None:
    account: Json = {
        "name": "Ромашка", "phones": ["+79032365544"], "emails": ["a@example.com"], "tags": ["vip"], "revenue": "10.5",
        "addresses": [{"kind": "billing", "city": "Тверь"}], "website": "example.com", "employees": 5,
    }  # fmt: skip
    made = api.post("/core/accounts", json=account)
    check(described, "core.account.create", made)
    path = f"/core/accounts/{made.json()['id']}"
    person = {"last_name": "Семёнов", "account_id": made.json()["id"], "birthday": "1980-02-29"}
    contact = api.post("/core/contacts", json=person)
    check(described, "core.contact.create", contact)
    check(described, "core.contact.read", api.get(f"/core/contacts/{contact.json()['id']}"))
    check(described, "core.account.list", api.get("/core/accounts", params={"fields": "name,phones,owner_id"}))
    check(described, "core.account.list", api.get("/core/accounts", params={"q": "hjvfirf"}))
    check(described, "core.account.read", api.get(path))
    check(described, "core.account.change", api.patch(path, json={"city": "Клин"}, headers={"If-Match": "*"}))
    check(described, "core.account.change", api.patch(path, json={"city": "Клин"}))
    check(described, "core.account.change", api.patch(path, json={"city": 1}, headers={"If-Match": "*"}))
    check(described, "core.account.change", api.patch(path, json={"city": "x"}, headers={"If-Match": '"v1"'}))
    check(described, "core.account.log", api.post(f"{path}/timeline", json={"kind": "core.note", "body": "text"}))
    check(described, "core.account.timeline", api.get(f"{path}/timeline"))
    check(described, "core.account.card", api.get(f"{path}/card"))
    check(described, "core.account.bulk", api.post("/core/accounts/bulk", json={"ids": [], "set": {"city": "x"}}))
    check(described, "core.account.trash", api.delete(path, headers={"If-Match": "*"}))
    check(described, "core.account.read", api.get(path))
    check(described, "core.account.restore", api.post(f"{path}/restore"))
    check(described, "core.search", api.get("/core/search", params={"q": "ромашка"}))
    check(described, "core.similar", api.post("/core/similar", json={"entity": "core.account", "draft": account}))
    check(described, "core.users", api.get("/core/users"))
    check(described, "core.teams", api.get("/core/teams"))


@pytest.mark.modules("example")
def test_a_module_adds_its_addresses_and_fields_while_it_is_enabled(api: httpx.Client, described: Json) -> None:
    validate(described)
    assert "/api/v1/example/assets" in described["paths"]
    account = {"name": "Ромашка", "ext": {"example": {"service_level": "basic"}}}
    made = api.post("/core/accounts", json=account)
    check(described, "core.account.create", made)
    asset = {"name": "Пресс", "serial": "A-1", "account_id": made.json()["id"]}
    answer = api.post("/example/assets", json=asset)
    check(described, "example.asset.create", answer)
    assert answer.headers["Location"] == f"/api/v1/example/assets/{answer.json()['id']}"
    check(described, "example.asset.list", api.get("/example/assets", params={"status.ne": "retired"}))
    read = api.get(f"/core/accounts/{made.json()['id']}")
    check(described, "core.account.read", read)
    assert read.json()["ext"]["example"]["service_level"] == "basic"


def test_a_module_that_is_not_enabled_has_no_addresses(api: httpx.Client, described: Json) -> None:
    assert not [path for path in described["paths"] if path.startswith("/api/v1/example")]
    assert api.get("/example/assets").status_code == 404
