"""The OpenAPI 3.1 document of a running program; it changes with the enabled modules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from crm_core.entity.descriptor import Entity
from crm_core.runtime import Crm
from crm_core.text import Msg, messages
from crm_web.api.catalogue import PREFIX, each_operation
from crm_web.api.imports import PlanSchema
from crm_web.api.openapi import answers, shape
from crm_web.api.operation import JsonSchema, Operation, ref
from crm_web.api.timeline import EventSchema

__all__ = ["document"]

_ = messages("web")

_ALWAYS = (401, 500)
_WITH_BODY = (400, 413, 415)
_TAG: JsonSchema = {"type": "string", "examples": ['"v3"']}
_HEADERS: Mapping[str, JsonSchema] = {
    "If-Match": {**_TAG, "description": _("The ETag of the version that you have seen.")},
    "If-None-Match": {**_TAG, "description": _("Answers 304 while the record is unchanged.")},
    "Idempotency-Key": {
        "type": "string",
        "minLength": 1,
        "maxLength": 255,
        "description": _("Your own name for this request: repeating it gives the first answer and does nothing again."),
    },
}


def document(crm: Crm, version: str, language: str) -> dict[str, Any]:
    """The whole document in a language."""
    paths: dict[str, dict[str, Any]] = {}
    for path, operation, entity in each_operation(crm):
        described = _operation(crm, operation, entity)
        paths.setdefault(f"{PREFIX}{path}", {})[operation.method.lower()] = described
    whole = {
        "openapi": "3.1.0",
        "info": {"title": "Stepwise CRM", "version": version},
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "tags": _tags(crm),
        "paths": paths,
        "components": {
            "schemas": {**answers.COMMON, **_inputs(), **_records(crm)},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
    translated: dict[str, Any] = _translated(whole, lambda message: crm.translate(message, language))
    return translated


def _translated(node: Any, translate: Callable[[Msg], str]) -> Any:
    """The same, with texts in the place of messages."""
    if isinstance(node, Msg):
        return translate(node)
    if isinstance(node, Mapping):
        return {key: _translated(value, translate) for key, value in node.items()}
    return [_translated(item, translate) for item in node] if isinstance(node, list | tuple) else node


def _tags(crm: Crm) -> list[JsonSchema]:
    named = {**{entity.id: entity.plural for entity in crm.entities.values()}, "core": _("Across all records")}
    return [{"name": name, "description": title} for name, title in named.items()]


def _inputs() -> dict[str, JsonSchema]:
    return {"EventInput": shape.schema_shape(EventSchema()), "ImportPlan": shape.schema_shape(PlanSchema())}


def _records(crm: Crm) -> dict[str, JsonSchema]:
    found: dict[str, JsonSchema] = {}
    for entity in crm.entities.values():
        found[entity.id] = shape.record_shape(crm, entity)
        found[f"{entity.id}.new"] = shape.input_shape(crm, entity, partial=False)
        found[f"{entity.id}.change"] = shape.input_shape(crm, entity, partial=True)
    return found


def _operation(crm: Crm, operation: Operation, entity: Entity | None) -> dict[str, Any]:
    name = entity.id if entity else ""
    described: dict[str, Any] = {
        "operationId": f"{name}.{operation.id}" if entity else operation.id,
        "summary": operation.summary,
        "tags": [name] if entity else ["core"],
        "parameters": [*_path(operation), *_headers(operation), *_query(crm, operation, name)],
        "responses": {**_answer(operation, name), **dict(_problems(operation))},
    }
    if operation.body is not None:
        content = {operation.content: {"schema": operation.body(name)}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _path(operation: Operation) -> list[JsonSchema]:
    names = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": shape.ID} for name in names]


def _headers(operation: Operation) -> list[JsonSchema]:
    return [
        {"name": name, "in": "header", "required": name == "If-Match", "schema": _HEADERS[name]}
        for name in operation.needs
    ]


def _query(crm: Crm, operation: Operation, name: str) -> list[JsonSchema]:
    if operation.parameters is None:
        return []
    found = []
    for parameter, schema in operation.parameters(crm, name).items():
        described: JsonSchema = {"name": parameter, "in": "query", "schema": schema}
        if schema.get("type") == "array":
            described.update(style="form", explode=False)
        if schema.get("minLength"):
            described["required"] = True
        found.append(described)
    return found


def _answer(operation: Operation, name: str) -> dict[str, JsonSchema]:
    found: JsonSchema = {"description": HTTPStatus(operation.status).phrase}
    if operation.answer is not None:
        found["content"] = {"application/json": {"schema": operation.answer(name)}}
    answers_by_status = {str(operation.status): found}
    if "If-None-Match" in operation.needs:
        answers_by_status["304"] = {"description": HTTPStatus.NOT_MODIFIED.phrase}
    return answers_by_status


def _problems(operation: Operation) -> Iterator[tuple[str, JsonSchema]]:
    with_json = operation.body is not None and operation.content == "application/json"
    statuses = {*operation.problems, *_ALWAYS, *(_WITH_BODY if with_json else ())}
    for status in sorted(statuses):
        content = {"application/problem+json": {"schema": ref("Problem")}}
        yield str(status), {"description": HTTPStatus(status).phrase, "content": content}
