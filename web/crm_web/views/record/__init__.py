"""The screens that every entity has, core and modules alike: list, card, form, bulk actions, trash."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask

from crm_core.entity.descriptor import Entity
from crm_core.runtime import Crm
from crm_web.links import base_of
from crm_web.policy import Policy, declare
from crm_web.views.record import bulk, card, columns_dialog, edit, export, facts, filter, listing, timeline, trash

__all__ = ["mount_entities"]

GET, POST = ("GET",), ("POST",)

# Path below the list, methods, view, and the right that it needs. Fixed words stand before ids.
_SCREENS: tuple[tuple[str, tuple[str, ...], Callable[..., Any], str], ...] = (
    ("", GET, listing.show, "view"),
    ("/new", GET, edit.new, "create"),
    ("/new", POST, edit.store, "create"),
    ("/filter", GET, filter.choose, "view"),
    ("/filter/apply", GET, filter.apply, "view"),
    ("/columns", GET, columns_dialog.choose, "view"),
    ("/columns/apply", GET, columns_dialog.apply, "view"),
    ("/export", GET, export.ask, "export"),
    ("/export", POST, export.start, "export"),
    ("/bulk/<action>", GET, bulk.ask, "view"),
    ("/bulk/<action>", POST, bulk.act, "view"),
    ("/undo/<uuid:batch>", POST, bulk.undo, "view"),
    ("/trash", GET, trash.show, "delete"),
    ("/restore/<uuid:mark>", POST, trash.bring_back, "delete"),
    ("/<uuid:record_id>", GET, card.show, "view"),
    ("/<uuid:record_id>/edit", GET, edit.edit, "edit"),
    ("/<uuid:record_id>/edit", POST, edit.change, "edit"),
    ("/<uuid:record_id>/facts/<name>", GET, facts.show_fact, "view"),
    ("/<uuid:record_id>/facts/<name>", POST, facts.save_fact, "edit"),
    ("/<uuid:record_id>/timeline", GET, timeline.more, "view"),
    ("/<uuid:record_id>/timeline", POST, timeline.log_entry, "view"),
    ("/<uuid:record_id>/trash", POST, trash.put_away, "delete"),
)


def mount_entities(app: Flask, crm: Crm) -> None:
    """Register the screens of every entity under its path, each with the right of the entity that it needs."""
    for entity in crm.entities.values():
        for path, methods, view, action in _SCREENS:
            _mount(app, entity, path, methods, view, action)


def _mount(
    app: Flask, entity: Entity, path: str, methods: tuple[str, ...], view: Callable[..., Any], action: str
) -> None:
    bound = declare(partial(_call, view, entity), Policy("staff", f"{entity.id}.{action}"))
    name = f"{entity.id}.{view.__module__.rpartition('.')[2]}.{view.__name__}".replace(".", "_")
    app.add_url_rule(f"{base_of(entity)}{path}", name, bound, methods=methods)


def _call(view: Callable[..., Any], entity: Entity, /, **arguments: Any) -> Any:
    """Call a view with ids as text: the address only lets real ones through."""
    return view(entity, **{name: str(value) for name, value in arguments.items()})
