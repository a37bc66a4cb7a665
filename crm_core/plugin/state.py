"""What the database says about modules: which are enabled, the generation, the revisions of their schemas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, update

from crm_core.db.revision import Schema, recorded_on, standing
from crm_core.errors import ConfigurationError
from crm_core.model import Meta, ModuleState
from crm_core.text import messages

__all__ = ["Stored", "next_generation", "read_state", "require_current"]

_ = messages("core")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The state of the modules at one moment."""

    generation: int
    enabled: frozenset[str]
    revisions: Mapping[str, str]


def read_state(connection: Connection, core: Schema) -> Stored:
    """The stored state; raises ``ConfigurationError`` unless the core's own schema is current."""
    revisions = recorded_on(connection)
    require_current(core, revisions.get("core"))
    rows = connection.execute(
        select(ModuleState.name).where(ModuleState.state == "enabled", ModuleState.name != "core")
    ).scalars()
    generation = connection.scalar(select(func.max(Meta.value)).where(Meta.key == "generation")) or 1
    return Stored(generation=generation, enabled=frozenset(rows), revisions=revisions)


def require_current(core: Schema, revision: str | None) -> None:
    """Refuse to work on tables that are not those of this code."""
    found = standing(core, revision)
    if found == "current":
        return
    if found == "ahead":
        raise ConfigurationError(
            _("The database was made by a newer version of this program (%(revision)s).", revision=revision),
            hint=_("Install that version again, or restore a backup."),
        )
    raise ConfigurationError(
        _("The tables of the database are not those of this version yet."), hint=_("Run: crm db upgrade")
    )


def next_generation(connection: Connection) -> int:
    """Tell all processes, once the transaction commits, that the set of modules changed; gives the new number."""
    bump = update(Meta).where(Meta.key == "generation").values(value=Meta.value + 1).returning(Meta.value)
    return connection.execute(bump).scalar_one()
