"""Who acts: the ``actor`` everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

__all__ = ["ACTIONS", "ANONYMOUS", "Principal", "Scope", "system"]

Scope = Literal["none", "own", "team", "subtree", "all"]
Kind = Literal["staff", "partner", "customer", "system", "anonymous"]

ACTIONS = ("view", "create", "edit", "delete", "export", "assign")
_WIDTH: Mapping[str, int] = {"none": 0, "own": 1, "team": 2, "subtree": 3, "all": 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A person or program with the rights that it has at this moment.

    ``grants`` maps ``(entity, action)`` to a scope, ``("*", action)`` stands for every entity;
    ``permissions`` are the named rights beyond those (``"*"``: all of them). ``teams`` are the teams
    of the user, ``subtree`` these and the teams below them. ``id`` is what goes into audit columns.
    """

    kind: Kind
    id: str | None = None
    user_id: str | None = None
    account_id: str | None = None
    on_behalf_of: str | None = None
    name: str = ""
    language: str = "en"
    zone: str = "UTC"
    team_id: str | None = None
    teams: tuple[str, ...] = ()
    subtree: tuple[str, ...] = ()
    grants: Mapping[tuple[str, str], Scope] = field(default_factory=lambda: MappingProxyType({}))
    permissions: frozenset[str] = frozenset()

    def scope(self, entity: str, action: str) -> Scope:
        """How far the right for ``action`` on ``entity`` reaches; several roles add up."""
        if self.kind == "system":
            return "all"
        named = self.grants.get((entity, action), "none")
        general = self.grants.get(("*", action), "none")
        return named if _WIDTH[named] >= _WIDTH[general] else general

    def may(self, permission: str) -> bool:
        """Whether a named right is held: ``sales.discount.approve`` or ``core.account.edit`` (at any scope)."""
        if self.kind == "system" or "*" in self.permissions or permission in self.permissions:
            return True
        entity, _, action = permission.rpartition(".")
        return action in ACTIONS and self.scope(entity, action) != "none"


ANONYMOUS = Principal(kind="anonymous")


def system(reason: str) -> Principal:
    """The program itself, acting for a stated reason."""
    return Principal(kind="system", name=reason)
