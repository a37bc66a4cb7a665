"""``Crm``: the running program as an immutable value of settings, enabled modules and contributions."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pluggy
from sqlalchemy.orm import Session

from crm_core.access.principal import Principal
from crm_core.db import session as sessions
from crm_core.db.engine import Database
from crm_core.entity.descriptor import Entity
from crm_core.plugin.contributions import Contribution
from crm_core.plugin.module import Module
from crm_core.settings import Settings
from crm_core.text import Msg
from crm_core.translation import Translator

__all__ = ["Crm"]

C = TypeVar("C", bound=Contribution)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Crm:
    """What the program consists of while one set of modules is enabled.

    ``modules`` are the enabled ones in the order of their dependencies, ``core`` first. ``statements``
    keeps compiled shapes of queries; it is the only thing that changes, and only grows.
    """

    settings: Settings
    database: Database
    generation: int
    modules: tuple[Module, ...]
    manager: pluggy.PluginManager
    contributions: Mapping[type[Contribution], tuple[Contribution, ...]]
    entities: Mapping[str, Entity]
    translator: Translator
    statements: dict[Any, Any] = field(default_factory=dict)

    def all(self, kind: type[C]) -> tuple[C, ...]:
        """The contributions of one kind, sorted."""
        return self.contributions.get(kind, ())  # type: ignore[return-value]

    def has(self, module: str) -> bool:
        """Whether a module is enabled."""
        return any(found.name == module for found in self.modules)

    def translate(self, message: Msg | str, language: str) -> str:
        """A message in a language, English where there is no translation."""
        return self.translator.text(message, language)

    @contextlib.contextmanager
    def reading(self, actor: Principal, **info: Any) -> Iterator[Session]:
        """A session that cannot write."""
        with sessions.reading(self.database, actor, crm=self, **info) as session:
            yield session

    @contextlib.contextmanager
    def writing(self, actor: Principal, *, origin: str = "ui", **info: Any) -> Iterator[Session]:
        """One transaction: commits at the end, rolls back on any error."""
        with sessions.writing(self.database, actor, origin=origin, crm=self, **info) as session:
            yield session
