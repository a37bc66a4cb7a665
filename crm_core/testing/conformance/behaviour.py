"""Checks of what the module does: hooks, panels, switching on and off, failing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, cast

import pytest
from sqlalchemy import func, select

from crm_core.access.principal import Principal
from crm_core.db.base import now
from crm_core.entity import trash, write
from crm_core.entity.descriptor import Entity
from crm_core.entity.query import fetch, query
from crm_core.entity.view import View
from crm_core.errors import ModuleError
from crm_core.model import ModuleState
from crm_core.plugin.contributions import Panel
from crm_core.plugin.hookspecs import Batch, Operation
from crm_core.plugin.lifecycle import disable, enable
from crm_core.runtime import Crm, build
from crm_core.testing.conformance.subject import Subject
from crm_core.testing.statements import Statements

__all__ = ["BehaviourChecks"]

MANY = 500
PANEL_STATEMENTS = 6
_FAIL_CLOSED = ("crm_validate", "crm_changed")
_LISTING = """
import json, sys
from pathlib import Path
from crm_core.testing.database import settings_for
from crm_core.runtime import build
crm = build(settings_for(sys.argv[1], Path(sys.argv[2])), enabled=sys.argv[3:])
print(json.dumps([[kind.__name__, [item.id for item in items]] for kind, items in crm.contributions.items()]))
"""

Counter = Callable[[], AbstractContextManager[Statements]]


class BehaviourChecks(Subject):
    """The module plays by the rules while it is on, and is not there while it is off."""

    def test_it_is_switched_off_and_on_again(self, enabled: Crm, actor: Principal) -> None:
        disable(enabled, self.module, actor)
        enable(build(enabled.settings, enabled.database), self.module, actor)
        assert build(enabled.settings, enabled.database).has(self.module)
        with enabled.reading(actor) as session:
            rows = select(func.count()).select_from(ModuleState).where(ModuleState.name == self.module)
            assert session.scalar(rows) == 1

    def test_disabled_it_leaves_nothing(self, enabled: Crm, actor: Principal) -> None:
        disable(enabled, self.module, actor)
        after = build(enabled.settings, enabled.database)
        left = [item.id for items in after.contributions.values() for item in items if self._mine(item.id)]
        assert left == []
        assert after.manager.get_plugin(self.module) is None
        assert [entity for entity in after.entities if self._mine(entity)] == []

    def test_the_core_works_while_it_is_off_and_its_rows_are_there(self, enabled: Crm, actor: Principal) -> None:
        for entity in self.own(enabled):
            self.make(enabled, actor, entity, 2)
        disable(enabled, self.module, actor)
        crm = build(enabled.settings, enabled.database)
        for name in ("core.account", "core.contact"):
            entity = crm.entities[name]
            record_id = self.make(crm, actor, entity, 1)[0]
            with crm.writing(actor) as session:
                write.update(session, entity, {record_id: {"description": "changed"}})
                rows = query(session, entity, View()).rows
                trash.trash(session, entity, [row["id"] for row in rows])
                assert query(session, entity, View()).rows == []

    def test_its_hooks_send_as_many_statements_for_many_rows_as_for_one(
        self, enabled: Crm, actor: Principal, count_statements: Counter
    ) -> None:
        for entity in [*self.own(enabled), enabled.entities["core.account"], enabled.entities["core.contact"]]:
            ids = self.make(enabled, actor, entity, MANY)
            for operation in ("create", "update", "assign", "trash"):
                one = self._statements(enabled, actor, _batch(entity, operation, ids[:1], actor), count_statements)
                many = self._statements(enabled, actor, _batch(entity, operation, ids, actor), count_statements)
                assert many == one, f"{entity.id} {operation}"

    def test_its_panels_show_records_with_and_without_rows(
        self, enabled: Crm, actor: Principal, count_statements: Counter
    ) -> None:
        for panel in enabled.all(Panel):
            if self._mine(panel.id):
                entity = enabled.entities[panel.entity]
                without = self.make(enabled, actor, entity, 1)
                for own in self.own(enabled):
                    self.make(enabled, actor, own, 2)
                with enabled.reading(actor) as session:
                    known = [row["id"] for row in query(session, entity, View()).rows]
                for record_id in {*without, *known}:
                    self._show(enabled, actor, panel, entity, record_id, count_statements)

    @pytest.mark.parametrize("hook", _FAIL_CLOSED)
    def test_a_hook_that_crashes_refuses_the_write_and_is_named(
        self, enabled: Crm, actor: Principal, hook: str
    ) -> None:
        entity = enabled.entities["core.account"]
        mine = [one for one in getattr(enabled.manager.hook, hook).get_hookimpls() if one.plugin_name == self.module]
        for implementation in mine:
            implementation.function, implementation.argnames = _crash, ()
            with pytest.raises(ModuleError) as refused:
                self.make(enabled, actor, entity, 1)
            assert refused.value.module == self.module
        with enabled.reading(actor) as session:
            left = query(session, entity, View()).rows
        assert bool(left) is not bool(mine) or left == []

    def test_two_builds_give_the_same_order(self, enabled: Crm) -> None:
        url = enabled.database.url.render_as_string(hide_password=False)
        names = [module.name for module in enabled.modules if module.name != "core"]
        command = [sys.executable, "-c", _LISTING, url, str(enabled.settings.data_dir), *names]
        listings = [
            subprocess.run(
                command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
            ).stdout
            for seed in ("1", "2")
        ]
        assert json.loads(listings[0]) == json.loads(listings[1])

    def _mine(self, identifier: str) -> bool:
        return identifier.split(".", 1)[0] == self.module

    def _statements(self, crm: Crm, actor: Principal, batch: Batch, counter: Counter) -> int:
        with crm.writing(actor) as session, counter() as seen:
            session.connection()
            for hook in _FAIL_CLOSED:
                for one in getattr(crm.manager.hook, hook).get_hookimpls():
                    if one.plugin_name == self.module:
                        values = {"session": session, "operation": batch.operation, "batch": batch}
                        list(one.function(*(values[name] for name in one.argnames)) or ())
            number = len(seen)
            session.rollback()
        return number

    def _show(self, crm: Crm, actor: Principal, panel: Panel, entity: Entity, record_id: str, counter: Counter) -> None:
        with crm.reading(actor) as session:
            record = fetch(session, entity, record_id)
            with counter() as seen:
                found = panel.load(session, record, actor)
        assert found is None or isinstance(found, dict)
        assert len(seen) <= PANEL_STATEMENTS, seen


def _batch(entity: Entity, operation: str, ids: list[str], actor: Principal) -> Batch:
    """A batch as the write path makes it: new columns for a creation, changed ones for the rest."""
    changes: dict[str, dict[str, Any]] = {
        "create": dict.fromkeys(entity.table.c.keys()),
        "update": {field.name: field.choices[0].code for field in entity.fields if field.choices},
        "assign": {"owner_id": actor.id},
        "trash": {"deleted_at": now()},
    }
    changed = changes[operation]
    return Batch(
        entity=entity.id,
        operation=cast("Operation", operation),
        actor=actor,
        origin="ui",
        ids=tuple(ids),
        before={} if operation == "create" else {key: dict.fromkeys(changed) for key in ids},
        after={key: {**changed, "id": key} if operation == "create" else dict(changed) for key in ids},
    )


def _crash() -> None:
    raise RuntimeError("injected")
