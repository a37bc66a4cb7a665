"""Who may call a route: declared on every view, checked in one place, and required at start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

from flask import Flask

from crm_core.errors import ModuleError
from crm_core.text import messages

__all__ = [
    "PROBE",
    "PUBLIC",
    "SIGNED_IN",
    "TOKEN",
    "Policy",
    "declare",
    "policies_of",
    "public",
    "require",
    "signed_in",
]

_ = messages("web")
View = TypeVar("View")
_MARK = "__crm_policy__"


@dataclass(frozen=True, slots=True)
class Policy:
    """What a caller must be: ``probe`` reads no session at all, ``public`` is for everybody, ``token`` views
    authenticate on their own (the REST interface), ``staff`` needs a sign-in and, where it is named, a permission.
    """

    kind: Literal["probe", "public", "token", "staff"]
    permission: str | None = None


PROBE = Policy("probe")
PUBLIC = Policy("public")
TOKEN = Policy("token")
SIGNED_IN = Policy("staff")


def declare(view: View, policy: Policy) -> View:
    """The same view, marked with its policy."""
    setattr(view, _MARK, policy)
    return view


def public(view: View) -> View:
    """Marks a view that everybody may call, signed in or not."""
    return declare(view, PUBLIC)


def signed_in(view: View) -> View:
    """Marks a view for everybody of the staff."""
    return declare(view, SIGNED_IN)


def require(permission: str) -> Callable[[View], View]:
    """Marks a view for those who hold a permission: ``core.account.view``, ``sales.discount.approve``."""
    return lambda view: declare(view, Policy("staff", permission))


def policies_of(app: Flask) -> dict[str, Policy]:
    """The policy of every endpoint.

    A blueprint may carry one for all of its views (``declare(blueprint, TOKEN)``). Raises ``ModuleError``
    naming module and route when a view says nothing: a forgotten check must not become an open door.
    """
    found: dict[str, Policy] = {}
    for rule in app.url_map.iter_rules():
        policy = _policy_of(app, rule.endpoint)
        if policy is None:
            module = rule.rule.removeprefix("/api/v1").split("/")[1] or "core"
            raise ModuleError(
                _("The route %(route)s of %(module)s does not say who may call it.", route=rule.rule, module=module),
                module=module,
                hint=_("Decorate the view %(view)s with require(…), signed_in or public.", view=rule.endpoint),
            )
        found[rule.endpoint] = policy
    return found


def _policy_of(app: Flask, endpoint: str) -> Policy | None:
    blueprint = app.blueprints.get(endpoint.rpartition(".")[0])
    for source in (app.view_functions[endpoint], blueprint):
        policy: Policy | None = getattr(source, _MARK, None)
        if policy is not None:
            return policy
    return None
