"""The core as a module: its table of contents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from crm_core.plugin.contributions import Choice, Contribution, EventType, HistoryKind, Job, NavItem, Permission
from crm_core.plugin.hookspecs import hookimpl
from crm_core.plugin.module import Module
from crm_core.service.client.account import ACCOUNT
from crm_core.service.client.contact import CONTACT
from crm_core.service.people import seed_roles
from crm_core.service.relay import DELIVERY
from crm_core.text import messages

__all__ = ["MODULE", "crm_contribute", "crm_module_enabled"]

_ = messages("core")

MODULE = Module(
    name="core",
    title=_("Client base"),
    summary=_("Accounts, contacts, ownership and history."),
    package="crm_core",
)

_REACHED = (
    Choice(code="reached", label=_("Reached"), colour="green"),
    Choice(code="no_answer", label=_("No answer"), colour="yellow"),
    Choice(code="busy", label=_("Busy"), colour="yellow"),
    Choice(code="callback", label=_("Call back"), colour="azure"),
    Choice(code="refused", label=_("Refused"), colour="red"),
)
_HELD = (
    Choice(code="held", label=_("Held"), colour="green"),
    Choice(code="not_held", label=_("Not held"), colour="red"),
)


@hookimpl
def crm_contribute(crm: Any) -> Iterable[Contribution]:
    """What the core adds to itself."""
    yield ACCOUNT
    yield CONTACT
    yield from _history_kinds()
    yield from _jobs()
    yield NavItem(id="core.home", label=_("Home"), path="/", icon="home", order=1, go="H")
    yield NavItem(
        id="core.accounts",
        label=ACCOUNT.plural,
        path="/accounts",
        icon="building",
        order=10,
        go="C",
        permission="core.account.view",
    )
    yield NavItem(
        id="core.contacts",
        label=CONTACT.plural,
        path="/contacts",
        icon="user",
        order=20,
        go="P",
        permission="core.contact.view",
    )
    yield Permission(id="core.admin", label=_("Administer the program"))
    yield Permission(id="core.import", label=_("Import files"))
    yield Job(
        id=DELIVERY, label=_("Tell a module about an event"), target="crm_core.service.relay:deliver", max_attempts=8
    )
    yield Job(
        id="core.housekeeping",
        label=_("Remove what is out of date"),
        target="crm_core.service.housekeeping:run",
        every=3600,
    )
    for entity in (ACCOUNT, CONTACT):
        for participle in ("created", "updated", "assigned", "trashed", "restored"):
            yield EventType(id=f"{entity.id}.{participle}", label=entity.label)


@hookimpl
def crm_module_enabled(session: Session, first_time: bool) -> None:
    """The roles that a new installation begins with."""
    if first_time:
        seed_roles(session)


def _history_kinds() -> Iterable[HistoryKind]:
    yield HistoryKind(id="core.note", label=_("Note"), icon="note", composer=True, order=10)
    yield HistoryKind(
        id="core.call",
        label=_("Call"),
        icon="phone",
        composer=True,
        directed=True,
        timed=True,
        outcomes=_REACHED,
        importance=2,
        order=20,
    )
    yield HistoryKind(
        id="core.meeting",
        label=_("Meeting"),
        icon="users",
        composer=True,
        timed=True,
        outcomes=_HELD,
        importance=2,
        order=30,
    )
    yield HistoryKind(
        id="core.letter", label=_("Letter"), icon="mail", composer=True, directed=True, importance=2, order=40
    )
    yield HistoryKind(
        id="core.visit",
        label=_("Visit"),
        icon="briefcase",
        composer=True,
        timed=True,
        outcomes=_HELD,
        importance=2,
        order=50,
    )
    yield HistoryKind(
        id="core.email", label=_("E-mail"), icon="at", composer=True, directed=True, importance=2, order=60
    )
    yield HistoryKind(id="core.message", label=_("Message"), icon="message", composer=True, directed=True, order=70)
    yield HistoryKind(id="core.fax", label=_("Fax"), icon="printer", composer=True, directed=True, order=80)
    yield HistoryKind(id="core.web", label=_("Website visit"), icon="world", composer=True, order=90)
    yield HistoryKind(id="core.created", label=_("Created"), icon="plus", importance=0)
    yield HistoryKind(id="core.assigned", label=_("New person responsible"), icon="user-check", importance=1)


def _jobs() -> Iterable[Job]:
    transfer = "crm_core.service.transfer.job"
    yield Job(id="core.import_check", target=f"{transfer}:run_check", label=_("Try an import"))
    yield Job(id="core.import_run", target=f"{transfer}:run_import", label=_("Import"))
    yield Job(id="core.import_undo", target=f"{transfer}:run_undo", label=_("Undo of changes"))
    yield Job(id="core.export", target=f"{transfer}:run_export", label=_("Export"))
    yield Job(id="core.bulk", target="crm_core.service.bulk:run_bulk", label=_("Change many records"))
