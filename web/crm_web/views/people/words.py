"""What the pages of people call actions, scopes and roles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from flask import g

from crm_core.access.principal import ACTIONS, Principal
from crm_core.plugin.contributions import Permission
from crm_core.text import Msg, messages
from crm_web.current import crm, say

__all__ = ["ACTION_LABELS", "SCOPE_LABELS", "permissions", "powers", "role_name", "tabs", "zones"]

_ = messages("web")

ACTION_LABELS: Mapping[str, Msg] = {
    "view": _("To see"),
    "create": _("To add"),
    "edit": _("To change"),
    "delete": _("To delete"),
    "export": _("To export"),
    "assign": _("To hand over"),
}
SCOPE_LABELS: Mapping[str, Msg] = {
    "none": _("No"),
    "own": _("Own ones"),
    "team": _("Those of the team"),
    "subtree": _("Those of the team and below"),
    "all": _("All"),
}
_TABS = (
    ("/users", _("Users"), "users"),
    ("/users/teams", _("Teams"), "users-group"),
    ("/users/roles", _("Roles"), "shield-check"),
)


def tabs(path: str) -> list[dict[str, Any]]:
    """The three pages, with the one at ``path`` as the present one."""
    return [{"url": url, "label": say(label), "icon": icon, "active": url == path} for url, label, icon in _TABS]


def role_name(role: Mapping[str, Any]) -> str:
    """The name of a role in the reader's language."""
    names: Mapping[str, str] = role["name"]
    return names.get(g.words.language) or next(iter(names.values()), role["key"])


def permissions() -> list[tuple[str, str]]:
    """The named rights of the core and of all modules that are on, with their words."""
    return [(item.id, say(item.label)) for item in crm().all(Permission)]


def powers(actor: Principal) -> list[dict[str, Any]]:
    """What somebody may do with each kind of record, in words: the sum of all roles."""
    return [{"label": say(entity.plural), "cells": _cells(actor, entity.id)} for entity in crm().entities.values()]


def _cells(actor: Principal, entity: str) -> list[tuple[str, str, bool]]:
    found: Iterable[tuple[str, str]] = ((action, actor.scope(entity, action)) for action in ACTIONS)
    return [(say(ACTION_LABELS[action]), _cell(action, scope), scope != "none") for action, scope in found]


def _cell(action: str, scope: str) -> str:
    yes = action == "create" and scope != "none"
    return say(_("Yes") if yes else SCOPE_LABELS[scope])


@cache
def zones() -> list[tuple[str, str]]:
    """The time zones to choose from: those that are named after places, and UTC."""
    places = sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))
    return [(name, name.replace("_", " ")) for name in ("UTC", *places)]
