"""What the module promises: vetoes, the journal of states, recording a service, what is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from crm_core import Crm, Invalid, NotAllowed, Principal, create, now, system, timeline, trash, update
from crm_core.entity.extension import load
from crm_core.job.ledger import enqueue
from crm_core.model import Setting
from crm_core.plugin.overview import health
from crm_core.testing.factories import make_accounts
from crm_core.testing.jobs import work_off
from crm_example import service
from crm_example.asset import ASSET
from crm_example.command import due
from crm_example.models import AssetState

pytestmark = pytest.mark.modules("example")
TODAY = now().date()


def make_assets(crm: Crm, actor: Principal, count: int = 1, **fields: object) -> list[str]:
    account = make_accounts(crm)[0]
    rows = [{"name": f"Pump {n}", "serial": f"P-{n}", "account_id": account, **fields} for n in range(1, count + 1)]
    with crm.writing(actor) as session:
        return [row["id"] for row in create(session, ASSET, rows)]


def states(crm: Crm, actor: Principal, asset_id: str) -> Sequence[str]:
    with crm.reading(actor) as session:
        wanted = select(AssetState.status).where(AssetState.asset_id == asset_id).order_by(AssetState.id)
        return session.scalars(wanted).all()


def test_an_account_with_equipment_in_use_is_not_trashed(crm: Crm, actor: Principal) -> None:
    asset_id = make_assets(crm, actor)[0]
    account = crm.entities["core.account"]
    with crm.reading(actor) as session:
        account_id = str(session.scalar(select(ASSET.table.c.account_id)))
    with pytest.raises(Invalid) as refused, crm.writing(actor) as session:
        trash(session, account, [account_id])
    assert [problem.id for problem in refused.value.problems] == ["example.in_use"]
    with crm.writing(actor) as session:
        update(session, ASSET, {asset_id: {"status": "retired"}})
        trash(session, account, [account_id])


def test_a_retired_asset_has_no_next_service(crm: Crm, actor: Principal) -> None:
    with pytest.raises(Invalid) as refused:
        make_assets(crm, actor, status="retired", next_service_on=TODAY)
    assert refused.value.problems[0].field == "next_service_on"


def test_every_state_is_kept_with_its_beginning(crm: Crm, actor: Principal) -> None:
    asset_id = make_assets(crm, actor, status="in_use")[0]
    for status in ("in_repair", "in_use"):
        with crm.writing(actor) as session:
            update(session, ASSET, {asset_id: {"status": status}})
    with crm.writing(actor) as session:
        update(session, ASSET, {asset_id: {"description": "no new state"}})
    assert list(states(crm, actor, asset_id)) == ["in_use", "in_repair", "in_use"]


def test_recording_a_service_sets_the_next_one_and_stands_in_both_histories(crm: Crm, actor: Principal) -> None:
    asset_id = make_assets(crm, actor, status="in_repair")[0]
    with crm.writing(actor) as session:
        session.add(Setting(key="example.service_months", value=1))
        session.flush()
        assert service.record_service(session, asset_id, date(2026, 1, 31)) == date(2026, 2, 28)
    with crm.reading(actor) as session:
        account_id = session.scalar(select(ASSET.table.c.account_id))
        for entity, record_id in ((ASSET.id, asset_id), ("core.account", str(account_id))):
            kinds = [event["kind"] for event in timeline(session, entity, record_id)]
            assert "example.serviced" in kinds


def test_recording_a_service_needs_the_right(crm: Crm, actor: Principal) -> None:
    asset_id = make_assets(crm, actor)[0]
    with pytest.raises(NotAllowed), crm.writing(replace(actor, permissions=frozenset())) as session:
        service.record_service(session, asset_id, TODAY)


def test_what_is_due_comes_longest_overdue_first(crm: Crm, actor: Principal) -> None:
    make_assets(crm, actor, 2, status="in_use", next_service_on=TODAY)
    account = make_accounts(crm)[0]
    old = {"name": "Old", "serial": "O", "account_id": account, "status": "in_use"}
    later = {**old, "name": "Later", "serial": "L", "next_service_on": TODAY + timedelta(days=1)}
    with crm.writing(actor) as session:
        create(session, ASSET, [{**old, "next_service_on": TODAY - timedelta(days=9)}, later])
        found = service.due(session, TODAY)
    assert [row["name"] for row in found] == ["Old", "Pump 1", "Pump 2"]


def test_the_administrator_is_told_of_overdue_services(crm: Crm, actor: Principal) -> None:
    make_assets(crm, actor, 2, status="in_use", next_service_on=TODAY - timedelta(days=1))
    issues = [issue for name, issue in health(crm, actor) if name == "example"]
    assert [str(issue.message) for issue in issues] == ["2 assets are overdue for service."]
    assert crm.translate(issues[0].message, "ru") == "2 единицы оборудования не обслужены в срок."


def test_the_command_prints_what_is_due(crm: Crm, actor: Principal) -> None:
    make_assets(crm, actor, status="in_use", next_service_on=TODAY)
    printed = CliRunner().invoke(due, obj=crm)
    assert printed.exit_code == 0
    assert "P-1  Pump 1  (Account 1)" in printed.output


def test_the_daily_job_writes_one_reminder_into_each_history(crm: Crm, actor: Principal) -> None:
    asset_ids = make_assets(crm, actor, 3, status="in_use", next_service_on=TODAY)
    with crm.writing(system("schedule")) as session:
        enqueue(session, "example.remind", {})
    work_off(crm)
    with crm.reading(actor) as session:
        for asset_id in asset_ids:
            kinds = [event["kind"] for event in timeline(session, ASSET.id, asset_id)]
            assert kinds.count("example.due") == 1


def test_fields_of_the_account_are_kept_beside_it(crm: Crm, actor: Principal) -> None:
    account = crm.entities["core.account"]
    account_id = make_accounts(crm)[0]
    with crm.writing(actor) as session:
        update(session, account, {account_id: {"ext": {"example": {"service_level": "full"}}}})
    with crm.reading(actor) as session:
        values = load(session, account, [account_id])[account_id]["example"]
        assert values == {"service_level": "full", "contract_until": None}
        assert session.scalar(select(func.count()).select_from(ASSET.table)) == 0
