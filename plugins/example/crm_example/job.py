"""Background work: each function is named by an import string and runs in a worker."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Select, select

from crm_core import Context, log, now
from crm_example.asset import ASSET
from crm_example.models import Asset

__all__ = ["remind"]

CHUNK = 100


def remind(context: Context, args: Mapping[str, Any]) -> Mapping[str, Any]:
    """Once a day: write into the history of each asset that its service is due today.

    Goes by id in chunks, each a transaction that also stores how far it came, so that a worker that is
    killed reminds of nothing twice.
    """
    today = now().date()
    last = context.cursor.get("after")
    while True:
        with context.step() as step:
            found = list(step.session.execute(_due_on(today, last)))
            for asset_id, serial in found:
                log(step.session, entity=ASSET.id, record_id=asset_id, kind="example.due", subject=serial)
            last = found[-1][0] if found else last
            step.cursor["after"] = last
            step.done += len(found)
        if len(found) < CHUNK:
            return {"reminded": context.done}


def _due_on(day: date, last: str | None) -> Select[str, str]:
    statement = select(Asset.id, Asset.serial).where(
        Asset.next_service_on == day, Asset.status == "in_use", Asset.deleted_at.is_(None)
    )
    if last:
        statement = statement.where(Asset.id > last)
    return statement.order_by(Asset.id).limit(CHUNK)
