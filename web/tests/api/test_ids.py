"""Names are contracts: whatever was published once stands in ``docs/ids.txt`` for ever."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_core.access.principal import ACTIONS
from crm_core.plugin.contributions import EventType, HistoryKind, Permission
from crm_core.plugin.discover import find_installed
from crm_core.runtime import Crm
from crm_web.api.catalogue import PREFIX, each_operation
from crm_web.api.problem import KINDS

ROOT = Path(__file__).resolve().parents[3]
PUBLISHED = ROOT / "docs" / "ids.txt"
# The example is a template that nobody builds upon.
MODULES = sorted({found.name for found in find_installed()} - {"example"})


def published_by(crm: Crm, module: str) -> Iterator[str]:
    """What a module publishes, one line each: the kind of name, and the name."""
    for entity in crm.entities.values():
        if entity.module == module:
            yield f"entity {entity.id}"
            yield from (f"permission {entity.id}.{action}" for action in ACTIONS)
    for kind, noun in ((Permission, "permission"), (EventType, "event"), (HistoryKind, "history")):
        yield from (f"{noun} {found.id}" for found in crm.all(kind) if found.id.startswith(f"{module}."))
    for path, operation, _entity in each_operation(crm):
        if path.startswith(f"/{module}/"):
            yield f"path {operation.method} {PREFIX}{path}"
    if module == "core":
        yield from (f"problem {kind}" for kind in KINDS)


def module_of(line: str) -> str:
    kind, _space, name = line.partition(" ")
    if kind == "path":
        return name.split("/")[3]
    return "core" if kind == "problem" else name.split(".")[0]


@pytest.mark.parametrize("module", ["core", *(pytest.param(name, marks=pytest.mark.modules(name)) for name in MODULES)])
def test_every_name_is_written_down(crm: Crm, module: str) -> None:
    assert set(published_by(crm, module)) == written(module)


def written(module: str) -> set[str]:
    return {line for line in PUBLISHED.read_text(encoding="utf-8").splitlines() if module_of(line) == module}


def test_no_name_was_ever_taken_back() -> None:
    removed = [line for line in changes() if line.startswith("-") and not line.startswith("---")]
    assert removed == []


def changes() -> list[str]:
    """The lines of all changes of the file: those that were committed, and those that are about to be."""
    found: list[str] = []
    for command in (["log", "-p", "--format="], ["diff", "HEAD"]):
        git = ["git", *command, "--unified=0", "--", PUBLISHED.name]
        found += subprocess.run(
            git, cwd=PUBLISHED.parent, capture_output=True, text=True, check=True
        ).stdout.splitlines()
    return found
