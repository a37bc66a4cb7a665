from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from crm_core.testing import _pg_server
from crm_core.testing.pg import Cluster, PostgresqlMissing, start_cluster


def run(url: str, statement: str) -> list[tuple[object, ...]]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        result = connection.execute(sa.text(statement))
        return [tuple(row) for row in result] if result.returns_rows else []


def wait_until_gone(folder: Path) -> None:
    for _ in range(200):
        if not folder.exists():
            return
        time.sleep(0.05)
    pytest.fail(f"{folder} is still there ten seconds after its last user left")


def accepts_connections(cluster: Cluster) -> bool:
    try:
        run(cluster.url_for("template1"), "select 1")
    except sa.exc.OperationalError:
        return False
    return True


@pytest.fixture
def folder() -> Path:
    """A path at which nothing exists, short as a Unix socket needs it, and open to the server's user."""
    return Path(tempfile.gettempdir()) / f"crm-pg-test-{uuid.uuid4().hex}"


def test_each_database_is_empty_and_its_owner_is_no_superuser(postgresql_url: str) -> None:
    assert run(postgresql_url, "select rolsuper from pg_roles where rolname = current_user") == [(False,)]
    assert run(postgresql_url, "select count(*) from information_schema.tables where table_schema = 'public'") == [(0,)]


def test_the_database_knows_cyrillic_letters(postgresql_url: str) -> None:
    assert run(postgresql_url, "select lower('ЁЛКА')") == [("ёлка",)]


def test_the_owner_may_install_the_trigram_extension(postgresql_url: str) -> None:
    run(postgresql_url, "create extension pg_trgm")
    assert run(postgresql_url, "select similarity('Иванов', 'Иванова') > 0.5") == [(True,)]


def test_a_template_is_filled_once_and_its_copies_are_apart(postgresql_cluster: Cluster) -> None:
    filled = []

    def fill(url: str) -> None:
        filled.append(url)
        run(url, "create table client (name text)")

    names = [postgresql_cluster.template("test_template", fill) for _ in range(2)]
    first, second = (postgresql_cluster.create(f"test_copy_{i}", template=names[i]) for i in range(2))
    run(first, "insert into client values ('Мария')")

    assert len(filled) == 1
    assert run(second, "select count(*) from client") == [(0,)]
    for database in ("test_copy_0", "test_copy_1"):
        postgresql_cluster.drop(database)


def test_a_template_whose_filling_failed_is_made_anew(postgresql_cluster: Cluster) -> None:
    def fail(url: str) -> None:
        run(url, "create table half (id int)")
        raise RuntimeError("the migration failed")

    def succeed(url: str) -> None:
        run(url, "create table half (id int)")

    with pytest.raises(RuntimeError, match="migration failed"):
        postgresql_cluster.template("test_unlucky", fail)
    postgresql_cluster.template("test_unlucky", succeed)

    copy = postgresql_cluster.create("test_lucky", template="test_unlucky")
    assert run(copy, "select count(*) from half") == [(0,)]
    postgresql_cluster.drop("test_lucky")


def test_a_database_with_open_connections_can_be_dropped(postgresql_cluster: Cluster) -> None:
    url = postgresql_cluster.create("test_busy").replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        postgresql_cluster.drop("test_busy")
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")


def test_strangers_are_refused(postgresql_cluster: Cluster) -> None:
    url = postgresql_cluster.url_for("template1").replace(postgresql_cluster.password, "guess")
    with pytest.raises(sa.exc.OperationalError, match="password authentication failed"):
        run(url, "select 1")


def test_a_second_user_joins_and_the_server_ends_with_the_last_one(postgresql_cluster: Cluster, folder: Path) -> None:
    first, second = start_cluster(folder), start_cluster(folder)
    assert first.port == second.port

    first.stop()
    assert accepts_connections(second)
    second.stop()

    wait_until_gone(folder)
    assert not accepts_connections(second)


def test_a_killed_user_leaves_no_server_behind(postgresql_cluster: Cluster, folder: Path) -> None:
    program = (
        "import pathlib, sys, time; from crm_core.testing.pg import start_cluster;"
        "cluster = start_cluster(pathlib.Path(sys.argv[1])); print(cluster.port, flush=True); time.sleep(60)"
    )
    user = subprocess.Popen([sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE, text=True)
    with user:
        assert user.stdout is not None
        assert int(user.stdout.readline()) > 0
        assert (folder / "data" / "postmaster.pid").exists()
        user.kill()
    wait_until_gone(folder)


def test_fsync_is_on_only_when_a_test_asks_for_durability(postgresql_cluster: Cluster, folder: Path) -> None:
    durable = start_cluster(folder, durable=True)
    assert run(durable.create("kept"), "show fsync") == [("on",)]
    durable.stop()
    assert run(postgresql_cluster.url_for("template1"), "show fsync") == [("off",)]


def test_a_machine_without_postgresql_is_told_where_it_was_looked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(_pg_server, "DEBIAN_PACKAGES", tmp_path)
    with pytest.raises(PostgresqlMissing, match="no initdb in PATH or in"):
        start_cluster()


def test_the_newest_of_several_versions_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for version in ("9.6", "15", "17"):
        programs = tmp_path / version / "bin"
        programs.mkdir(parents=True)
        (programs / "initdb").touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(_pg_server, "DEBIAN_PACKAGES", tmp_path)
    assert _pg_server.find_binaries() == tmp_path / "17" / "bin"
