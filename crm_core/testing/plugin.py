"""The pytest plugin that comes with crm-core: real databases for the tests of the core and of every plugin.

``crm`` is the running program on a migrated database of the test's own, with the modules that the mark names:

    @pytest.mark.modules("example")
    def test_something(crm: Crm, actor: Principal) -> None:
        with crm.writing(actor) as session:
            ...

Each such test runs twice, on an SQLite file and on PostgreSQL. ``database_url`` does the same with an empty database;
``postgresql_url`` is for what only PostgreSQL has. Tests that ask for PostgreSQL carry the mark ``postgresql`` without
being told; they are skipped where there is none.
"""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crm_core.testing.pg import Cluster, PostgresqlMissing, start_cluster

if TYPE_CHECKING:  # this file is loaded before coverage starts: everything heavy is imported where it is used
    from sqlalchemy.orm import Session

    from crm_core.access.principal import Principal
    from crm_core.db.engine import Database
    from crm_core.runtime import Crm
    from crm_core.settings import Settings
    from crm_core.testing.database import Templates
    from crm_core.testing.module import ModuleMaker
    from crm_core.testing.statements import Statements

__all__ = [
    "actor",
    "count_statements",
    "crm",
    "database",
    "database_templates",
    "database_url",
    "postgresql_cluster",
    "postgresql_url",
    "session",
    "settings",
    "sqlite_url",
    "tmp_module",
]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "modules(*names): the modules that are enabled in the test's program")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what needs PostgreSQL, before pytest deselects by marks."""
    for item in items:
        if "postgresql_cluster" in getattr(item, "fixturenames", ()):
            item.add_marker("postgresql")


@pytest.fixture(scope="session")
def postgresql_cluster() -> Iterator[Cluster]:
    """The PostgreSQL server of this test run, the same one for all xdist workers."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex
    try:
        cluster = start_cluster(Path(tempfile.gettempdir()) / f"crm-pg-{run}")
    except PostgresqlMissing as missing:
        pytest.skip(str(missing))
    yield cluster
    cluster.stop()


@pytest.fixture
def postgresql_url(postgresql_cluster: Cluster) -> Iterator[str]:
    """The address of an empty PostgreSQL database that is dropped after the test."""
    name = f"test_{uuid.uuid4().hex}"
    yield postgresql_cluster.create(name)
    postgresql_cluster.drop(name)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of an SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'crm.db'}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty database: the test runs once for each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(scope="session")
def database_templates(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """The migrated databases of this run that tests get copies of."""
    from crm_core.testing.database import Templates

    def cluster() -> Cluster:
        found: Cluster = request.getfixturevalue("postgresql_cluster")
        return found

    return Templates(folder=tmp_path_factory.mktemp("templates"), cluster=cluster)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database(request: pytest.FixtureRequest, database_templates: Templates, tmp_path: Path) -> Iterator[Database]:
    """A database of the test's own, migrated, with the modules that the mark ``modules`` names enabled."""
    marks = [str(name) for mark in request.node.iter_markers("modules") for name in mark.args]
    with database_templates.copy(request.param, tmp_path, tuple(sorted(set(marks)))) as found:
        yield found


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    """The settings of the test's installation."""
    from crm_core.testing.database import settings_for

    return settings_for(database.url.render_as_string(hide_password=False), tmp_path)


@pytest.fixture
def crm(settings: Settings, database: Database) -> Crm:
    """The running program."""
    from crm_core.runtime import build

    return build(settings, database)


@pytest.fixture
def actor(crm: Crm) -> Principal:
    """Somebody of the staff who may do everything; the user exists in the database."""
    from crm_core.testing.factories import make_user

    return make_user(crm)


@pytest.fixture
def session(crm: Crm, actor: Principal) -> Iterator[Session]:
    """One transaction of the actor that is rolled back after the test."""
    with crm.writing(actor) as opened:
        yield opened
        opened.rollback()


@pytest.fixture
def count_statements(database: Database) -> Callable[[], AbstractContextManager[Statements]]:
    """``with count_statements() as seen: …`` lists the SQL statements that the block sent."""
    from crm_core.testing.statements import listen

    return lambda: listen(database)


@pytest.fixture
def tmp_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleMaker]:
    """Makes small installed modules for one test; see ``ModuleMaker``."""
    from crm_core.testing.module import ModuleMaker

    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    maker = ModuleMaker(folder=folder)
    yield maker
    maker.forget()
