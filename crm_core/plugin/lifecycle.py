"""Enabling and disabling modules while the program runs.

Whatever goes wrong on the way, the running program never notices: the probe is another process, the
migration one transaction, the seeding and the change of state a second one, and the program with the new
set of modules is built before that one commits. The commit raises the generation, which every process
compares with its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, inspect, select, update

from crm_core.db.backup import back_up
from crm_core.db.base import now
from crm_core.db.migrate import Step, migrate, migration_lock, upgrade
from crm_core.db.revision import recorded, standing
from crm_core.errors import CrmError, ModuleError
from crm_core.model import ModuleState
from crm_core.plugin.discover import Loaded, load, refuse
from crm_core.plugin.probe import probe
from crm_core.plugin.resolve import dependents, resolve
from crm_core.plugin.state import next_generation
from crm_core.text import messages

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from crm_core.access.principal import Principal
    from crm_core.runtime import Crm

__all__ = ["Check", "disable", "enable", "install_core", "upgrade_modules"]

_ = messages("core")

Check = Callable[["Crm"], object]
"""Tries the program with the new set of modules before it is put into service: the web shell builds its app."""


def install_core(crm: Crm, actor: Principal) -> bool:
    """Let the core seed what it needs, once in the life of a database; says whether it did."""
    with crm.writing(actor, origin="cli") as session:
        if session.scalar(select(ModuleState.name).where(ModuleState.name == "core")):
            return False
        core = crm.installed["core"]
        _call(crm, "core", "crm_module_enabled", session=session, first_time=True)
        _record(session, core, state="enabled")
    return True


def enable(crm: Crm, name: str, actor: Principal, *, check: Check = bool) -> None:
    """Switch a module on for everybody, and what it requires as well; does nothing when it is on.

    Raises ``ModuleError`` with the reason when it cannot be: then nothing has changed but, perhaps, its
    tables, which stay unused. The reason is kept for the modules page.
    """
    try:
        for one in _missing(crm, _tried(crm, name)):
            _enable(crm, one, actor, check)
    except CrmError as error:
        _remember(crm, name, error)
        raise


def upgrade_modules(crm: Crm) -> tuple[tuple[Step, ...], dict[str, CrmError]]:
    """Bring the tables of all modules that have any to the installed code, dependencies first.

    A module that fails does not stop the others: gives what was done, and the errors by module.
    """
    manifests = {name: one.module for name, one in crm.installed.items() if name != "core"}
    present = [name for name in recorded(crm.database) if name in manifests]
    steps: list[Step] = []
    errors: dict[str, CrmError] = {}
    for name in resolve(manifests, present, {}).order:
        try:
            steps += upgrade(crm.database, [crm.installed[name].schema], backups=crm.settings.data_dir / "backups")
        except CrmError as error:
            errors[name] = error
            _remember(crm, name, error)
    return tuple(steps), errors


def disable(crm: Crm, name: str, actor: Principal, *, check: Check = bool) -> None:
    """Switch a module off for everybody; its data and tables stay.

    Raises ``ModuleError`` while enabled modules require it. Works without the module's code.
    """
    manifests = {module.name: module for module in crm.modules}
    needed_by = dependents(manifests, name)
    if needed_by:
        raise ModuleError(
            _("It is required by %(modules)s.", modules=", ".join(needed_by)),
            module=name,
            hint=_("Disable %(modules)s first.", modules=", ".join(needed_by)),
        )
    with crm.writing(actor, origin="cli") as session:
        enabled = _enabled(session)
        if name not in enabled or name == "core":
            return
        _call(crm, name, "crm_module_disabled", session=session)
        change = {"state": "disabled", "changed_at": now()}
        session.execute(update(ModuleState).where(ModuleState.name == name).values(change))
        check(crm.rebuilt(enabled - {name}))
        next_generation(session.connection())


def _tried(crm: Crm, name: str) -> Loaded:
    """The module, after it was tried in a process of its own."""
    candidates = [one for one in crm.registry() if one.name == name]
    if not candidates:
        raise ModuleError(_("There is no module of this name."), module=name, hint=_("Install its package first."))
    failures = refuse(candidates) or probe(candidates, crm.settings.data_dir, again=name not in crm.installed)
    if failures:
        raise failures[name].error()
    return crm.installed.get(name) or load(candidates[0])


def _missing(crm: Crm, wanted: Loaded) -> list[Loaded]:
    """The module and what it requires, dependencies first, without what is enabled."""
    chain: dict[str, Loaded] = {}

    def add(one: Loaded) -> None:
        for need in one.module.requires:
            if need != "core" and not crm.has(need) and need not in chain:
                add(_tried(crm, need))
        chain.setdefault(one.module.name, one)

    add(wanted)
    return list(chain.values())


def _enable(crm: Crm, one: Loaded, actor: Principal, check: Check) -> None:
    name = one.module.name
    with migration_lock(crm.database):
        revision = recorded(crm.database).get(name)
        if standing(one.schema, revision) != "current":
            back_up(crm.database, crm.settings.data_dir / "backups", f"before-{name}")
            migrate(crm.database, one.schema)
        with crm.writing(actor, origin="cli") as session:
            enabled = _enabled(session)
            if name in enabled:
                return
            before = session.get(ModuleState, name)
            _call_code(one, "crm_module_enabled", session=session, first_time=before is None or not before.ever_enabled)
            _record(session, one, state="enabled")
            built = crm.rebuilt(enabled | {name})
            if name in built.failures:
                raise built.failures[name].error()
            check(built)
            next_generation(session.connection())


def _enabled(session: Session) -> frozenset[str]:
    rows = session.scalars(select(ModuleState.name).where(ModuleState.state == "enabled", ModuleState.name != "core"))
    return frozenset(rows)


def _record(session: Session, one: Loaded, *, state: str) -> None:
    """Write the module's row; its tables are listed so that it can be purged without its code."""
    schema = one.schema
    tables = sorted(name for name in inspect(session.connection()).get_table_names() if schema.owns(name))
    session.execute(delete(ModuleState).where(ModuleState.name == schema.module))
    row = {"name": schema.module, "state": state, "version": one.installed.version or None, "tables": tables}
    session.execute(insert(ModuleState).values({**row, "ever_enabled": True, "last_error": None, "changed_at": now()}))


def _remember(crm: Crm, name: str, error: CrmError) -> None:
    """Keep why enabling failed, unless the module is running in spite of it."""
    if crm.settings.safe_mode or name not in {one.name for one in crm.registry()}:
        return
    with crm.database.lane(), crm.database.write.begin() as connection:
        known = connection.scalar(select(ModuleState.name).where(ModuleState.name == name))
        if known is None:
            connection.execute(insert(ModuleState).values(name=name, state="available", tables=[], ever_enabled=False))
        connection.execute(update(ModuleState).where(ModuleState.name == name).values(last_error=str(error)))


def _call(crm: Crm, name: str, hook: str, **arguments: Any) -> None:
    """Call a hook on one module only, if it is loaded and has it."""
    loaded = crm.installed.get(name)
    if loaded is not None:
        _call_code(loaded, hook, **arguments)


def _call_code(loaded: Loaded, hook: str, **arguments: Any) -> None:
    function = getattr(loaded.code, hook, None)
    if function is None:
        return
    wanted: Collection[str] = function.__code__.co_varnames[: function.__code__.co_argcount]
    try:
        function(**{key: value for key, value in arguments.items() if key in wanted})
    except CrmError:
        raise
    except Exception as error:
        raise ModuleError(
            _("It failed in %(hook)s: %(error)s", hook=hook, error=f"{type(error).__name__}: {error}"),
            module=loaded.module.name,
            hint=_("Nothing was changed. Report this to the author of the module."),
        ) from error
