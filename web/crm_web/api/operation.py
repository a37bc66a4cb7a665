"""``Operation``: one thing that the interface does, declared once; routes and OpenAPI follow from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from flask import Response

from crm_core.runtime import Crm
from crm_core.text import Msg

__all__ = ["JsonSchema", "Operation", "ref"]

JsonSchema = dict[str, Any]
Describe = Callable[[str], JsonSchema]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing that the interface does.

    ``path`` is below the resource's, as OpenAPI writes it (``/{record_id}/card``). ``run(crm, …)``
    answers; operations on records get the entity, and all get the parts of the path by name.
    ``body`` and ``answer`` describe the JSON of request and answer (``None``: there is none) and
    ``parameters`` those of the query; they get the id of the entity. ``needs`` are headers of the
    protocol that play a part: ``If-Match``, ``If-None-Match``, ``Idempotency-Key``. ``content`` is the
    content type of the body.
    """

    id: str
    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    run: Callable[..., Response]
    summary: Msg
    status: int = 200
    body: Describe | None = None
    answer: Describe | None = None
    parameters: Callable[[Crm, str], Mapping[str, JsonSchema]] | None = None
    needs: tuple[str, ...] = ()
    problems: tuple[int, ...] = ()
    content: str = "application/json"


def ref(name: str) -> JsonSchema:
    """A reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}
