"""The rules of the module: functions ``verb(session, …)`` that never commit and know no Flask."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core import (
    Batch,
    Filter,
    NotAllowed,
    Principal,
    Problem,
    View,
    actor_of,
    count,
    fetch,
    insert_rows,
    log,
    messages,
    new_id,
    now,
    query,
    setting,
    update,
    values_list,
)
from crm_example.asset import ASSET
from crm_example.models import Asset, AssetState

__all__ = ["assets_of_account", "due", "record_service", "refuse", "write_states"]

_ = messages("example")

DEFAULT_MONTHS = 12
SHOWN_ON_CARD = 5


def assets_of_account(session: Session, record: Mapping[str, Any], actor: Principal) -> Mapping[str, Any] | None:
    """What the panel on an account's card shows, as far as the actor may see it; nothing for an account without."""
    if actor.scope(ASSET.id, "view") == "none":
        return None
    mine = View(filters=(Filter("account_id", "eq", record["id"]),), columns=("name", "serial", "status"))
    total = count(session, ASSET, mine)
    if not total:
        return None
    return {"equipment": query(session, ASSET, mine).rows[:SHOWN_ON_CARD], "count": total}


def due(session: Session, day: date, *, limit: int = 50) -> list[dict[str, Any]]:
    """The assets in use whose next service is on that day or before, the longest overdue first."""
    filters = (Filter("status", "eq", "in_use"), Filter("next_service_on", "le", day))
    columns = ("name", "serial", "account_id", "next_service_on", "owner_id")
    return query(session, ASSET, View(filters=filters, columns=columns, sort="next_service_on", limit=limit)).rows


def record_service(session: Session, asset_id: str, day: date) -> date:
    """Note that an asset was serviced and give the day of the next service, which the setting decides.

    It stands in the history of the asset and of its account. Raises ``NotAllowed`` and ``NotFound``.
    """
    if not actor_of(session).may("example.asset.service"):
        raise NotAllowed
    asset = fetch(session, ASSET, asset_id)
    following = _months_later(day, int(setting(session, "example.service_months", DEFAULT_MONTHS)))
    update(session, ASSET, {asset_id: {"next_service_on": following, "status": "in_use"}})
    log(
        session,
        entity=ASSET.id,
        record_id=asset_id,
        kind="example.serviced",
        subject=str(asset["serial"]),
        participants=(("core.account", asset["account_id"]),),
    )
    return following


def refuse(session: Session, operation: str, batch: Batch) -> Iterable[Problem]:
    """Vetoes: an account with equipment in use is not trashed, a retired asset has no next service.

    One statement at most, however many records are written.
    """
    if batch.entity == "core.account" and operation == "trash":
        return _accounts_in_use(session, batch)
    if batch.entity == ASSET.id and operation in {"create", "update"}:
        return _retired_with_service(batch)
    return ()


def write_states(session: Session, batch: Batch) -> None:
    """Keep the journal of states for new and changed assets, in one statement."""
    if batch.entity != ASSET.id:
        return
    moment = now()
    rows = [
        {"id": new_id(), "asset_id": key, "status": changed["status"], "since": moment}
        for key, changed in batch.after.items()
        if changed.get("status")
    ]
    if rows:
        insert_rows(session, AssetState.__table__, rows)


def _accounts_in_use(session: Session, batch: Batch) -> list[Problem]:
    chosen = Asset.account_id.in_(select(values_list(session, batch.ids).c.id))
    living = (Asset.status != "retired", Asset.deleted_at.is_(None))
    busy = set(session.scalars(select(Asset.account_id).where(chosen, *living).distinct()))
    message, hint = _("The account has equipment in use."), _("Retire the equipment first, or move it elsewhere.")
    return [
        Problem(id="example.in_use", message=message, hint=hint, row=place)
        for place, key in enumerate(batch.ids)
        if key in busy
    ]


def _retired_with_service(batch: Batch) -> list[Problem]:
    return [
        Problem(id="example.retired", field="next_service_on", row=place, message=_("A retired asset is not serviced."))
        for place, changed in enumerate(batch.after.values())
        if changed.get("status") == "retired" and changed.get("next_service_on")
    ]


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
