"""Whatever is sent, the interface answers as its own description says, and never with a failure of ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Json = dict[str, Any]
Draw = Callable[[st.SearchStrategy[Any]], Any]
EXAMPLES = 120
FILES = [b"", b"Name;City\nA;B\n", b"BEGIN:VCARD\nFN:A\nEND:VCARD\n", b"PK\x03\x04", "Имя\nЁж".encode("cp1251")]
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2),
    st.sampled_from(["\x00", "9999-12-31", "0001-01-01T00:00:00+14:00", "1e400", "%", "\\", "' OR 1=1 --", "ё" * 3000]),
)


def values(schema: Mapping[str, Any], described: Json) -> st.SearchStrategy[Any]:
    """Values that a schema allows."""
    if "$ref" in schema:
        return values(described["components"]["schemas"][schema["$ref"].rpartition("/")[2]], described)
    if "anyOf" in schema:
        return st.one_of([values(choice, described) for choice in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = schema.get("type", "string")
    return st.one_of([typed(kind, schema, described) for kind in ([kinds] if isinstance(kinds, str) else kinds)])


def typed(kind: str, schema: Mapping[str, Any], described: Json) -> st.SearchStrategy[Any]:
    if kind == "object":
        named = {name: odd_or(values(found, described)) for name, found in schema.get("properties", {}).items()}
        needed = schema.get("required", ())
        return st.fixed_dictionaries(
            {name: strategy for name, strategy in named.items() if name in needed},
            optional={name: strategy for name, strategy in named.items() if name not in needed},
        )
    if kind == "array":
        return st.lists(odd_or(values(schema["items"], described)), max_size=3)
    if kind == "string":
        return texts(schema)
    plain = {
        "integer": st.integers(schema.get("minimum", -(2**40)), schema.get("maximum", 2**40)),
        "number": st.floats(allow_nan=False, allow_infinity=False),
        "boolean": st.booleans(),
        "null": st.none(),
    }
    return plain[kind]


def texts(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    by_format: dict[str, st.SearchStrategy[str]] = {
        "uuid": st.uuids().map(str),
        "date": st.dates().map(str),
        "date-time": st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat()),
        "email": st.emails(),
        "uri": st.just("https://example.com/путь"),
    }
    if "pattern" in schema:
        return st.from_regex(schema["pattern"], fullmatch=True)
    return by_format.get(schema.get("format", ""), st.text(max_size=min(schema.get("maxLength", 40), 40)))


def odd_or(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly what is allowed, sometimes what is not."""
    return st.integers(0, 9).flatmap(lambda dice: ODD if dice == 0 else strategy)


def as_query(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(as_query(item) for item in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def draw_request(
    draw: Callable[[st.SearchStrategy[Any]], Any], described: Json, records: Mapping[str, list[str]]
) -> tuple[str, str, Json]:
    """One request that the document describes, or nearly so."""
    path = draw(st.sampled_from(sorted(described["paths"])))
    method = draw(st.sampled_from(sorted(described["paths"][path])))
    operation = described["paths"][path][method]
    noun = path.split("/")[4]
    known = st.sampled_from(records.get(noun, ["x"]))
    address = re.sub(r"\{\w+\}", lambda _match: draw(st.one_of(known, known, st.uuids().map(str))), path)
    query = [found for found in operation["parameters"] if found["in"] == "query"]
    chosen = draw(st.lists(st.sampled_from(query), max_size=4)) if query else []
    options: Json = {
        "params": {found["name"]: as_query(draw(odd_or(values(found["schema"], described)))) for found in chosen},
        "headers": {"If-Match": draw(st.sampled_from(["*", '"v1"', "x"]))} if method in {"patch", "delete"} else {},
    }
    for content, found in operation.get("requestBody", {}).get("content", {}).items():
        if content == "application/json":
            options["json"] = draw(values(found["schema"], described))
        else:
            options["content"] = draw(st.one_of(st.binary(max_size=200), st.sampled_from(FILES)))
    return method, address, options


@pytest.fixture
def records(api: httpx.Client) -> dict[str, list[str]]:
    accounts = [api.post("/core/accounts", json={"name": f"Фирма {n}"}).json()["id"] for n in range(3)]
    people = [
        api.post("/core/contacts", json={"last_name": "Семёнов", "account_id": key}).json()["id"] for key in accounts
    ]
    return {"accounts": accounts, "contacts": people}


@pytest.mark.modules("example")
def test_no_request_makes_the_program_fail(api: httpx.Client, records: dict[str, list[str]]) -> None:
    described: Json = api.get("/openapi.json").json()

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def answer(data: st.DataObject) -> None:
        method, address, options = draw_request(data.draw, described, records)
        found = api.request(method.upper(), f"http://127.0.0.1:8000{address}", **options)
        assert found.status_code < 500, found.text
        assert str(found.status_code) in statuses(described, address, method), found.text

    answer()


def statuses(described: Json, address: str, method: str) -> set[str]:
    """The answers that the document gives for an address."""
    matching = [path for path in described["paths"] if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), address)]
    plain = [path for path in matching if "{" not in path]
    return set(described["paths"][(plain or matching)[0]][method]["responses"])
