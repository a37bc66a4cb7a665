"""What a module hands to the core at build time: frozen descriptors, no behaviour of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crm_core.text import Msg

if TYPE_CHECKING:
    import click
    from sqlalchemy.orm import Session

    from crm_core.access.principal import Principal

__all__ = [
    "Choice",
    "Command",
    "Contribution",
    "EventType",
    "FieldExtension",
    "Grant",
    "HistoryKind",
    "Job",
    "ListColumn",
    "ListFilter",
    "NavItem",
    "PaletteItem",
    "Panel",
    "Permission",
    "RecordAction",
    "Report",
    "Routes",
    "SettingsSchema",
    "Widget",
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contribution:
    """Base of all descriptors.

    ``id`` is ``<module>.<name>`` and is kept for ever; ``order`` sorts (small first, then the rank of
    the module, then the id); ``permission`` hides the thing from those who lack it.
    """

    id: str
    order: int = 100
    permission: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One value of a choice field; ``colour`` is a palette class (``green``, ``red`` …)."""

    code: str
    label: Msg
    colour: str = "secondary"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Routes(Contribution):
    """A blueprint, named by an import string (``crm_sales.views:blueprint``); the prefix is the core's."""

    target: str
    api: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NavItem(Contribution):
    """An entry of the navigation; ``path`` is below the site's root, ``go`` the letter after G."""

    label: Msg
    path: str
    icon: str
    section: str = "work"
    go: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Panel(Contribution):
    """A block on another entity's card.

    ``load(session, record, actor)`` gives what the template needs (``count`` is shown in the header)
    or ``None`` to show nothing; ``lazy`` loads it after the page.
    """

    entity: str
    title: Msg
    load: Callable[[Session, Mapping[str, Any], Principal], Mapping[str, Any] | None]
    template: str
    region: str = "side"
    lazy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FieldExtension(Contribution):
    """Fields that a 1:1 side table of this module adds to another module's entity (``ext.<module>``).

    ``model`` has the primary key ``record_id`` that points to the entity's table with
    ``ondelete="CASCADE"``; ``fields`` are ``Field`` descriptors of its columns.
    """

    entity: str
    model: type[Any]
    fields: tuple[Any, ...]
    label: Msg


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HistoryKind(Contribution):
    """A kind of timeline event; ``composer`` kinds can be logged by hand on a card."""

    label: Msg
    icon: str
    importance: int = 1
    composer: bool = False
    directed: bool = False
    timed: bool = False
    outcomes: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Permission(Contribution):
    """A named right beyond the six standard ones of an entity."""

    label: Msg


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grant(Contribution):
    """Rows that an audience may see besides its own: OR-ed to ownership.

    ``condition(table)`` is an SQL condition whose shape does not depend on the actor; its values are
    the named binds ``:me``, ``:teams``, ``:subtree``, ``:audience_id``.
    """

    entity: str
    audience: str
    actions: tuple[str, ...]
    condition: Callable[[Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RecordAction(Contribution):
    """A button on records of an entity; ``bulk`` offers it for a selection too."""

    entity: str
    label: Msg
    icon: str
    path: str
    bulk: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ListColumn(Contribution):
    """A computed column of another entity's list; ``expression(table)`` is SQL."""

    entity: str
    label: Msg
    kind: str
    expression: Callable[[Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ListFilter(Contribution):
    """A filter of another entity's list; ``condition(table, bind)`` is SQL around the bound value."""

    entity: str
    label: Msg
    kind: str
    condition: Callable[[Any, Any], Any]
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Job(Contribution):
    """A kind of background work; ``target`` is an import string of ``run(context, args)``.

    ``every`` (seconds) makes it a schedule. ``max_seconds`` is how long it may take without a step before
    it counts as hanging, ``max_attempts`` how often it is tried without getting on.
    """

    target: str
    label: Msg
    every: int | None = None
    max_seconds: int = 300
    max_attempts: int = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Command(Contribution):
    """A command of the CLI, mounted as ``crm <module> <name>``."""

    command: click.Command


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SettingsSchema(Contribution):
    """Settings of a module; ``fields`` are ``Field`` descriptors, kept under ``<module>.<field>``."""

    label: Msg
    fields: tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Report(Contribution):
    """A report; ``run(session, params)`` gives rows as mappings."""

    label: Msg
    run: Callable[[Session, Mapping[str, Any]], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Widget(Contribution):
    """A block of the home page; like ``Panel`` without a record."""

    title: Msg
    load: Callable[[Session, Principal], Mapping[str, Any] | None]
    template: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PaletteItem(Contribution):
    """A command of the palette (Ctrl+K) that opens ``path``."""

    label: Msg
    path: str
    icon: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EventType(Contribution):
    """An event that others may subscribe to: ``<module>.<noun>.<past participle>``."""

    label: Msg
    schema: int = 1
