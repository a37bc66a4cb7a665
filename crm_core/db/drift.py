"""Comparing a module's models with its migrations, and writing the next revision from the difference."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from alembic.autogenerate import RevisionContext, compare_metadata
from alembic.operations import ops
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Identity
from sqlalchemy.sql.functions import FunctionElement

from crm_core.db.engine import Database
from crm_core.db.migrate import comparison_options, scripts
from crm_core.db.revision import Schema

__all__ = ["differences", "write_revision"]


def differences(database: Database, schema: Schema) -> list[str]:
    """What the models of a module have otherwise than the migrated database; empty is right."""
    with database.schema() as engine, engine.connect() as connection:
        options = comparison_options(connection, schema)
        metadata = options["target_metadata"]
        context = MigrationContext.configure(
            connection=options.pop("connection"), opts={**options, "compare_type": True, "compare_server_default": True}
        )
        found = (step for group in compare_metadata(context, metadata) for step in _steps(group))
        return [repr(step) for step in found if not _incomparable(step, database)]


def _steps(group: Any) -> list[Any]:
    """Alembic gives changes of one column as a list, all others as single tuples."""
    return list(group) if isinstance(group, list) else [group]


def _incomparable(step: Any, database: Database) -> bool:
    """SQLite keeps no identity; a default that an SQL function makes is written differently by each database."""
    if step[0] != "modify_default":
        return False
    default = step[-1]
    return (database.sqlite and isinstance(default, Identity)) or isinstance(
        getattr(default, "arg", None), FunctionElement
    )


def write_revision(database: Database, schema: Schema, message: str, *, autogenerate: bool = True) -> Path:
    """Write the module's next revision file, filled with the difference to the migrated database.

    The caller imported the models. The file is a draft: read it, complete it, format it.
    """
    config, directory = scripts(schema)
    number = len(schema.revisions()) + 1
    revision = f"{schema.module}_{number:04d}"
    arguments: dict[str, Any] = {
        "message": message, "rev_id": revision, "autogenerate": autogenerate, "sql": False, "head": "head",
        "splice": False, "branch_label": None, "version_path": str(schema.folder), "depends_on": None,
    }  # fmt: skip
    drafts = RevisionContext(config, directory, arguments)

    def fill(current: Any, context: MigrationContext) -> list[Any]:
        if autogenerate:
            drafts.run_autogenerate(current, context)
        else:
            drafts.run_no_autogenerate(current, context)
        return []

    schema.folder.mkdir(parents=True, exist_ok=True)
    with database.schema() as engine, engine.connect() as connection:
        with EnvironmentContext(config, directory, fn=fill) as environment:
            environment.configure(
                **comparison_options(connection, schema), render_item=_render, process_revision_directives=_simplify
            )
            environment.run_migrations()
        script = next(iter(drafts.generate_scripts()))
    if not script:
        raise FileNotFoundError(f"no revision was written to {schema.folder}")
    return _without_banners(Path(script.path))


def _render(kind: str, item: Any, context: Any) -> str | Literal[False]:
    """Our column types by name, so that a revision says ``types.Id()`` and imports nothing else of ours."""
    if kind == "type" and type(item).__module__ == "crm_core.db.types":
        context.imports.add("from crm_core.db import types")
        return f"types.{type(item).__name__}()"
    return False


def _simplify(_context: MigrationContext, _revision: Any, directives: list[Any]) -> None:
    """Indexes need no rebuilding of a table, and go with it when it is dropped."""
    for script in directives:
        for operations in (*script.upgrade_ops_list, *script.downgrade_ops_list):
            dropped = {found.table_name for found in operations.ops if isinstance(found, ops.DropTableOp)}
            operations.ops = [step for found in operations.ops for step in _flattened(found, dropped)]


def _flattened(operation: Any, dropped: set[str]) -> list[Any]:
    if not isinstance(operation, ops.ModifyTableOps):
        return [operation]
    if operation.table_name in dropped:
        return []
    indexes = all(isinstance(step, ops.CreateIndexOp | ops.DropIndexOp) for step in operation.ops)
    return list(operation.ops) if indexes else [operation]


def _without_banners(path: Path) -> Path:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "# ### " not in line), encoding="utf-8")
    return path
