"""kill -9 at every statement of enabling a module: clean or complete, and running again completes it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from crm_core.db.engine import Database
from crm_core.db.revision import recorded
from crm_core.plugin.discover import Installed, find_installed
from crm_core.runtime import build
from crm_core.testing.crash import KillServer, Outcome
from crm_core.testing.database import Templates, settings_for
from crm_core.testing.module import ModuleMaker

EVERY = 1 if os.environ.get("CRM_FAULTS") == "full" else 6
"""Each kill costs a second: the everyday run takes a sample, another one for each database."""
DIALECTS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
SEED = """
    from sqlalchemy import text
    @hookimpl
    def crm_module_enabled(session, first_time):
        session.execute(text("INSERT INTO shelf_seed VALUES (:first)"), {"first": int(first_time)})
"""
REVISIONS = [
    """
    op.create_table('shelf_board', sa.Column('id', types.Id(), primary_key=True), sa.Column('title', sa.Text()))
    op.create_table('shelf_seed', sa.Column('first_time', sa.Integer()))
    op.execute("INSERT INTO shelf_board (id, title) SELECT id, name FROM core_role")
    """,
    """
    op.add_column('shelf_board', sa.Column('depth', sa.Integer()))
    op.execute("UPDATE shelf_board SET depth = 30")
    with op.batch_alter_table('shelf_board') as batch:
        batch.alter_column('depth', nullable=False)
    op.create_index('ix_shelf_board_depth', 'shelf_board', ['depth'])
    """,
]


@pytest.fixture
def shelf(tmp_module: ModuleMaker) -> Installed:
    return tmp_module.make("shelf", SEED, revisions=REVISIONS)


@pytest.fixture
def server(shelf: Installed) -> Iterator[KillServer]:
    example = next(one for one in find_installed() if one.name == "example")
    with KillServer([example, shelf]) as running:
        yield running


def url_of(database: Database) -> str:
    database.dispose()
    return database.url.render_as_string(hide_password=False)


def tables(database: Database, module: str) -> frozenset[str]:
    with database.read.connect() as connection:
        names = inspect(connection).get_table_names()
    return frozenset(name for name in names if name.startswith(module + "_"))


@pytest.mark.slow
@pytest.mark.parametrize("module", ["shelf", "example"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_killed_at_any_statement_it_is_clean_or_complete_and_runs_again(
    server: KillServer, database_templates: Templates, tmp_path: Path, dialect: str, module: str
) -> None:
    with copied(database_templates, dialect, tmp_path / "whole") as database:
        whole = server.enable(module, url_of(database), tmp_path)
        assert whole.state == "done", whole.said
        complete, revision = tables(database, module), recorded(database)[module]
    outcomes = set()
    for step in range(1 if EVERY == 1 else 1 + len(dialect) % EVERY, whole.steps + 1, EVERY):
        with copied(database_templates, dialect, tmp_path / str(step)) as database:
            killed = server.enable(module, url_of(database), tmp_path, kill_at=step)
            assert killed == Outcome(state="killed", steps=step), killed.said
            outcomes.add(check_clean_or_complete(database, module, complete, revision))
            again = server.enable(module, url_of(database), tmp_path)
            assert again.state == "done", again.said
            check_complete(database, module, complete, revision)
    assert outcomes == {"clean", "complete"}


def check_clean_or_complete(database: Database, module: str, complete: frozenset[str], revision: str) -> str:
    """The base always comes up; the module's tables are all there at its newest revision, or not at all."""
    crm = build(settings_for(url_of(database), Path(database.url.database or "").parent), database, registry=tuple)
    assert [found.name for found in crm.modules] == ["core"]
    found = tables(database, module)
    assert found in (frozenset(), complete)
    assert recorded(database).get(module) == (revision if found else None)
    return "complete" if found else "clean"


def check_complete(database: Database, module: str, complete: frozenset[str], revision: str) -> None:
    assert tables(database, module) == complete
    assert recorded(database)[module] == revision
    with database.read.connect() as connection:
        state = connection.execute(text(f"SELECT state FROM core_module WHERE name = '{module}'")).scalar_one()
        assert state == "enabled"
        if module == "shelf":
            assert connection.execute(text("SELECT first_time FROM shelf_seed")).scalars().all() == [1]


def copied(templates: Templates, dialect: str, folder: Path) -> AbstractContextManager[Database]:
    folder.mkdir()
    return templates.copy(dialect, folder, ())


@pytest.mark.parametrize("dialect", DIALECTS)
def test_enabled_by_two_at_once_it_is_enabled_once(
    shelf: Installed, database_templates: Templates, tmp_path: Path, dialect: str
) -> None:
    with (
        KillServer([shelf]) as first,
        KillServer([shelf]) as second,
        copied(database_templates, dialect, tmp_path / "two") as database,
        ThreadPoolExecutor(2) as pool,
    ):
        url = url_of(database)
        running = [pool.submit(server.enable, "shelf", url, tmp_path) for server in (first, second)]
        outcomes = [attempt.result(120) for attempt in running]
        assert [outcome.state for outcome in outcomes] == ["done", "done"], outcomes
        check_complete(database, "shelf", tables(database, "shelf"), "shelf_0002")
        with database.read.connect() as connection:
            assert connection.scalar(text("SELECT value FROM core_meta WHERE key = 'generation'")) == 2
