"""Looking things up while one types: choices for a reference, the palette, the page of results."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, request

from crm_core.errors import NotFound
from crm_core.plugin.contributions import NavItem, PaletteItem
from crm_core.service.search import find
from crm_core.text import fold, messages, swap_layout
from crm_web.context import render
from crm_web.current import say
from crm_web.links import base_of, record_url
from crm_web.nav import OWN
from crm_web.policy import signed_in
from crm_web.views.record.reference import options

__all__ = ["blueprint"]

_ = messages("web")
blueprint = Blueprint("find", __name__)

IN_PALETTE = 6
ON_PAGE = 25


@blueprint.get("/find/<ref>")
@signed_in
def choices(ref: str) -> str:
    """What a reference may point to; the typed text comes under the name of the form's control."""
    if ref not in {"core.user", "core.team"} and not (ref in g.crm.entities and g.actor.may(f"{ref}.view")):
        raise NotFound
    typed = request.args.get("q") or next((v for n, v in request.args.items() if n.endswith("_text")), "")
    with g.crm.reading(g.actor) as session:
        found = options(session, ref, typed)
    return render("find/options.html", options=found)


@blueprint.get("/palette")
@signed_in
def palette() -> str:
    """Records, commands and pages that fit the typed text, for Ctrl+K."""
    typed = request.args.get("q", "").strip()
    return render("find/palette.html", groups=[*_record_groups(typed), *_command_groups(typed)], typed=typed)


@blueprint.get("/search")
@signed_in
def search() -> str:
    """The page of everything that a text finds."""
    typed = request.args.get("q", "").strip()
    return render("find/search.html", typed=typed, groups=_grouped(_hits(typed, ON_PAGE)))


def _hits(typed: str, limit: int) -> list[dict[str, Any]]:
    if not typed:
        return []
    with g.crm.reading(g.actor) as session:
        return find(session, typed, limit=limit)


def _grouped(hits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for hit in hits:
        groups.setdefault(hit["entity"], []).append({**hit, "url": record_url(g.crm, hit["entity"], hit["id"])})
    return [
        {"label": say(entity.plural), "icon": entity.icon, "base": base_of(entity), "hits": groups[key]}
        for key, entity in g.crm.entities.items()
        if key in groups
    ]


def _record_groups(typed: str) -> list[dict[str, Any]]:
    return [
        {
            "label": group["label"],
            "items": [
                {"url": h["url"], "label": h["name"], "hint": h["hint"], "icon": group["icon"], "dialog": False}
                for h in group["hits"]
            ],
        }
        for group in _grouped(_hits(typed, IN_PALETTE))
    ]


def _command_groups(typed: str) -> list[dict[str, Any]]:
    groups = [(_("Do"), _commands()), (_("Go to"), _places())]
    fitting = [(say(label), [item for item in items if _fits(item["label"], typed)]) for label, items in groups]
    return [{"label": label, "items": items} for label, items in fitting if items]


def _commands() -> list[dict[str, Any]]:
    new = [
        {"url": f"{base_of(e)}/new", "label": say(e.new_label), "icon": "plus", "hint": None, "dialog": True}
        for e in g.crm.entities.values()
        if e.new_label is not None and g.actor.may(f"{e.id}.create")
    ]
    return [*new, *(_item(item) for item in g.crm.all(PaletteItem) if _open_to(item))]


def _places() -> list[dict[str, Any]]:
    return [_item(item) for item in (*g.crm.all(NavItem), *OWN) if _open_to(item)]


def _item(item: NavItem | PaletteItem) -> dict[str, Any]:
    return {"url": item.path, "label": say(item.label), "icon": item.icon, "hint": None, "dialog": False}


def _open_to(item: NavItem | PaletteItem) -> bool:
    return item.permission is None or bool(g.actor.may(item.permission))


def _fits(label: str, typed: str) -> bool:
    """Whether each typed word begins a word of the label, in either keyboard layout."""
    words = fold(label).split()
    return any(
        all(any(w.startswith(t) for w in words) for t in fold(text).split()) for text in (typed, swap_layout(typed))
    )
