"""The pytest plugin that comes with crm-core: real databases for the tests of the core and of every plugin.

``database_url`` runs a test twice, on an SQLite file and on PostgreSQL; ``postgresql_url`` is for what only PostgreSQL
has. Both give a test an empty database of its own. Tests that ask for PostgreSQL carry the mark ``postgresql`` without
being told; they are skipped where there is none.
"""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_core.testing.pg import Cluster, PostgresqlMissing, start_cluster

__all__ = ["database_url", "postgresql_cluster", "postgresql_url", "sqlite_url"]


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
