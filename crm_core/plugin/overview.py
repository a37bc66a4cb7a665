"""What an administrator sees of the modules: their states, what they bring, how they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from crm_core.db.revision import recorded_on
from crm_core.model import ModuleState
from crm_core.plugin.calls import call_each
from crm_core.plugin.failure import Failure
from crm_core.plugin.hookspecs import Issue
from crm_core.plugin.resolve import dependents
from crm_core.text import Msg, messages

if TYPE_CHECKING:
    from crm_core.access.principal import Principal
    from crm_core.runtime import Crm

__all__ = ["ModuleInfo", "consequences", "health", "overview"]

_ = messages("core")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleInfo:
    """One line of the modules page.

    ``state`` is available | enabled | disabled | failed | blocked | behind | ahead | missing; ``failure``
    is why it cannot be used now, ``last_error`` why enabling it failed the last time. ``revision`` is what
    the database has, ``head`` what the code has. ``dependents`` are enabled modules that require it.
    """

    name: str
    state: str
    title: Msg | None = None
    summary: Msg | None = None
    version: str | None = None
    distribution: str | None = None
    enabled: bool = False
    failure: Failure | None = None
    last_error: str | None = None
    revision: str | None = None
    head: str | None = None
    requires: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    dependents: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()


def overview(crm: Crm) -> tuple[ModuleInfo, ...]:
    """All modules that are installed or were ever used, without the core, sorted by name."""
    with crm.database.read.connect() as connection:
        rows = {row.name: row for row in connection.execute(select(ModuleState.__table__))}
        revisions = recorded_on(connection)
    registry = {one.name: one for one in crm.registry()}
    names = ({*rows, *registry, *crm.failures} - {"core"}) | (set(revisions) - {"core"})
    return tuple(_info(crm, name, rows.get(name), registry.get(name), revisions.get(name)) for name in sorted(names))


def _info(crm: Crm, name: str, row: Any, announced: Any, revision: str | None) -> ModuleInfo:
    loaded, failure = crm.installed.get(name), crm.failures.get(name)
    enabled = row is not None and row.state == "enabled"
    stored = "available" if row is None else row.state
    manifest = loaded.module if loaded else None
    gone = announced is None and failure is None
    return ModuleInfo(
        name=name,
        state=failure.state if failure else "missing" if gone else stored,
        title=manifest.title if manifest else None,
        summary=manifest.summary if manifest else None,
        version=announced.version if announced else row.version if row else None,
        distribution=announced.distribution if announced else None,
        enabled=enabled,
        failure=failure,
        last_error=row.last_error if row else None,
        revision=revision,
        head=loaded.schema.head() if loaded else None,
        requires=manifest.requires if manifest else (),
        uses=manifest.uses if manifest else (),
        dependents=dependents({module.name: module for module in crm.modules}, name),
        tables=tuple(row.tables) if row else (),
    )


def consequences(crm: Crm, name: str) -> dict[str, tuple[str, ...]]:
    """What disappears when the module is disabled: ids by kind of contribution."""
    found = {
        kind.__name__: tuple(item.id for item in items if item.id.split(".", 1)[0] == name)
        for kind, items in crm.contributions.items()
    }
    return {kind: ids for kind, ids in sorted(found.items()) if ids}


def health(crm: Crm, actor: Principal) -> Iterator[tuple[str, Issue]]:
    """Every problem that is known: modules that cannot be used, and what the modules' own checks say."""
    for name, failure in crm.failures.items():
        yield name, Issue(id=f"{name}.{failure.stage}", level="error", message=failure.message, hint=failure.hint)
    with crm.reading(actor) as session:
        for name, found, error in call_each(crm.manager, "crm_module_check", session=session):
            if error is None:
                yield from ((name, issue) for issue in found or ())
            else:
                message = _("Its own check failed: %(error)s", error=f"{type(error).__name__}: {error}")
                yield name, Issue(id=f"{name}.check", level="error", message=message)
