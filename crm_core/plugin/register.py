"""Registering modules with pluggy, collecting what they contribute, and checking it."""

from __future__ import annotations

import re
import traceback
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pluggy

from crm_core.errors import CrmError
from crm_core.plugin.calls import call_each
from crm_core.plugin.contributions import Contribution, Job, Permission, Routes
from crm_core.plugin.discover import Loaded
from crm_core.plugin.failure import Failure
from crm_core.plugin.hookspecs import Hookspecs
from crm_core.text import Msg, messages

if TYPE_CHECKING:
    from crm_core.entity.descriptor import Entity
    from crm_core.runtime import Crm

__all__ = ["Gathered", "check", "gather", "register"]

_ = messages("core")

_ID = re.compile(r"[a-z][a-z0-9]{1,19}(\.[a-z][a-z0-9_]*)+")
_ACTIONS = ("view", "create", "edit", "delete", "export", "assign")
_PEOPLE = ("core.user", "core.team")
"""What a reference may point to besides entities."""

By = tuple[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What the modules contribute, by kind, each kind sorted by (order, rank of the module, id)."""

    contributions: Mapping[type[Contribution], tuple[Contribution, ...]]
    failures: Mapping[str, Failure]


def register(modules: Sequence[Loaded]) -> tuple[pluggy.PluginManager, dict[str, Failure]]:
    """A manager with the hooks of the given modules; a module with a misspelt hook is left out and named."""
    manager = pluggy.PluginManager("crm")
    manager.add_hookspecs(Hookspecs)
    failures: dict[str, Failure] = {}
    for loaded in modules:
        name = loaded.module.name
        try:
            manager.register(loaded.code, name)
            manager.check_pending()
        except pluggy.PluginValidationError as error:
            manager.unregister(name=name)
            message = _("One of its hooks is not as the core calls it: %(error)s", error=str(error))
            failures[name] = Failure(module=name, stage="contribute", message=message)
    return manager, failures


def gather(crm: Crm, modules: Sequence[Loaded]) -> Gathered:
    """Ask every module for its contributions and check them; a module with a bad one fails as a whole."""
    given: list[By] = []
    failures: dict[str, Failure] = {}
    for module, found, error in call_each(crm.manager, "crm_contribute", crm=crm):
        try:
            if error is not None:
                raise error
            given.extend((module, item) for item in found or ())
        except Exception as raised:  # noqa: BLE001 - isolation point: generators of the modules run here
            failures[module] = _broken(module, raised)
    packages = {loaded.module.name: loaded.module.package for loaded in modules}
    for module, problem in check(given, packages):
        failures.setdefault(module, Failure(module=module, stage="contribute", message=problem))
    rank = {loaded.module.name: place for place, loaded in enumerate(modules)}
    kinds: dict[type[Contribution], list[Contribution]] = defaultdict(list)
    for _module, item in sorted(given, key=lambda pair: _place(pair, rank)):
        kinds[type(item)].append(item)
    return Gathered(contributions={kind: tuple(items) for kind, items in kinds.items()}, failures=failures)


def _place(pair: By, rank: Mapping[str, int]) -> tuple[int, int, str]:
    module, item = pair
    return getattr(item, "order", 0), rank[module], str(getattr(item, "id", ""))


def _broken(module: str, error: Exception) -> Failure:
    message = (
        error.message
        if isinstance(error, CrmError)
        else _("It failed while contributing: %(error)s", error=f"{type(error).__name__}: {error}")
    )
    detail = "".join(traceback.format_exception(error))
    return Failure(module=module, stage="contribute", message=message, detail=detail)


def check(given: Sequence[By], packages: Mapping[str, str]) -> Iterator[tuple[str, Msg]]:
    """Every mistake in what modules contribute, with the module that made it."""
    sound = []
    for module, item in given:
        if isinstance(item, Contribution):
            sound.append((module, item))
        else:
            yield module, _("It contributes something that is no contribution: %(item)s.", item=repr(item))
    yield from _check_ids(sound)
    entities = {item.id: cast("Entity", item) for _module, item in sound if _is_entity(item)}
    permissions = {item.id for _module, item in sound if isinstance(item, Permission)}
    permissions |= {f"{entity}.{action}" for entity in entities for action in _ACTIONS}
    for module, item in sound:
        yield from ((module, problem) for problem in _check_names(item, entities, permissions))
        if isinstance(item, Routes | Job) and not _own_target(item.target, packages[module]):
            yield (
                module,
                _("%(id)s: «%(target)s» is not package.module:name of its own.", id=item.id, target=item.target),
            )
        if _is_entity(item):
            yield from ((module, problem) for problem in _check_entity(cast("Entity", item), entities))


def _check_ids(given: Sequence[By]) -> Iterator[tuple[str, Msg]]:
    seen: dict[tuple[type[Contribution], str], str] = {}
    for module, item in given:
        owner = item.id.split(".", 1)[0]
        key = (type(item), item.id)
        if _ID.fullmatch(item.id) is None:
            yield module, _("«%(id)s» is no id: it must be %(module)s.name.", id=item.id, module=module)
        elif owner != module:
            yield module, _("It contributes %(id)s, which belongs to the module %(owner)s.", id=item.id, owner=owner)
        if key in seen:
            by = sorted({seen[key], module})
            yield module, _("%(id)s is contributed twice, by %(modules)s.", id=item.id, modules=", ".join(by))
        seen[key] = module


def _check_names(item: Any, entities: Mapping[str, Any], permissions: set[str]) -> Iterator[Msg]:
    entity = getattr(item, "entity", None)
    if entity is not None and entity not in entities:
        yield _("%(id)s is for the entity %(entity)s, which nobody contributes.", id=item.id, entity=entity)
    if item.permission is not None and item.permission not in permissions:
        yield _("%(id)s needs the right %(right)s, which nobody contributes.", id=item.id, right=item.permission)


def _check_entity(entity: Entity, entities: Mapping[str, Entity]) -> Iterator[Msg]:
    table = entity.table
    if not table.name.startswith(entity.module + "_"):
        yield _("%(id)s: its table must be called %(prefix)s_….", id=entity.id, prefix=entity.module)
    twins = [other.id for other in entities.values() if other.module == entity.module and other.path == entity.path]
    if len(twins) > 1:
        yield _("%(ids)s have the same path.", ids=", ".join(sorted(twins)))
    for field in entity.fields:
        if field.name not in table.c:
            yield _("%(id)s: there is no column %(name)s.", id=entity.id, name=field.name)
        if field.ref is not None and field.ref not in entities and field.ref not in _PEOPLE:
            yield _(
                "%(id)s: %(name)s points to %(ref)s, which nobody contributes.",
                id=entity.id,
                name=field.name,
                ref=field.ref,
            )
    known = {*(field.name for field in entity.fields), *(part.name for part in entity.parts), *table.c.keys()}
    for name in sorted({entity.title, *entity.search, *entity.texts, *entity.match, *entity.rolls_up} - known):
        yield _("%(id)s: there is no field or part %(name)s.", id=entity.id, name=name)


def _is_entity(item: Any) -> bool:
    # By its shape: descriptors of entities stand in a layer above this one.
    return hasattr(item, "model") and hasattr(item, "plural") and hasattr(item, "path")


def _own_target(target: str, package: str) -> bool:
    return re.fullmatch(rf"{re.escape(package)}(\.\w+)*:\w+", target) is not None
