"""The module's table of contents: its manifest, what it contributes, and the hooks it takes part in."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_core import (
    Batch,
    Choice,
    Command,
    Contribution,
    Crm,
    EventType,
    Field,
    FieldExtension,
    HistoryKind,
    Issue,
    Job,
    Module,
    NavItem,
    PaletteItem,
    Panel,
    Permission,
    Problem,
    RecordAction,
    Routes,
    SettingsSchema,
    hookimpl,
    messages,
    now,
)
from crm_example import service
from crm_example.asset import ASSET
from crm_example.command import due
from crm_example.models import AccountService, Asset

__all__ = ["MODULE"]

_ = messages("example")

MODULE = Module(
    name="example",
    title=_("Equipment"),
    summary=_("Equipment at the client's: what stands where, in which state, and when its next service is due."),
    package="crm_example",
)

_LEVELS = (
    Choice(code="none", label=_("None")),
    Choice(code="basic", label=_("Basic"), colour="azure"),
    Choice(code="full", label=_("Full"), colour="green"),
)


@hookimpl
def crm_contribute(crm: Crm) -> Iterable[Contribution]:
    """Everything static, as data."""
    yield ASSET
    yield from _screens()
    yield FieldExtension(
        id="example.account",
        entity="core.account",
        model=AccountService,
        label=_("Equipment service"),
        fields=(
            Field(name="service_level", label=_("Service level"), choices=_LEVELS),
            Field(name="contract_until", label=_("Service contract until")),
        ),
    )
    yield HistoryKind(id="example.serviced", label=_("Serviced"), icon="tool", importance=2, composer=True, order=200)
    yield HistoryKind(id="example.due", label=_("Service is due"), icon="calendar", importance=2)
    yield Permission(id="example.asset.service", label=_("Record that equipment was serviced"))
    yield Job(
        id="example.remind",
        label=_("Remind of services that are due"),
        target="crm_example.job:remind",
        every=24 * 3600,
    )
    yield Command(id="example.due", command=due)
    yield SettingsSchema(
        id="example.settings",
        label=_("Equipment"),
        fields=(Field(name="service_months", kind="int", label=_("Months between services")),),
    )
    for participle in ("created", "updated", "assigned", "trashed", "restored"):
        yield EventType(id=f"example.asset.{participle}", label=ASSET.label)


@hookimpl
def crm_validate(session: Session, operation: str, batch: Batch) -> Iterable[Problem]:
    """Vetoes; see ``service.refuse``."""
    return service.refuse(session, operation, batch)


@hookimpl
def crm_changed(session: Session, batch: Batch) -> None:
    """The journal of states; see ``service.write_states``."""
    service.write_states(session, batch)


@hookimpl
def crm_module_check(session: Session) -> Iterable[Issue]:
    """Tells the administrator of services that are overdue."""
    overdue = select(func.count()).where(
        Asset.next_service_on < now().date(), Asset.status == "in_use", Asset.deleted_at.is_(None)
    )
    number = session.scalar(overdue)
    if number:
        message = _.plural("%(n)s asset is overdue for service.", "%(n)s assets are overdue for service.", number)
        yield Issue(id="example.W001", level="warning", message=message, hint=_("See the page of due services."))


def _screens() -> Iterable[Contribution]:
    yield Routes(id="example.pages", target="crm_example.views:blueprint")
    yield NavItem(
        id="example.assets",
        label=ASSET.plural,
        path="/example/assets",
        icon="tool",
        order=50,
        permission="example.asset.view",
    )
    yield PaletteItem(
        id="example.open_due",
        label=_("Services that are due"),
        path="/example/due",
        icon="calendar",
        permission="example.asset.view",
    )
    yield Panel(
        id="example.account_assets",
        entity="core.account",
        title=ASSET.plural,
        load=service.assets_of_account,
        template="example/account_assets.html",
        permission="example.asset.view",
    )
    yield RecordAction(
        id="example.record_service",
        entity="example.asset",
        label=_("Record a service"),
        icon="tool",
        path="/example/assets/{id}/service",
        permission="example.asset.service",
    )
