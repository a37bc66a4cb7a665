"""Blocks that modules put on pages of others: one that fails shows a small box, the page stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app, g
from markupsafe import Markup
from sqlalchemy.orm import Session

from crm_core.plugin.contributions import Panel, Widget
from crm_core.runtime import Crm
from crm_web.context import page_names
from crm_web.current import say
from crm_web.shell import current_shell

__all__ = ["Block", "panel_block", "panels_of", "widget_blocks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block as a page shows it: the mark-up of its inside, or the module and number of its failure."""

    id: str
    module: str
    title: str
    body: Markup | None = None
    count: int | None = None
    lazy_url: str | None = None
    failure: str | None = None


def panels_of(crm: Crm, entity: str) -> list[Panel]:
    """The panels on the card of an entity that the reader may see."""
    return [p for p in crm.all(Panel) if p.entity == entity and (p.permission is None or g.actor.may(p.permission))]


def panel_block(session: Session, panel: Panel, record: Mapping[str, Any]) -> Block | None:
    """The panel with its content, or ``None`` when it has nothing to show."""
    return _block(panel, lambda: panel.load(session, record, g.actor), {"record": record})


def widget_blocks(session: Session, crm: Crm) -> list[Block]:
    """The blocks of the home page that the reader may see and that have something to show."""
    widgets = [w for w in crm.all(Widget) if w.permission is None or g.actor.may(w.permission)]
    blocks = [_block(widget, lambda w=widget: w.load(session, g.actor), {}) for widget in widgets]
    return [block for block in blocks if block is not None]


def _block(source: Panel | Widget, load: Any, values: dict[str, Any]) -> Block | None:
    module = source.id.split(".")[0]
    title = say(source.title)
    try:
        found = load()
        if found is None:
            return None
        body = _body(source.template, {**values, **found})
    except Exception as error:  # noqa: BLE001 - isolation point: a module's block must not take the page with it
        ref = current_shell().record_failure(module, source.id, error)
        return Block(id=source.id, module=module, title=title, failure=ref)
    return Block(id=source.id, module=module, title=title, body=body, count=found.get("count"))


def _body(template: str, values: dict[str, Any]) -> Markup:
    names = {**page_names(), "g": g, **values}
    return Markup(current_app.jinja_env.get_template(template).render(names))  # noqa: S704 - an autoescaped template
