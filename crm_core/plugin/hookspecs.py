"""The ten hooks: all occasions on which several modules act. Static things are contributions.

Hooks are called through ``crm_core.plugin.calls``, which isolates and names the module; no hook may
depend on the order of the calls. A hook may issue a constant number of statements per batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import pluggy
from sqlalchemy import ColumnElement

from crm_core.errors import Problem
from crm_core.plugin.contributions import Contribution
from crm_core.text import Msg

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from crm_core.access.principal import Principal
    from crm_core.job.context import Context

__all__ = ["Batch", "Issue", "PublishedEvent", "hookimpl", "hookspec"]

hookspec = pluggy.HookspecMarker("crm")
hookimpl = pluggy.HookimplMarker("crm")

Operation = Literal["create", "update", "trash", "restore", "assign", "merge", "erase"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Records of one entity that are written together; one record is a batch of one.

    ``before`` and ``after`` map ids to the changed columns only (``before`` is empty for new
    records); values are plain Python values, never ORM objects.
    """

    entity: str
    operation: Operation
    actor: Principal
    origin: str
    ids: tuple[str, ...]
    before: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    after: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedEvent:
    """An event of the log as subscribers get it, after commit and at least once."""

    seq: int
    type: str
    entity: str
    record_id: str
    version: int
    actor_id: str | None
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """Something that a module's health check found; ``level`` is ``info``, ``warning`` or ``error``."""

    id: str
    level: Literal["info", "warning", "error"]
    message: Msg
    hint: Msg | None = None


class Hookspecs:
    """The contract of each hook."""

    @hookspec
    def crm_contribute(self, crm: Any) -> Iterable[Contribution]:  # type: ignore[empty-body]
        """Build time, once a build; pure: no database, no I/O. A failure quarantines the module."""

    @hookspec
    def crm_module_enabled(self, session: Session, first_time: bool) -> None:
        """In the transaction that enables the module, on that module only; seeds on ``first_time``."""

    @hookspec
    def crm_module_disabled(self, session: Session) -> None:
        """In the transaction that disables the module, on that module only; deletes no data."""

    @hookspec
    def crm_module_check(self, session: Session) -> Iterable[Issue]:  # type: ignore[empty-body]
        """Health of a module, read-only; a failure is itself an issue."""

    @hookspec
    def crm_validate(self, session: Session, operation: str, batch: Batch) -> Iterable[Problem]:  # type: ignore[empty-body]
        """Before the write: returns problems to veto it, writes nothing. A failure refuses the write."""

    @hookspec
    def crm_changed(self, session: Session, batch: Batch) -> None:
        """Inside the transaction, after the write; may write the module's own tables. A failure rolls back."""

    @hookspec
    def crm_event(self, event: PublishedEvent, context: Context) -> None:
        """After commit, from the event log, at least once; isolated per subscriber and retried.

        It runs as a job of its own: what it writes in ``context.step(last=True)`` is written exactly once.
        No transaction is open when it begins, so it may talk to other servers first.
        """

    @hookspec
    def crm_merged(self, session: Session, entity: str, loser_id: str, winner_id: str, undo: bool) -> None:
        """After the core moved all references of a merge (or moved them back). A failure rolls back."""

    @hookspec
    def crm_erased(self, session: Session, subject: Sequence[str], phase: str, report: Any) -> None:
        """``phase`` is ``preview`` or ``apply``; after the core did its part. A failure rolls back."""

    @hookspec
    def crm_visible(self, entity: str, action: str) -> ColumnElement[bool] | None:
        """A restriction AND-ed to ownership; its shape does not depend on the actor. A failure refuses."""
