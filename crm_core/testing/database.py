"""Migrated databases for tests: made once per set of modules, then copied for every test."""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crm_core.db.engine import Database
    from crm_core.plugin.discover import Registry
    from crm_core.settings import Settings
    from crm_core.testing.pg import Cluster

__all__ = ["Templates", "fill", "settings_for"]


def settings_for(url: str, data_dir: Path) -> Settings:
    """The settings of an installation in a test."""
    from crm_core.settings import Settings

    return Settings(database_url=url, data_dir=data_dir, zone="UTC")


def fill(url: str, data_dir: Path, modules: Sequence[str] = (), registry: Registry | None = None) -> None:
    """Make an empty database ready for use, with the given modules enabled, as an installation does it."""
    from crm_core.access.principal import system
    from crm_core.db.engine import open_database
    from crm_core.plugin.discover import find_installed
    from crm_core.plugin.lifecycle import enable
    from crm_core.runtime import build, prepare

    database = open_database(url)
    try:
        crm, _prepared = prepare(settings_for(url, data_dir), database, registry=registry or find_installed)
        for name in modules:
            enable(build(crm.settings, database, registry=crm.registry), name, system("test"))
    finally:
        database.dispose()


@dataclass(slots=True, kw_only=True)
class Templates:
    """The filled databases of this test run; ``cluster`` starts PostgreSQL when it is first asked for."""

    folder: Path
    cluster: Callable[[], Cluster]
    made: dict[str, Path] = field(default_factory=dict)

    @contextmanager
    def copy(self, dialect: str, folder: Path, modules: Sequence[str]) -> Iterator[Database]:
        """A database of its own for one test."""
        from crm_core.db.engine import open_database

        with self._sqlite(folder, modules) if dialect == "sqlite" else self._postgresql(modules) as url:
            database = open_database(url)
            try:
                yield database
            finally:
                database.dispose()

    @contextmanager
    def _sqlite(self, folder: Path, modules: Sequence[str]) -> Iterator[str]:
        name = _name(modules)
        if name not in self.made:
            path = self.folder / f"{name}.db"
            fill(f"sqlite:///{path}", self.folder, modules)
            self.made[name] = path
        copy = folder / "crm.db"
        shutil.copyfile(self.made[name], copy)
        yield f"sqlite:///{copy}"

    @contextmanager
    def _postgresql(self, modules: Sequence[str]) -> Iterator[str]:
        cluster, name = self.cluster(), f"test_{uuid.uuid4().hex}"
        template = cluster.template(_name(modules), lambda url: fill(url, self.folder, modules))
        yield cluster.create(name, template)
        cluster.drop(name)


def _name(modules: Sequence[str]) -> str:
    return re.sub(r"\W", "_", "_".join(("template_core", *sorted(modules))))
