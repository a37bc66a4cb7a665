"""Finding what is installed and importing it, one ``try`` for each: a bad module stops no other.

A module is an entry point of the group ``crm.modules``. Its distribution says with which core it works
(``crm-core>=1.4,<2``), and which other distributions it needs; both are read before any of its code runs.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from types import ModuleType

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from crm_core.db.revision import Schema, schema_of
from crm_core.errors import CrmError, ModuleError
from crm_core.plugin.failure import Failure, Stage
from crm_core.plugin.module import NAME_PATTERN, RESERVED_NAMES, Module
from crm_core.plugin.resolve import ordered
from crm_core.text import Msg, messages

__all__ = [
    "CORE",
    "GROUP",
    "Discovery",
    "Installed",
    "Loaded",
    "Registry",
    "discover",
    "find_installed",
    "load",
    "refuse",
]

_ = messages("core")

GROUP = "crm.modules"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A module as its distribution announces it; ``target`` is the Python module that holds ``MODULE``."""

    name: str
    target: str
    distribution: str
    version: str
    requires: tuple[str, ...] = ()

    def needs(self) -> dict[str, Requirement]:
        """What the distribution requires, by canonical name; conditional extras are left out."""
        parsed = (Requirement(line) for line in self.requires)
        return {canonicalize_name(found.name): found for found in parsed if found.marker is None}


Registry = Callable[[], Sequence[Installed]]
"""Gives what is installed; another one than ``find_installed`` is for tests."""

CORE = Installed(name="core", target="crm_core.service.core", distribution="crm-core", version="")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Loaded:
    """A module whose manifest was imported; ``code`` holds its hooks."""

    installed: Installed
    module: Module
    code: ModuleType

    @property
    def folder(self) -> Path:
        """The folder of the import package: templates, static files, locale, migrations."""
        return self.schema.folder.parent.parent

    @property
    def schema(self) -> Schema:
        """The module's tables and revisions."""
        return schema_of(self.module.name, self.module.package)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Discovery:
    """What was found: each installed module is in one of the two."""

    loaded: Mapping[str, Loaded] = field(default_factory=dict)
    failures: Mapping[str, Failure] = field(default_factory=dict)


def find_installed() -> tuple[Installed, ...]:
    """The modules of all distributions in this environment, sorted by name."""
    found = [
        Installed(
            name=entry.name,
            target=entry.value,
            distribution=entry.dist.name,
            version=entry.dist.version,
            requires=tuple(entry.dist.requires or ()),
        )
        for entry in metadata.entry_points(group=GROUP)
        if entry.dist is not None
    ]
    # An editable install beside a built one announces the same thing twice.
    return tuple(sorted(dict.fromkeys(found), key=lambda one: (one.name, one.distribution)))


def refuse(candidates: Sequence[Installed]) -> dict[str, Failure]:
    """The modules that must not even be imported: bad or doubled names, and another core than this."""
    core, failures = metadata.version("crm-core"), {}
    for one in candidates:
        twins = sorted({other.distribution for other in candidates if other.name == one.name})
        problem = _refusal(one, twins, core)
        if problem is not None:
            failures[one.name] = Failure(module=one.name, stage="install", message=problem)
    return failures


def _refusal(one: Installed, twins: Sequence[str], core: str) -> Msg | None:
    if re.fullmatch(NAME_PATTERN, one.name) is None or one.name in RESERVED_NAMES:
        return _("A module cannot be called %(name)s.", name=one.name)
    if len(twins) > 1:
        return _("Several distributions bring a module %(name)s: %(all)s.", name=one.name, all=", ".join(twins))
    needed = one.needs().get("crm-core")
    if needed is None:
        return _("%(distribution)s does not say with which crm-core it works.", distribution=one.distribution)
    if not needed.specifier.contains(core, prereleases=True):
        return _("It works with %(needed)s, this is crm-core %(core)s.", needed=str(needed), core=core)
    return None


def discover(candidates: Sequence[Installed], refused: Mapping[str, Failure]) -> Discovery:
    """Import the given modules but the refused ones, dependencies first."""
    loaded: dict[str, Loaded] = {}
    failures = dict(refused)
    for one in by_dependency(candidates):
        if one.name in failures:
            continue
        try:
            loaded[one.name] = load(one)
        except CrmError as error:
            failures[one.name] = Failure(module=one.name, stage="import", message=error.message, hint=error.hint)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - isolation point: code of others may raise anything
            failures[one.name] = broken(one, candidates, failures, error)
    return Discovery(loaded=loaded, failures=failures)


def load(one: Installed) -> Loaded:
    """Import one module's manifest and models; raises whatever its code raises, and ``ModuleError``."""
    code = importlib.import_module(one.target)
    module = getattr(code, "MODULE", None)
    if not isinstance(module, Module) or module.name != one.name:
        raise ModuleError(
            _("%(target)s holds no MODULE that is called %(name)s.", target=one.target, name=one.name), module=one.name
        )
    if importlib.util.find_spec(f"{module.package}.models") is not None:
        importlib.import_module(f"{module.package}.models")
    return Loaded(installed=one, module=module, code=code)


def broken(
    one: Installed, candidates: Sequence[Installed], failures: Mapping[str, Failure], error: BaseException
) -> Failure:
    """The failure of a module whose import raised; it is blocked where a module that it needs has failed."""
    needs = one.needs()
    culprits = [
        other.name for other in candidates if other.name in failures and canonicalize_name(other.distribution) in needs
    ]
    stage: Stage = "dependency" if culprits else "import"
    said = f"{type(error).__name__}: {error}"
    message = (
        _("It needs %(modules)s, which cannot be used.", modules=", ".join(culprits))
        if culprits
        else _("It cannot be imported: %(error)s", error=said)
    )
    return Failure(module=one.name, stage=stage, message=message, detail="".join(traceback.format_exception(error)))


def by_dependency(candidates: Sequence[Installed]) -> Iterator[Installed]:
    """The modules in the order in which their distributions need each other, by name where that is free."""
    named = {one.name: one for one in candidates}
    edges = {
        one.name: {
            other.name
            for other in candidates
            if other.distribution != one.distribution and canonicalize_name(other.distribution) in one.needs()
        }
        for one in candidates
    }
    order, cyclic = ordered(edges)
    return (named[name] for name in (*order, *sorted(cyclic)))
