"""The reference pages say exactly what there is: nothing is missing, nothing is left over."""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import crm_core
import crm_web.plugin
from crm_core import Contribution
from crm_core.plugin import contributions
from crm_core.plugin.hookspecs import Hookspecs

DESCRIPTORS = {*contributions.__all__, "Entity", "Field", "Part", "Section"}
SIGNATURE = re.compile(r"^def (\w+)(\(.*\) -> .*): \.\.\.$", re.MULTILINE)
ROW = re.compile(r"^\| `(\w+)` \| (.+) \|$", re.MULTILINE)


@pytest.fixture
def reference(root: Path) -> Path:
    return root / "docs" / "reference"


def sections(page: Path) -> dict[str, str]:
    """The text below each heading of the second rank."""
    parts = re.split(r"^## (.+)$", page.read_text("utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def signature_of(hook: Any) -> str:
    found = inspect.signature(hook)
    return str(found.replace(parameters=list(found.parameters.values())[1:])).replace("'", "")


def default_of(field: dataclasses.Field[Any]) -> str:
    if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
        return ""
    if field.default is dataclasses.MISSING or callable(field.default):
        return "…"
    return f"`{field.default!r}`"


def fields_of(name: str) -> dict[str, str]:
    """The fields of a descriptor with their defaults; what every contribution has counts for the base alone."""
    described = getattr(crm_core, name)
    base = {field.name for field in dataclasses.fields(Contribution)}
    own = base if name != "Contribution" and issubclass(described, Contribution) else set()
    return {field.name: default_of(field) for field in dataclasses.fields(described) if field.name not in own}


def test_the_page_of_hooks_has_every_hook_as_it_is_called(reference: Path) -> None:
    real = {name: signature_of(hook) for name, hook in vars(Hookspecs).items() if name.startswith("crm_")}
    assert dict(SIGNATURE.findall((reference / "hooks.md").read_text("utf-8"))) == real


def test_the_page_of_hooks_says_for_each_what_happens(reference: Path) -> None:
    _before, *texts = re.split(r"^```python$", (reference / "hooks.md").read_text("utf-8"), flags=re.MULTILINE)
    told = ("**When**", "**Transaction**", "**Returns**", "**An exception**")
    assert [(text.split("(", 1)[0].strip(), word) for text in texts for word in told if word not in text] == []


def test_the_page_of_contributions_has_every_descriptor(reference: Path) -> None:
    assert set(sections(reference / "contributions.md")) == DESCRIPTORS


@pytest.mark.parametrize("name", sorted(DESCRIPTORS))
def test_the_page_of_contributions_has_every_field_and_its_default(reference: Path, name: str) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) ?\| .+ \|$", sections(reference / "contributions.md")[name], re.MULTILINE)
    assert dict(rows) == fields_of(name)


@pytest.mark.parametrize("package", [crm_core, crm_web.plugin], ids=lambda package: package.__name__)
def test_the_page_of_public_names_has_every_name_once(reference: Path, package: Any) -> None:
    told = [name for name, _meaning in ROW.findall(sections(reference / "public-names.md")[package.__name__])]
    assert told == sorted(package.__all__)
