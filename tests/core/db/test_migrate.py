"""The runner of migrations and the first revision of the core."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

import crm_core.model  # noqa: F401 - the models to compare with
from crm_core.db.drift import differences
from crm_core.db.engine import Database, open_database
from crm_core.db.migrate import downgrade, upgrade
from crm_core.db.revision import Schema, recorded, schema_of, standing
from crm_core.errors import ModuleError

CORE = schema_of("core", "crm_core")


@pytest.fixture
def empty(database_url: str) -> Iterator[Database]:
    database = open_database(database_url)
    yield database
    database.dispose()


def tables(database: Database) -> set[str]:
    with database.read.connect() as connection:
        return set(inspect(connection).get_table_names())


def table(name: str) -> str:
    return f"op.create_table('{name}', sa.Column('id', sa.Integer))"


def write_revision(folder: Path, number: int, up: str, down: str = "pass") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    before = f"'fixture_{number - 1:04d}'" if number > 1 else "None"
    source = f"""
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = 'fixture_{number:04d}', {before}, None, None
def upgrade():
    {up}
def downgrade():
    {down}
"""
    (folder / f"fixture_{number:04d}_step.py").write_text(source)


@pytest.fixture
def fixture_schema(tmp_path: Path) -> Schema:
    return Schema(module="fixture", folder=tmp_path / "versions")


def test_the_core_is_created_as_its_models_say(empty: Database, tmp_path: Path) -> None:
    upgrade(empty, [CORE], backups=tmp_path)
    assert recorded(empty) == {"core": CORE.head()}
    assert differences(empty, CORE) == []


def test_up_down_up_leaves_nothing_and_brings_everything_back(empty: Database, tmp_path: Path) -> None:
    upgrade(empty, [CORE], backups=tmp_path)
    complete = tables(empty)
    downgrade(empty, CORE, "base", backups=tmp_path)
    assert tables(empty) == {"core_schema_version"}
    upgrade(empty, [CORE], backups=tmp_path)
    assert tables(empty) == complete


def test_a_second_upgrade_finds_nothing_to_do(empty: Database, tmp_path: Path) -> None:
    assert len(upgrade(empty, [CORE], backups=tmp_path)) == 1
    assert upgrade(empty, [CORE], backups=tmp_path) == ()


def test_a_failing_step_takes_back_all_steps_of_its_module_and_is_named(
    empty: Database, tmp_path: Path, fixture_schema: Schema
) -> None:
    write_revision(fixture_schema.folder, 1, table("fixture_a"))
    write_revision(fixture_schema.folder, 2, "op.execute('SELECT * FROM fixture_nothing')")
    with pytest.raises(ModuleError, match="fixture_0002") as refused:
        upgrade(empty, [CORE, fixture_schema], backups=tmp_path)
    assert refused.value.module == "fixture"
    assert "fixture_a" not in tables(empty)
    assert recorded(empty) == {"core": CORE.head()}


def test_rows_that_would_point_to_nothing_are_refused(sqlite_url: str, tmp_path: Path, fixture_schema: Schema) -> None:
    database = open_database(sqlite_url)
    write_revision(fixture_schema.folder, 1, "op.execute('CREATE TABLE fixture_a (id TEXT REFERENCES core_team(id))')")
    write_revision(fixture_schema.folder, 2, "op.execute(\"INSERT INTO fixture_a VALUES ('nobody')\")")
    with pytest.raises(ModuleError, match="fixture_a"):
        upgrade(database, [CORE, fixture_schema], backups=tmp_path)
    assert "fixture_a" not in tables(database)
    database.dispose()


def test_rebuilding_a_table_keeps_the_rows_that_point_to_it(
    sqlite_url: str, tmp_path: Path, fixture_schema: Schema
) -> None:
    database = open_database(sqlite_url)
    upgrade(database, [CORE], backups=tmp_path)
    up = "op.execute('CREATE TABLE fixture_a (id TEXT REFERENCES core_team(id) ON DELETE CASCADE)')"
    write_revision(fixture_schema.folder, 1, up)
    upgrade(database, [fixture_schema], backups=tmp_path)
    with database.write.begin() as connection:
        connection.execute(text("INSERT INTO core_team (id, name, path, is_active) VALUES ('t', 'Sales', '/t/', 1)"))
        connection.execute(text("INSERT INTO fixture_a VALUES ('t')"))
    rebuild = (
        "with op.batch_alter_table('core_team', recreate='always') as batch: batch.alter_column('name', nullable=True)"
    )
    write_revision(fixture_schema.folder, 2, rebuild)
    upgrade(database, [fixture_schema], backups=tmp_path)
    with database.read.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM fixture_a")) == 1
    database.dispose()


def test_a_database_that_is_newer_than_the_code_is_left_alone(
    empty: Database, tmp_path: Path, fixture_schema: Schema
) -> None:
    write_revision(fixture_schema.folder, 1, table("fixture_a"))
    write_revision(fixture_schema.folder, 2, table("fixture_b"))
    upgrade(empty, [CORE, fixture_schema], backups=tmp_path)
    (fixture_schema.folder / "fixture_0002_step.py").unlink()
    assert standing(fixture_schema, recorded(empty)["fixture"]) == "ahead"
    with pytest.raises(ModuleError, match="newer than the code"):
        upgrade(empty, [CORE, fixture_schema], backups=tmp_path)


def test_a_module_goes_back_one_revision_without_touching_others(
    empty: Database, tmp_path: Path, fixture_schema: Schema
) -> None:
    write_revision(
        fixture_schema.folder,
        1,
        table("fixture_a"),
        "op.drop_table('fixture_a')",
    )
    write_revision(
        fixture_schema.folder,
        2,
        table("fixture_b"),
        "op.drop_table('fixture_b')",
    )
    upgrade(empty, [CORE, fixture_schema], backups=tmp_path)
    step = downgrade(empty, fixture_schema, "fixture_0001", backups=tmp_path)
    assert (step.before, step.after) == ("fixture_0002", "fixture_0001")
    assert "fixture_a" in tables(empty)
    assert "fixture_b" not in tables(empty)
    assert recorded(empty)["core"] == CORE.head()


def test_the_embedded_database_is_copied_before_it_changes_and_five_copies_stay(
    sqlite_url: str, tmp_path: Path, fixture_schema: Schema
) -> None:
    database, backups = open_database(sqlite_url), tmp_path / "backups"
    upgrade(database, [CORE], backups=backups)
    assert not backups.exists()
    for number in range(1, 8):
        write_revision(fixture_schema.folder, number, table(f"fixture_{number}"))
        upgrade(database, [fixture_schema], backups=backups)
    copies = sorted(path.name for path in backups.iterdir())
    assert [name.rpartition("-")[2] for name in copies] == [f"fixture_{number:04d}.db" for number in range(3, 8)]
    latest = open_database(f"sqlite:///{backups / copies[-1]}")
    assert recorded(latest)["fixture"] == "fixture_0006"
    latest.dispose()
    database.dispose()


def test_parallel_upgrades_wait_for_each_other_and_one_does_the_work(database_url: str, tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from crm_core.db.engine import open_database; from crm_core.db.migrate import upgrade;"
        "from crm_core.db.revision import schema_of;"
        "core = schema_of('core', 'crm_core'); database = open_database(sys.argv[1]);"
        "done = upgrade(database, [core], backups=pathlib.Path(sys.argv[2]));"
        "sys.exit(10 + len(done))"
    )
    running = [subprocess.Popen([sys.executable, "-c", program, database_url, str(tmp_path)]) for _ in range(3)]
    assert sorted(process.wait(timeout=60) for process in running) == [10, 10, 11]
