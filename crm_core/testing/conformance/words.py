"""Checks of what people read: every text is translated, everything public is documented."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata, util
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from crm_core.plugin.contributions import Command, EventType, Job, Permission, SettingsSchema
from crm_core.plugin.discover import Installed, Loaded
from crm_core.runtime import Crm
from crm_core.testing.conformance.subject import Subject

__all__ = ["WordChecks"]

_KEYWORDS: dict[str, Any] = {"_": None, "gettext": None, "plural": (1, 2), "ngettext": (1, 2)}
_DOCUMENTED = (Permission, Command, EventType, Job, SettingsSchema)


class WordChecks(Subject):
    """Everything that the module says is said in every language, and what it publishes stands in its README."""

    @pytest.mark.parametrize("language", ["ru"])
    def test_every_text_is_translated(self, package: Path, language: str) -> None:
        core = Path(__file__).parents[2]
        known = _translated(package, self.module, language) | _translated(core, "core", language)
        missing = sorted({text for text in _texts(package) if text not in known})
        assert missing == []

    def test_the_readme_names_everything_that_is_public(
        self, enabled: Crm, announced: Installed, package: Path
    ) -> None:
        readme = _readme(announced, package)
        public = [entity.id for entity in self.own(enabled)]
        for kind in _DOCUMENTED:
            public += [item.id for item in enabled.all(kind) if item.id.startswith(self.module + ".")]
        for schema in enabled.all(SettingsSchema):
            if schema.id.startswith(self.module + "."):
                public += [f"{self.module}.{field.name}" for field in schema.fields]
        assert [name for name in public if name not in readme] == []

    def test_templates_stand_in_a_folder_of_the_modules_name(self, package: Path) -> None:
        folder = package / "templates"
        stray = [path.name for path in folder.iterdir() if path.name != self.module] if folder.exists() else []
        assert stray == []

    def test_templates_hold_no_script_style_or_hx_attribute(self, package: Path) -> None:
        wrong = [
            f"{path.name}: {mark}"
            for path in sorted((package / "templates").rglob("*.html"))
            for mark in ("<script", "<style", " style=", " hx-", " onclick=")
            if mark in path.read_text(encoding="utf-8").lower()
        ]
        assert wrong == []

    def test_the_distribution_is_typed(self, loaded: Loaded, package: Path) -> None:
        assert (package / "py.typed").exists()


def _texts(package: Path) -> Iterator[str]:
    methods = [("**.py", "python")]
    if util.find_spec("jinja2") is not None:
        methods.append(("templates/**.html", "jinja2"))
    for _file, _line, message, _comments, _context in extract_from_dir(package, methods, keywords=_KEYWORDS):
        yield message if isinstance(message, str) else message[0]


def _translated(package: Path, domain: str, language: str) -> set[str]:
    path = package / "locale" / language / "LC_MESSAGES" / f"{domain}.po"
    if not path.exists():
        return set()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    return {_first(message.id) for message in catalogue if message.id and _complete(message.string)}


def _first(text: Any) -> str:
    return str(text if isinstance(text, str) else text[0])


def _complete(translation: Any) -> bool:
    return bool(translation) if isinstance(translation, str) else all(translation)


def _readme(announced: Installed, package: Path) -> str:
    beside = package.parent / "README.md"
    if beside.exists():
        return beside.read_text(encoding="utf-8")
    return str(metadata.metadata(announced.distribution).json.get("description", ""))
