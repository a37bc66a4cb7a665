"""Who may see the rows of a table: declared on every mapped class as ``__policy__``."""

from __future__ import annotations

from dataclasses import dataclass

from crm_core.db.base import Base
from crm_core.errors import ConfigurationError
from crm_core.text import messages

__all__ = ["Audience", "ChildOf", "Owned", "Policy", "Public", "Regarding", "SystemOnly", "require_policies"]

_ = messages("core")


@dataclass(frozen=True, slots=True)
class Owned:
    """Rows belong to an owner and a team (``owner_id``, ``team_id``)."""


@dataclass(frozen=True, slots=True)
class ChildOf:
    """Rows are visible with the row that one of these columns points to."""

    columns: tuple[str, ...]

    def __init__(self, *columns: str) -> None:
        object.__setattr__(self, "columns", columns)


@dataclass(frozen=True, slots=True)
class Regarding:
    """Rows are visible with the record that ``entity`` and ``record_id`` name."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Rows are visible to the person or account that the column names."""

    column: str


@dataclass(frozen=True, slots=True)
class Public:
    """Rows are visible to everyone who is signed in."""


@dataclass(frozen=True, slots=True)
class SystemOnly:
    """Rows are read by the program, never shown through generic paths."""


Policy = Owned | ChildOf | Regarding | Audience | Public | SystemOnly


def require_policies() -> None:
    """Refuse to start when a mapped class says nothing about who may see its rows."""
    for mapper in Base.registry.mappers:
        if getattr(mapper.class_, "__policy__", None) is None:
            name = f"{mapper.class_.__module__}.{mapper.class_.__name__}"
            raise ConfigurationError(
                _("The class %(name)s does not say who may see its rows.", name=name),
                hint=_("Give it a __policy__, for example crm_core.Owned()."),
            )
