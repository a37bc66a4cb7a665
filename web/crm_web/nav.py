"""The navigation: what modules contribute, as far as the reader may use it."""

from __future__ import annotations

from typing import Any

from crm_core.access.principal import Principal
from crm_core.plugin.contributions import NavItem
from crm_core.runtime import Crm
from crm_core.text import Msg, messages
from crm_web.i18n import Words

__all__ = ["SECTIONS", "navigation"]

_ = messages("web")

# The order of the sections; an unknown one stands before the administration, under its own name.
SECTIONS: dict[str, Msg | None] = {
    "work": None,
    "sales": _("Sales"),
    "service": _("Service"),
    "reports": _("Reports"),
    "more": _("More"),
    "admin": _("Administration"),
}
# What the shell itself offers.
OWN = (
    NavItem(
        id="core.imports",
        label=_("Imports"),
        path="/imports",
        icon="file-import",
        section="more",
        order=10,
        permission="core.import",
    ),
    NavItem(
        id="core.users",
        label=_("People"),
        path="/users",
        icon="users-group",
        section="admin",
        order=10,
        permission="core.admin",
    ),
    NavItem(
        id="core.modules",
        label=_("Modules"),
        path="/modules",
        icon="puzzle",
        section="admin",
        order=20,
        permission="core.admin",
        go="m",
    ),
    NavItem(
        id="core.jobs",
        label=_("Background work"),
        path="/jobs",
        icon="activity",
        section="admin",
        order=25,
        permission="core.admin",
    ),
    NavItem(
        id="core.settings",
        label=_("Settings"),
        path="/settings",
        icon="settings",
        section="admin",
        order=30,
        permission="core.admin",
    ),
)


def navigation(crm: Crm, actor: Principal, words: Words, path: str) -> list[dict[str, Any]]:
    """The sections with the entries that the actor may open; the one that ``path`` lies under is active."""
    items = [item for item in (*crm.all(NavItem), *OWN) if item.permission is None or actor.may(item.permission)]
    active = max((item.path for item in items if _covers(item.path, path)), key=len, default=None)
    sections: dict[str, list[dict[str, Any]]] = {}
    for item in items:
        sections.setdefault(item.section, []).append(_entry(item, words, active))
    names = sorted(sections, key=_rank)
    return [{"label": words.text(SECTIONS.get(name)), "items": sections[name]} for name in names]


def _entry(item: NavItem, words: Words, active: str | None) -> dict[str, Any]:
    return {
        "label": words.text(item.label),
        "url": item.path,
        "icon": item.icon,
        "key": item.go.lower() if item.go else None,
        "active": item.path == active,
        "count": None,
    }


def _covers(base: str, path: str) -> bool:
    return path == base or (base != "/" and path.startswith(f"{base}/"))


def _rank(section: str) -> int:
    known = list(SECTIONS)
    return known.index(section) if section in SECTIONS else known.index("admin")
