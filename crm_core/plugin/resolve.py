"""The order of modules: dependencies first, by name where that is free, so it is always the same."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from crm_core.plugin.failure import Failure
from crm_core.plugin.module import Module
from crm_core.text import messages

__all__ = ["Resolution", "dependents", "ordered", "resolve"]

_ = messages("core")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """The usable ones of the wanted modules in order, and why the others are not."""

    order: tuple[str, ...]
    failures: Mapping[str, Failure]


def resolve(modules: Mapping[str, Module], wanted: Collection[str], known: Mapping[str, Failure]) -> Resolution:
    """Order the wanted modules; one without something that it requires is blocked, and so on upwards.

    ``known`` are modules that cannot be used for other reasons; ``core`` needs not be mentioned.
    """
    failures: dict[str, Failure] = {}
    usable = {name: modules[name] for name in sorted(wanted) if name in modules and name not in known}
    while blocked := {name: absent for name, module in usable.items() if (absent := _absent(module, usable))}:
        for name, absent in blocked.items():
            failures[name] = _blocked(name, absent, wanted, {**known, **failures})
            del usable[name]
    hard = {name: set(module.requires) - {"core"} for name, module in usable.items()}
    soft = {name: needs | (set(usable[name].uses) & set(usable)) for name, needs in hard.items()}
    order, cyclic = ordered(soft)
    if cyclic:  # ``uses`` is a wish: where it makes a circle, it does not count
        order, cyclic = ordered(hard)
    for name in cyclic:
        failures[name] = Failure(
            module=name,
            stage="dependency",
            message=_("These modules require each other in a circle: %(modules)s.", modules=", ".join(sorted(cyclic))),
        )
    return Resolution(order=order, failures=failures)


def ordered(edges: Mapping[str, Collection[str]]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Names in the order of their edges (name -> what must come before), and those that lie on circles."""
    sorter = TopologicalSorter(edges)
    try:
        sorter.prepare()
    except CycleError as error:
        cyclic = frozenset(error.args[1])
        rest = {name: [need for need in needs if need not in cyclic] for name, needs in edges.items()}
        clear, more = ordered({name: needs for name, needs in rest.items() if name not in cyclic})
        return clear, cyclic | more
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order.extend(ready)
        sorter.done(*ready)
    return tuple(order), frozenset()


def dependents(modules: Mapping[str, Module], name: str) -> tuple[str, ...]:
    """The modules that require the named one, directly or through others, sorted."""
    found: set[str] = set()
    while more := {
        other for other, module in modules.items() if other not in found and {name, *found} & set(module.requires)
    }:
        found |= more
    return tuple(sorted(found))


def _absent(module: Module, usable: Mapping[str, Module]) -> list[str]:
    return sorted(set(module.requires) - set(usable) - {"core"})


def _blocked(name: str, absent: list[str], wanted: Collection[str], known: Mapping[str, Failure]) -> Failure:
    broken = any(need in known for need in absent)
    off = all(need not in wanted for need in absent)
    return Failure(
        module=name,
        stage="dependency",
        message=_("It needs %(modules)s, which cannot be used.", modules=", ".join(absent))
        if broken or not off
        else _("It needs %(modules)s, which is not enabled.", modules=", ".join(absent)),
        hint=_("Repair %(modules)s first.", modules=", ".join(absent))
        if broken
        else _("Enable %(modules)s first.", modules=", ".join(absent)),
    )
