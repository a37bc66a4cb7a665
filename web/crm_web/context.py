"""What every template may use, made once a request."""

from __future__ import annotations

from typing import Any

from flask import Flask, g, request
from flask.templating import render_template

from crm_core.access.principal import Principal
from crm_core.db.base import new_id
from crm_core.entity.point import display_phone
from crm_core.text import messages
from crm_web.current import say
from crm_web.negotiate import layout
from crm_web.shell import Shell, current_shell
from crm_web.toast import toasts_to_show

__all__ = ["Reader", "page_names", "provide_context", "render"]

_ = messages("web")
_JUST_NOW = _("just now")
_THEMES = frozenset({"light", "dark", "auto"})


class Reader:
    """The signed-in person as templates see it."""

    __slots__ = ("_principal", "initials", "name")

    def __init__(self, principal: Principal) -> None:
        self._principal = principal
        self.name = principal.name
        self.initials = "".join(word[0] for word in principal.name.split()[:2]).upper() or "?"

    def can(self, permission: str) -> bool:
        """Whether the person holds a permission."""
        return self._principal.may(permission)

    def __bool__(self) -> bool:
        return self._principal.kind != "anonymous"


def page_names() -> dict[str, Any]:
    """The names that every template may use; the same mapping for all templates of a request."""
    names: dict[str, Any] | None = g.get("page_names")
    if names is None:
        names = g.page_names = _make_names(current_shell())
    return names


def render(template: str, **values: Any) -> str:
    """The text of a template with the names of every page and the given values."""
    return render_template(template, **values)


def provide_context(app: Flask) -> None:
    """Give every template of the app the names of ``page_names``."""
    app.context_processor(page_names)


def _make_names(shell: Shell) -> dict[str, Any]:
    # babel is heavy and the probes of a supervisor never write a date.
    from crm_web.formats import formats_for

    principal: Principal = g.actor
    formats = formats_for(g.words.language, principal.zone, say(_JUST_NOW))
    names = {
        **g.words.names(),
        **formats.names(),
        "lang": g.words.language,
        "theme": _theme(),
        "actor": Reader(principal),
        "assets": shell.assets,
        "nonce": g.nonce,
        "csrf_token": _csrf_token,
        "idempotency_key": new_id,
        "layout": layout(),
        "module_static": lambda module, path: f"{shell.static[module]}{path}",
        "phone": display_phone,
        "flashes": toasts_to_show(),
    }
    if principal.kind == "staff":
        names.update(_frame(shell, principal))
    return names


def _frame(shell: Shell, principal: Principal) -> dict[str, Any]:
    """The navigation, and ``keep(name, piece)``, which draws a piece of the frame once for each look of it."""
    from crm_web.nav import navigation

    nav = navigation(shell.crm, principal, g.words, request.path)
    look = (
        g.words.language,
        *((item["url"], item["active"], item["count"]) for section in nav for item in section["items"]),
    )
    return {"nav": nav, "keep": lambda name, piece: shell.piece((name, *look), piece)}


def _theme() -> str:
    theme = request.cookies.get("crm_theme", "auto")
    return theme if theme in _THEMES else "auto"


def _csrf_token() -> str:
    from crm_web.auth.csrf import csrf_token

    token: str = csrf_token()
    return token
