"""Small installed modules for one test, written to a folder and announced like entry points."""

from __future__ import annotations

import importlib
import itertools
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from sqlalchemy import Table

from crm_core.db.base import Base
from crm_core.plugin.discover import Installed

__all__ = ["ModuleMaker"]

_MANIFEST = """
from crm_core.plugin.hookspecs import hookimpl
from crm_core.plugin.module import Module
from crm_core.text import messages

_ = messages({name!r})
MODULE = Module(
    name={name!r}, title=_({name!r}), summary=_("made for a test"), package={package!r}, requires={requires!r}
)
"""

_NUMBERS = itertools.count(1)


@dataclass(slots=True, kw_only=True)
class ModuleMaker:
    """Writes packages into ``folder``, which is on the import path; as a registry it announces them.

    Each gets an import package of a name that no other test used: an import cannot be undone.
    """

    folder: Path
    made: list[Installed] = field(default_factory=list)

    def __call__(self) -> Sequence[Installed]:
        """What is installed, in the order of the names: give the maker itself as ``registry``."""
        return tuple(sorted(self.made, key=lambda one: one.name))

    def make(
        self,
        name: str,
        code: str = "",
        *,
        files: Mapping[str, str] | None = None,
        revisions: Iterable[str] = (),
        requires: Sequence[str] = (),
        core: str = "crm-core>=0.1",
        tried: bool = False,
    ) -> Installed:
        """Install a module: ``code`` follows its manifest, ``files`` are further files of its package.

        ``revisions`` are the bodies of ``upgrade()``, one for each revision; ``downgrade()`` drops every
        table of the module. ``tried`` imports it at once, which saves the process that would try it.
        """
        package = f"crm_made_{next(_NUMBERS)}_{name}"
        manifest = _MANIFEST.format(name=name, package=package, requires=tuple(requires))
        self._write(package, "__init__.py", "")
        self._write(package, "module.py", manifest + textwrap.dedent(code))
        for path, text in (files or {}).items():
            self._write(package, path, textwrap.dedent(text))
        for number, body in enumerate(revisions, 1):
            self._write(package, f"migrations/versions/{name}_{number:04d}_step.py", _revision(name, number, body))
        needed = (f"made-{need}" for need in requires if need != "core")
        one = Installed(
            name=name,
            target=f"{package}.module",
            distribution=f"made-{name}",
            version="1.0",
            requires=(core, *needed),
        )
        self.made.append(one)
        if tried:
            importlib.import_module(one.target)
        return one

    def forget(self) -> None:
        """Take the models of the made modules out of the process again, for the tests that follow."""
        packages = {one.target.split(".", 1)[0] for one in self.made}
        for mapper in list(Base.registry.mappers):
            if mapper.class_.__module__.split(".", 1)[0] in packages:
                Base.metadata.remove(cast("Table", mapper.local_table))
                # Nothing but a test wants this, so SQLAlchemy has no public way.
                Base.registry._dispose_manager_and_mapper(mapper.class_manager)
                Base.registry._managers.pop(mapper.class_manager, None)
        for name in [name for name in sys.modules if name.split(".", 1)[0] in packages]:
            del sys.modules[name]

    def package(self, name: str) -> Path:
        """The folder of a made module's import package."""
        target = next(one.target for one in self.made if one.name == name)
        return self.folder / target.split(".", 1)[0]

    def _write(self, package: str, path: str, text: str) -> None:
        file = self.folder / package / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _revision(name: str, number: int, body: str) -> str:
    before = repr(f"{name}_{number - 1:04d}") if number > 1 else "None"
    return f"""
import sqlalchemy as sa
from alembic import op
from crm_core.db import types

revision, down_revision, branch_labels, depends_on = "{name}_{number:04d}", {before}, None, None

def upgrade():
{textwrap.indent(textwrap.dedent(body).strip(), "    ")}

def downgrade():
    cascade = " CASCADE" if op.get_bind().dialect.name == "postgresql" else ""
    for table in sa.inspect(op.get_bind()).get_table_names():
        if table.startswith("{name}_") and table != "{name}_schema_version":
            op.execute("DROP TABLE " + table + cascade)
"""
