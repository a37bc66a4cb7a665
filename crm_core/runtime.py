"""``Crm``: the running program as an immutable value of settings, enabled modules and contributions."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import pluggy
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, configure_mappers

from crm_core.access.principal import Principal, system
from crm_core.db import session as sessions
from crm_core.db.engine import Database, open_database
from crm_core.db.migrate import Step, upgrade
from crm_core.db.policy import require_policies
from crm_core.db.revision import standing
from crm_core.entity.descriptor import Entity
from crm_core.errors import ConfigurationError, CrmError
from crm_core.plugin.contributions import Contribution
from crm_core.plugin.discover import CORE, Discovery, Loaded, Registry, discover, find_installed, load, refuse
from crm_core.plugin.failure import Failure
from crm_core.plugin.lifecycle import install_core, upgrade_modules
from crm_core.plugin.module import Module
from crm_core.plugin.probe import probe
from crm_core.plugin.register import gather, register
from crm_core.plugin.resolve import resolve
from crm_core.plugin.state import Stored, next_generation, read_state
from crm_core.settings import Settings
from crm_core.text import Msg, messages
from crm_core.translation import Translator

__all__ = ["Crm", "build", "prepare"]

_ = messages("core")

_SHELL = "crm_web"
"""The package whose catalogue serves the domain ``web``; it is looked up, never imported."""

C = TypeVar("C", bound=Contribution)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Crm:
    """What the program consists of while one set of modules is enabled.

    ``modules`` are the enabled ones in the order of their dependencies, ``core`` first. ``installed``
    are all that could be imported, ``failures`` those that are enabled or installed but cannot be used.
    ``statements`` keeps compiled shapes of queries; it is the only thing that changes, and only grows.
    """

    settings: Settings
    database: Database
    generation: int
    modules: tuple[Module, ...]
    manager: pluggy.PluginManager
    contributions: Mapping[type[Contribution], tuple[Contribution, ...]]
    entities: Mapping[str, Entity]
    translator: Translator
    installed: Mapping[str, Loaded] = field(default_factory=dict)
    failures: Mapping[str, Failure] = field(default_factory=dict)
    registry: Registry = find_installed
    statements: dict[Any, Any] = field(default_factory=dict)

    def all(self, kind: type[C]) -> tuple[C, ...]:
        """The contributions of one kind, sorted."""
        return self.contributions.get(kind, ())  # type: ignore[return-value]

    def has(self, module: str) -> bool:
        """Whether a module is enabled."""
        return any(found.name == module for found in self.modules)

    def rebuilt(self, enabled: Collection[str]) -> Crm:
        """The program with another set of enabled modules, on the same database; it is not put into service."""
        return build(self.settings, self.database, enabled=enabled, registry=self.registry)

    def translate(self, message: Msg | str, language: str) -> str:
        """A message in a language, English where there is no translation."""
        return self.translator.text(message, language)

    @contextlib.contextmanager
    def reading(self, actor: Principal, **info: Any) -> Iterator[Session]:
        """A session that cannot write."""
        with sessions.reading(self.database, actor, crm=self, **info) as session:
            yield session

    @contextlib.contextmanager
    def writing(self, actor: Principal, *, origin: str = "ui", **info: Any) -> Iterator[Session]:
        """One transaction: commits at the end, rolls back on any error."""
        with sessions.writing(self.database, actor, origin=origin, crm=self, **info) as session:
            yield session


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What ``prepare`` did to the tables, and the modules whose tables it could not change."""

    steps: tuple[Step, ...]
    errors: Mapping[str, CrmError]


def build(
    settings: Settings,
    database: Database | None = None,
    *,
    enabled: Collection[str] | None = None,
    registry: Registry = find_installed,
) -> Crm:
    """The program with the modules that the database (or ``enabled``) says; the base always comes up.

    A module that cannot be used is in ``failures`` with its reason, and what requires it is blocked.
    ``settings.strict`` makes the first failure fatal (``ModuleError``), ``settings.safe_mode`` starts the
    core alone. Raises ``ConfigurationError`` when the core's own tables are not at this version.
    """
    database = database or open_database(settings.database_url)
    core = load(CORE)
    with database.read.connect() as connection:
        stored = read_state(connection, core.schema)
    found = Discovery() if settings.safe_mode else _discover(settings, registry)
    wanted = frozenset() if settings.safe_mode else frozenset(stored.enabled if enabled is None else enabled)
    _configure_models()
    loaded = {"core": core, **found.loaded}
    bare = Crm(
        settings=settings,
        database=database,
        generation=stored.generation,
        modules=(),
        manager=pluggy.PluginManager("crm"),
        contributions={},
        entities={},
        translator=Translator(_catalogues(loaded)),
        installed=loaded,
        registry=registry,
    )
    crm = _assemble(bare, wanted, {**found.failures, **_unusable(wanted, found, stored)})
    if settings.strict and crm.failures:
        raise next(iter(crm.failures.values())).error()
    return crm


def prepare(settings: Settings, database: Database, *, registry: Registry = find_installed) -> tuple[Crm, Prepared]:
    """Bring the database to the installed code and give the program: what a first start and an update need.

    The core's tables come first, then its seeds, then the tables of the modules that have any. Raises
    ``CrmError`` when the core fails; a module that fails stays as it was and is named in the result.
    """
    core = load(CORE)
    steps = upgrade(database, [core.schema], backups=settings.data_dir / "backups")
    crm = build(settings, database, registry=registry)
    install_core(crm, system("install"))
    more, errors = upgrade_modules(crm)
    if more:
        with database.lane(), database.write.begin() as connection:
            next_generation(connection)
        crm = build(settings, database, registry=registry)
    return crm, Prepared(steps=(*steps, *more), errors=errors)


def _discover(settings: Settings, registry: Registry) -> Discovery:
    candidates = registry()
    refused = refuse(candidates)
    failed = probe([one for one in candidates if one.name not in refused], settings.data_dir)
    return discover(candidates, {**refused, **failed})


def _configure_models() -> None:
    """Every module was tried before, so this fails only where two good ones do not go together."""
    try:
        configure_mappers()
    except SQLAlchemyError as error:
        raise ConfigurationError(
            _("The models of the modules do not go together: %(error)s", error=str(error)),
            hint=_("Start with CRM_SAFE_MODE=1, and remove the module that the error names."),
        ) from error
    require_policies()


def _unusable(wanted: Collection[str], found: Discovery, stored: Stored) -> dict[str, Failure]:
    """The wanted modules that have no package, or another schema than the code says."""
    failures: dict[str, Failure] = {}
    for name in sorted(wanted):
        if name in found.failures:
            continue
        if name not in found.loaded:
            failures[name] = Failure(module=name, stage="missing", message=_("Its package is not installed."))
            continue
        revision = stored.revisions.get(name)
        state = standing(found.loaded[name].schema, revision)
        if state == "ahead":
            message = _("The database has revision %(revision)s, which is newer than the code.", revision=revision)
            failures[name] = Failure(module=name, stage="ahead", message=message)
        elif state != "current":
            message = _("Its tables are not those of this version yet.")
            failures[name] = Failure(module=name, stage="behind", message=message, hint=_("Run: crm db upgrade"))
    return failures


def _assemble(bare: Crm, wanted: Collection[str], failures: Mapping[str, Failure]) -> Crm:
    """Register and collect; modules that fail are left out, and the rest is put together anew."""
    manifests = {name: loaded.module for name, loaded in bare.installed.items() if name != "core"}
    resolution = resolve(manifests, wanted, failures)
    failures = {**failures, **resolution.failures}
    members = tuple(bare.installed[name] for name in ("core", *resolution.order))
    manager, broken = register(members)
    if not broken:
        crm = replace(bare, modules=tuple(one.module for one in members), manager=manager, failures=failures)
        gathered = gather(crm, members)
        broken = dict(gathered.failures)
        if not broken:
            entities = {entity.id: entity for entity in gathered.contributions.get(Entity, ())}
            return replace(crm, contributions=gathered.contributions, entities=entities)  # type: ignore[arg-type]
    if "core" in broken:
        raise broken["core"].error()
    return _assemble(bare, wanted, {**failures, **broken})


def _catalogues(loaded: Mapping[str, Loaded]) -> dict[str, Path]:
    folders = {name: one.folder / "locale" for name, one in loaded.items()}
    shell = importlib.util.find_spec(_SHELL)
    if shell is not None and shell.submodule_search_locations:
        folders["web"] = Path(shell.submodule_search_locations[0]) / "locale"
    return folders
