"""The one runner of migrations: a version table per module, all of a module's steps in one transaction.

Whatever interrupts a migration (an error, kill -9, power loss), the module's schema is afterwards either
as it was or as it should be, and running again completes it. Only one process migrates at a time; it
looks again what is left to do once it has the lock.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, inspect, text

from crm_core.db.backup import back_up
from crm_core.db.base import Base
from crm_core.db.engine import Database
from crm_core.db.physical import is_physical
from crm_core.db.revision import Schema, recorded, recorded_on, standing
from crm_core.errors import CrmError, ModuleError
from crm_core.text import messages

if TYPE_CHECKING:  # Alembic is imported where it is used: web workers never migrate
    from alembic.config import Config
    from alembic.script import ScriptDirectory

__all__ = ["Step", "comparison_options", "downgrade", "migrate", "migration_lock", "scripts", "upgrade"]

_ = messages("core")
_log = logging.getLogger("crm.migrate")

_LOCK = 0x63726D_6D6967  # "crm mig", the key of the advisory lock
_PATIENCE = "15s"
"""How long a migration waits on PostgreSQL for a table that somebody uses, holding up all others behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A module's schema went from one revision to another; ``None`` is a schema without tables."""

    module: str
    before: str | None
    after: str | None


@contextlib.contextmanager
def migration_lock(database: Database) -> Iterator[None]:
    """Keeps all other migrations out, in every process and on every host.

    SQLite: the writer lane, so nothing else is written meanwhile. PostgreSQL: an advisory lock whose
    transaction has a connection of its own, because the migrating one's commit would end it.
    """
    with database.lane(), contextlib.ExitStack() as stack:
        if not database.sqlite:
            connection = stack.enter_context(database.write.connect())
            stack.enter_context(connection.begin())
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        yield


def upgrade(database: Database, schemas: Iterable[Schema], *, backups: Path) -> tuple[Step, ...]:
    """Bring the modules' schemas to their newest revisions, in the given order; says what was done.

    The embedded database is copied into ``backups`` first. Raises ``ModuleError`` naming the module
    and the revision; modules before it stay migrated, it and those after it are as they were.
    """
    with migration_lock(database):
        done = recorded(database)
        pending = [schema for schema in schemas if standing(schema, done.get(schema.module)) != "current"]
        if pending and done:
            back_up(database, backups, pending[0].head() or pending[0].module)
        return tuple(migrate(database, schema) for schema in pending)


def downgrade(database: Database, schema: Schema, target: str, *, backups: Path) -> Step:
    """Take a module's schema back to a revision, or to ``base``: its tables and their rows are gone."""
    with migration_lock(database):
        back_up(database, backups, f"{schema.module}-before-downgrade")
        return migrate(database, schema, target)


def migrate(database: Database, schema: Schema, target: str = "head") -> Step:
    """Migrate one module while the caller holds the ``migration_lock``, checked by a second connection.

    ``target`` is ``head``, ``base`` or a revision. Raises ``ModuleError``.
    """
    before = recorded(database).get(schema.module)
    with _naming(schema), database.schema() as engine, engine.connect() as connection, connection.begin():
        if standing(schema, before) == "ahead":
            raise ModuleError(
                _("The database has revision %(revision)s, which is newer than the code.", revision=before),
                module=schema.module,
                hint=_("Install the newer version of the module again."),
            )
        _run(connection, schema, target)
        _check_foreign_keys(connection, schema)
        expected = _seen(connection, schema)
    with database.read.connect() as witness:
        found = _seen(witness, schema)
    if found != expected:
        raise ModuleError(_("The migration was not kept: %(found)s.", found=str(found)), module=schema.module)
    _log.info("schema of %s: %s -> %s", schema.module, before, found[0])
    return Step(module=schema.module, before=before, after=found[0])


def scripts(schema: Schema) -> tuple[Config, ScriptDirectory]:
    """Alembic's view of a module's revisions, without any file of configuration."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent.parent / "migrations"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(schema.folder).replace("%", "%%"))
    return config, ScriptDirectory.from_config(config)


def comparison_options(connection: Connection, schema: Schema) -> dict[str, Any]:
    """How Alembic is to look at the database: only at the module's own tables, and at no physical object."""

    def own(_object: Any, name: str | None, kind: str, _reflected: bool, _compared: Any) -> bool:
        if kind == "table":
            return name is not None and schema.owns(name) and not is_physical(name)
        return not (kind == "index" and is_physical(name))

    return {
        "connection": connection,
        "target_metadata": Base.metadata,
        "version_table": schema.version_table,
        "render_as_batch": connection.dialect.name == "sqlite",
        "transactional_ddl": True,
        "include_object": own,
    }


def _run(connection: Connection, schema: Schema, target: str) -> None:
    """Run the steps to the target inside the transaction that the caller opened."""
    from alembic.runtime.environment import EnvironmentContext

    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = '{_PATIENCE}'"))
    config, directory = scripts(schema)
    planned: list[str] = []

    def plan(current: Any, _context: Any) -> Any:
        # What alembic's own command does; it has no public function for it.
        steps = (
            directory._upgrade_revs(target, current)
            if target == "head" or target not in _passed(directory, current)
            else directory._downgrade_revs(target, current)
        )
        planned.extend(step.revision.revision for step in steps)
        return steps

    with EnvironmentContext(config, directory, fn=plan) as environment:
        environment.configure(
            **comparison_options(connection, schema),
            on_version_apply=lambda **_applied: planned.__delitem__(slice(1)),
        )
        try:
            environment.run_migrations()
        except CrmError:
            raise
        # A marked isolation point: the revision of a module may raise anything, and is named here.
        except Exception as error:
            raise _failure(schema, next(iter(planned), target), error) from error


def _passed(directory: ScriptDirectory, current: Any) -> set[str]:
    """What lies at or before the current revision: going there is a downgrade."""
    heads = current if isinstance(current, tuple) else (current,) if current else ()
    return {"base", *(step.revision for step in directory.iterate_revisions(heads, "base"))}


def _failure(schema: Schema, revision: str, error: Exception) -> ModuleError:
    return ModuleError(
        _("The migration %(revision)s failed and was taken back: %(error)s", revision=revision, error=str(error)),
        module=schema.module,
        hint=_("Nothing was changed. Report this to the author of the module."),
    )


@contextlib.contextmanager
def _naming(schema: Schema) -> Iterator[None]:
    """Errors raised by what a revision calls carry the module's name."""
    try:
        yield
    except CrmError as error:
        error.module = schema.module
        raise


def _check_foreign_keys(connection: Connection, schema: Schema) -> None:
    """SQLite migrates with foreign keys off: what they would have refused must not be committed."""
    if connection.dialect.name != "sqlite":
        return
    broken = sorted({str(row[0]) for row in connection.execute(text("PRAGMA foreign_key_check"))})
    if broken:
        raise ModuleError(
            _("The migration leaves rows that point to nothing in %(tables)s.", tables=", ".join(broken)),
            module=schema.module,
            hint=_("Nothing was changed. Report this to the author of the module."),
        )


def _seen(connection: Connection, schema: Schema) -> tuple[str | None, tuple[str, ...]]:
    """The module's revision and tables as this connection sees them."""
    tables = (name for name in inspect(connection).get_table_names() if schema.owns(name))
    return recorded_on(connection).get(schema.module), tuple(sorted(tables))
