"""Checks of the tables: revisions in one line, up and down, no drift, the neighbours untouched."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, inspect, select, table

from crm_core.access.principal import Principal
from crm_core.db.drift import differences
from crm_core.db.engine import Database
from crm_core.db.migrate import downgrade, scripts, upgrade
from crm_core.plugin.discover import Loaded
from crm_core.runtime import Crm
from crm_core.testing.conformance.subject import Subject

__all__ = ["SchemaChecks"]


class SchemaChecks(Subject):
    """The module's migrations make what its models say, and take it back without a trace."""

    def test_its_revisions_are_one_line_named_after_it(self, loaded: Loaded) -> None:
        _config, directory = scripts(loaded.schema)
        found = [revision.revision for revision in directory.walk_revisions()]
        assert found[::-1] == list(loaded.schema.revisions())
        assert len(directory.get_heads()) <= 1
        assert all(len(revision) <= 32 for revision in found)

    def test_its_models_are_what_its_migrations_make(self, crm: Crm, loaded: Loaded) -> None:
        upgrade(crm.database, [loaded.schema], backups=crm.settings.data_dir)
        assert differences(crm.database, loaded.schema) == []

    def test_up_down_up_on_an_empty_database(self, crm: Crm, loaded: Loaded) -> None:
        self._up_down_up(crm, loaded)

    def test_up_down_up_on_a_database_with_rows(self, enabled: Crm, actor: Principal, loaded: Loaded) -> None:
        for entity in self.own(enabled):
            self.make(enabled, actor, entity, 3)
        self._up_down_up(enabled, loaded)

    def _up_down_up(self, crm: Crm, loaded: Loaded) -> None:
        backups = crm.settings.data_dir / "backups"
        upgrade(crm.database, [loaded.schema], backups=backups)
        complete, neighbours = _shape(crm.database, self.module, own=True), _shape(crm.database, self.module, own=False)
        if loaded.schema.head() is None:
            return
        downgrade(crm.database, loaded.schema, "base", backups=backups)
        assert _shape(crm.database, self.module, own=True) == {}
        assert _shape(crm.database, self.module, own=False) == neighbours
        upgrade(crm.database, [loaded.schema], backups=backups)
        again = _shape(crm.database, self.module, own=True)
        assert {name: found[1:] for name, found in again.items()} == {name: x[1:] for name, x in complete.items()}


def _shape(database: Database, module: str, *, own: bool) -> dict[str, tuple[Any, ...]]:
    """Rows, columns, indexes and foreign keys of the module's tables, or of all others."""
    found: dict[str, tuple[Any, ...]] = {}
    with database.read.connect() as connection:
        inspector = inspect(connection)
        for name in inspector.get_table_names():
            if name.endswith("_schema_version") or name.startswith(f"{module}_") != own:
                continue
            rows = connection.scalar(select(func.count()).select_from(table(name)))
            columns = [
                (column["name"], str(column["type"]), column["nullable"]) for column in inspector.get_columns(name)
            ]
            indexes = sorted(str(index["name"]) for index in inspector.get_indexes(name))
            keys = sorted(str(key["constrained_columns"]) for key in inspector.get_foreign_keys(name))
            found[name] = (rows, columns, indexes, keys)
    return found
