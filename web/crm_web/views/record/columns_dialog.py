"""Choosing the columns of a list."""

from __future__ import annotations

from flask import redirect, request
from flask.typing import ResponseReturnValue

from crm_core.entity.descriptor import Entity
from crm_core.entity.query import list_columns
from crm_web.context import render
from crm_web.links import base_of, with_query
from crm_web.views.record.column import offered

__all__ = ["apply", "choose"]


def choose(entity: Entity) -> str:
    """The dialog with all columns, those that are shown ticked."""
    chosen = [name for name in request.args.get("fields", "").split(",") if name]
    shown = chosen or list_columns(entity)
    known = dict(offered(entity))
    ordered = [*(name for name in shown if name in known), *(name for name in known if name not in shown)]
    return render(
        "record/columns.html",
        entity=entity,
        base=base_of(entity),
        columns=[(name, known[name], name in shown) for name in ordered if name != entity.title],
        kept=[(n, v) for n, v in request.args.items(multi=True) if n not in {"fields", "cursor"}],
    )


def apply(entity: Entity) -> ResponseReturnValue:
    """Leads to the list with the ticked columns."""
    known = dict(offered(entity))
    fields = ",".join(name for name in request.args.getlist("_column") if name in known)
    kept = [
        (n, v) for n, v in request.args.items(multi=True) if not n.startswith("_") and n not in {"fields", "cursor"}
    ]
    return redirect(with_query(base_of(entity), [*kept, ("fields", fields)]), 303)
