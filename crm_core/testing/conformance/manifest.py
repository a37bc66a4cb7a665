"""Checks that need no database: manifest, imports, names."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

from packaging.utils import canonicalize_name
from sqlalchemy import Table
from sqlalchemy.orm import configure_mappers

import crm_core
import crm_core.model
from crm_core.db.base import Base
from crm_core.plugin.discover import Installed, Loaded, find_installed, refuse
from crm_core.plugin.probe import probe
from crm_core.testing.conformance.imports import Import, imports_of
from crm_core.testing.conformance.subject import Subject

__all__ = ["ManifestChecks"]

_MIGRATIONS_MAY = {"sqlalchemy", "alembic", "crm_core.db.types", "crm_core.db.physical"}


class ManifestChecks(Subject):
    """The module is announced rightly, imports only what it may, and calls its things by its name."""

    def test_the_manifest_is_valid(self, announced: Installed, loaded: Loaded) -> None:
        assert refuse([announced]) == {}
        assert loaded.module.package == announced.target.split(".", 1)[0]
        assert {loaded.module.title.domain, loaded.module.summary.domain} == {self.module}

    def test_required_modules_are_required_distributions(self, announced: Installed, loaded: Loaded) -> None:
        distributions = {one.name: canonicalize_name(one.distribution) for one in find_installed()}
        needed = {distributions.get(name, name) for name in loaded.module.requires if name != "core"}
        own = canonicalize_name(announced.distribution)
        assert needed <= set(announced.needs()) | {own}

    def test_it_imports_in_a_fresh_process(self, announced: Installed, tmp_path: Path) -> None:
        assert probe([announced], tmp_path, again=True) == {}

    def test_it_imports_without_flask(self, announced: Installed) -> None:
        program = f"import sys, {announced.target}; sys.exit('flask' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0

    def test_it_imports_only_public_names(self, loaded: Loaded, package: Path) -> None:
        wrong = [str(found) for found in imports_of(package) if not self._may(found, loaded)]
        assert wrong == []

    def test_its_tables_bear_its_name_and_point_rightly(self, loaded: Loaded) -> None:
        own = self._tables(loaded)
        allowed = {self.module, "core", *loaded.module.requires}
        wrong = [
            f"{key.parent} -> {key.target_fullname}"
            for table in own
            for key in table.foreign_keys
            if not key.ondelete
            or key.target_fullname.split("_", 1)[0] not in allowed
            or (not key.target_fullname.startswith(self.module + "_") and not key.target_fullname.endswith(".id"))
        ]
        assert wrong == []

    def test_it_adds_nothing_to_the_classes_of_others(self, loaded: Loaded) -> None:
        configure_mappers()
        for mapper in Base.registry.mappers:
            if mapper.class_.__module__.startswith("crm_core."):
                foreign = [
                    str(found)
                    for found in mapper.relationships
                    if not found.mapper.class_.__module__.startswith("crm_core.")
                ]
                assert foreign == []

    def test_its_relationships_never_load_by_surprise(self, loaded: Loaded) -> None:
        configure_mappers()
        lazy = [
            str(found)
            for mapper in Base.registry.mappers
            if mapper.class_.__module__.split(".", 1)[0] == loaded.module.package
            for found in mapper.relationships
            if found.lazy not in {"raise", "raise_on_sql", "noload"}
        ]
        assert lazy == []

    def _tables(self, loaded: Loaded) -> list[Table]:
        mappers = (m for m in Base.registry.mappers if m.class_.__module__.split(".", 1)[0] == loaded.module.package)
        tables = [table for mapper in mappers for table in mapper.tables if isinstance(table, Table)]
        stray = [table.name for table in tables if not table.name.startswith(self.module + "_")]
        assert stray == []
        return tables

    def _may(self, found: Import, loaded: Loaded) -> bool:
        if found.file.startswith("migrations/"):
            places = {found.source, f"{found.source}.{found.name}", found.package}
            return (
                found.source == "__future__"
                or bool(places & _MIGRATIONS_MAY)
                or found.package in sys.stdlib_module_names
            )
        screen = Path(found.file).name.startswith("views") or found.file.startswith("views/")
        if found.package in {"flask", "werkzeug", "jinja2"}:
            return screen
        if found.package == "crm_web":
            return screen and found.source == "crm_web.plugin" and found.name in _exported("crm_web.plugin")
        if found.package == "crm_core":
            return found.source == "crm_core" and found.name in crm_core.__all__
        return self._may_from_module(found, loaded)

    def _may_from_module(self, found: Import, loaded: Loaded) -> bool:
        others = {one.target.split(".", 1)[0]: one.name for one in find_installed() if one.name != self.module}
        name = others.get(found.package)
        if name is None or found.package == loaded.module.package:
            return True
        if name in loaded.module.uses and Path(found.file).name != f"glue_{name}.py":
            return False
        allowed = {*loaded.module.requires, *loaded.module.uses}
        return name in allowed and found.source == found.package and found.name in _exported(found.package)


def _exported(source: str) -> set[str]:
    return set(importlib.import_module(source).__all__)
