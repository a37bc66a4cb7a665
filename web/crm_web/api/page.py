"""The pages about the interface itself: its OpenAPI document, and the same as a page to read and to try."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import Response, g, redirect, request
from flask.typing import ResponseReturnValue

from crm_core.runtime import Crm
from crm_web.api.caller import reading
from crm_web.api.catalogue import PREFIX
from crm_web.api.openapi.document import document
from crm_web.api.openapi.example import example
from crm_web.api.output import answer
from crm_web.api.problem import caller_language
from crm_web.context import render

__all__ = ["show_document", "show_page"]

_METHODS = ("get", "post", "patch", "delete")
_HINTS = 3
# What every list takes; everything else that a list takes is a filter.
_OF_LISTS = frozenset({"q", "sort", "fields", "limit", "cursor"})


def show_document(crm: Crm) -> Response:
    """The OpenAPI document in the language of the caller."""
    with reading(crm):
        return answer(_document(crm))


def show_page(crm: Crm) -> ResponseReturnValue:
    """Every operation with its parameters and an example; reading ones can be tried in the browser."""
    if g.actor.kind != "staff":
        return redirect(f"/login?next={PREFIX}/", 303)
    described = _document(crm)
    if "try" in request.args:
        return _try(described, request.args.to_dict())
    groups = [
        {"name": tag["name"], "title": tag["description"], "operations": list(_operations(crm, described, tag["name"]))}
        for tag in described["tags"]
    ]
    return render("api/index.html", groups=groups, base=crm.settings.base_url)


def _document(crm: Crm) -> dict[str, Any]:
    """Made once a language; a ``Crm`` with other modules makes its own."""
    language = caller_language(crm)
    key = ("openapi", language)
    found: dict[str, Any] | None = crm.statements.get(key)
    if found is None:
        found = crm.statements[key] = document(crm, version("crm-core"), language)
    return found


def _operations(crm: Crm, described: Mapping[str, Any], tag: str) -> Iterator[dict[str, Any]]:
    for path, methods in described["paths"].items():
        for method in _METHODS:
            operation = methods.get(method)
            if operation is None or tag not in operation["tags"]:
                continue
            inputs = [found for found in operation["parameters"] if found["in"] != "header"]
            filters = [found for found in inputs if _is_filter(found, inputs)]
            yield {
                "id": operation["operationId"],
                "method": method.upper(),
                "path": path,
                "summary": operation["summary"],
                "inputs": [_field(found) for found in inputs if found not in filters],
                "filters": _by_field(filters),
                "headers": _headers(operation["parameters"]),
                "curl": _curl(crm, described, path, method, operation),
            }


def _field(parameter: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter as a field of the form in which it can be tried."""
    schema = parameter["schema"]
    field = {
        "name": parameter["name"],
        "label": parameter["name"],
        "required": parameter.get("required", False),
        "help": schema.get("description", ""),
        "placeholder": ", ".join(schema.get("items", {}).get("enum", ())[:_HINTS]),
    }
    if "enum" in schema:
        field |= {"kind": "choice", "choices": [(code, code) for code in schema["enum"]]}
    return field


def _is_filter(parameter: Mapping[str, Any], inputs: Sequence[Mapping[str, Any]]) -> bool:
    return parameter["name"] not in _OF_LISTS and any(found["name"] == "sort" for found in inputs)


def _headers(parameters: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [(found["name"], found["schema"]["description"]) for found in parameters if found["in"] == "header"]


def _by_field(filters: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """The fields by which a list is filtered, each with its operators."""
    found: dict[str, list[str]] = {}
    for parameter in filters:
        name, _dot, operator = parameter["name"].partition(".")
        found.setdefault(name, []).append(operator or "eq")
    return [(name, ", ".join(operators)) for name, operators in found.items()]


def _curl(crm: Crm, described: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any]) -> str:
    lines = ['curl -H "Authorization: Bearer $CRM_TOKEN"']
    if method != "get":
        lines[0] += f" -X {method.upper()}"
    if any(found["name"] == "If-Match" for found in operation["parameters"]):
        lines.append("-H 'If-Match: \"v1\"'")
    for content, body in operation.get("requestBody", {}).get("content", {}).items():
        lines.append(f"-H 'Content-Type: {content}'")
        lines.append(_data(content, body["schema"], described))
    lines.append(f"'{crm.settings.base_url}{path}'")
    return " \\\n  ".join(lines)


def _data(content: str, schema: Mapping[str, Any], described: Mapping[str, Any]) -> str:
    if content != "application/json":
        return "--data-binary @clients.csv"
    body = orjson.dumps(example(schema, described)).decode()
    return "-d '" + body.replace("'", "\\u0027") + "'"


def _try(described: Mapping[str, Any], given: dict[str, str]) -> ResponseReturnValue:
    """Leads to the address that a form describes: a form cannot put what was typed into a path."""
    wanted = given.pop("try")
    for path, methods in described["paths"].items():
        if methods.get("get", {}).get("operationId") == wanted:
            record_id = given.pop("record_id", "").strip()
            target = path.replace("{record_id}", urlencode({"": record_id})[1:] or "-")
            query = urlencode({name: value for name, value in given.items() if value})
            return redirect(f"{target}?{query}" if query else target, 303)
    return redirect(f"{PREFIX}/", 303)
