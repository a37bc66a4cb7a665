"""The conformance suite finds what it is there to find: each mistake is made once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crm_core.access.principal import Principal
from crm_core.errors import ModuleError
from crm_core.plugin import discover
from crm_core.plugin.discover import Loaded, load
from crm_core.plugin.lifecycle import enable
from crm_core.runtime import Crm, build
from crm_core.testing.conformance import ModuleConformance, behaviour, manifest, subject
from crm_core.testing.conformance.imports import Import, imports_of
from crm_core.testing.module import ModuleMaker

MODELS = """
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column
from crm_core import Base, ChildOf, Id, Record, Owned

class Box(Base):
    __tablename__ = "{name}_box"
    __policy__ = ChildOf("account_id")
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    account_id: Mapped[str] = mapped_column(Id, ForeignKey("core_account.id"{ondelete}))
"""
BOX = (
    "op.create_table('{name}_box', sa.Column('id', types.Id(), primary_key=True),"
    " sa.Column('account_id', types.Id(), sa.ForeignKey('core_account.id', ondelete='CASCADE'), nullable=False){more})"
)


class Made:
    """The suite on a module that was made for the test."""

    def __init__(self, registry: ModuleMaker, name: str) -> None:
        self.checks = ModuleConformance()
        self.checks.module = name  # type: ignore[misc]
        self.announced = next(one for one in registry.made if one.name == name)
        self.loaded: Loaded = load(self.announced)

    @property
    def package(self) -> Path:
        return self.loaded.folder


@pytest.fixture
def registry(tmp_module: ModuleMaker, monkeypatch: pytest.MonkeyPatch) -> ModuleMaker:
    """What is made counts as installed, also for the suite."""
    for place in (discover, manifest, subject):
        monkeypatch.setattr(place, "find_installed", tmp_module)
    monkeypatch.setattr(behaviour, "build", lambda settings, db: build(settings, db, registry=tmp_module))
    return tmp_module


@pytest.mark.parametrize(
    ("line", "file", "allowed"),
    [
        ("from crm_core import Entity", "service.py", True),
        ("from crm_core import messages as m", "service.py", True),
        ("import json", "service.py", True),
        ("from flask import Blueprint", "views.py", True),
        ("from crm_web.plugin import render", "views/asset.py", True),
        ("from crm_core.db import types", "migrations/versions/x.py", True),
        ("from crm_core.entity.write import create", "service.py", False),
        ("from crm_core import no_such_name", "service.py", False),
        ("import crm_core.model", "service.py", False),
        ("from flask import g", "service.py", False),
        ("from crm_web.plugin import render", "service.py", False),
        ("from crm_web.context import render", "views.py", False),
        ("from crm_core import Entity", "migrations/versions/x.py", False),
        ("from crm_made.models import Box", "migrations/versions/x.py", False),
    ],
)
def test_only_public_names_are_allowed_each_in_its_place(
    registry: ModuleMaker, tmp_path: Path, line: str, file: str, allowed: bool
) -> None:
    registry.make("importer")
    made = Made(registry, "importer")
    path = tmp_path / "crm_made" / file
    path.parent.mkdir(parents=True)
    path.write_text(line + "\n")
    found = list(imports_of(tmp_path / "crm_made"))
    assert len(found) == 1
    assert made.checks._may(found[0], made.loaded) is allowed


def test_imports_for_annotations_do_not_count(tmp_path: Path) -> None:
    source = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from flask import Flask\n"
    (tmp_path / "a.py").write_text(source + "def late():\n    from flask import g\n")
    assert Import("flask", "Flask", "a.py", 3) not in list(imports_of(tmp_path))
    assert Import("flask", "g", "a.py", 5) in list(imports_of(tmp_path))


def test_a_foreign_key_that_does_not_say_what_becomes_of_it_is_found(registry: ModuleMaker) -> None:
    registry.make("loose", "from . import models", files={"models.py": MODELS.format(name="loose", ondelete="")})
    made = Made(registry, "loose")
    with pytest.raises(AssertionError, match="core_account"):
        made.checks.test_its_tables_bear_its_name_and_point_rightly(made.loaded)


def boxed(registry: ModuleMaker, name: str, code: str = "", more: str = "") -> Made:
    models = MODELS.format(name=name, ondelete=", ondelete='CASCADE'")
    revision = BOX.format(name=name, more=more)
    registry.make(name, f"from . import models\n{code}", files={"models.py": models}, revisions=[revision])
    return Made(registry, name)


def enabled(crm: Crm, actor: Principal, registry: ModuleMaker, name: str) -> Crm:
    enable(build(crm.settings, crm.database, registry=registry), name, actor)
    return build(crm.settings, crm.database, registry=registry)


def test_a_module_that_is_right_passes(registry: ModuleMaker, crm: Crm, actor: Principal, tmp_path: Path) -> None:
    made = boxed(registry, "righteous")
    checks, loaded = made.checks, made.loaded
    checks.test_the_manifest_is_valid(made.announced, loaded)
    checks.test_its_tables_bear_its_name_and_point_rightly(loaded)
    checks.test_it_imports_in_a_fresh_process(made.announced, tmp_path)
    checks.test_its_revisions_are_one_line_named_after_it(loaded)
    checks.test_its_models_are_what_its_migrations_make(crm, loaded)
    checks.test_up_down_up_on_an_empty_database(crm, loaded)
    checks.test_disabled_it_leaves_nothing(enabled(crm, actor, registry, "righteous"), actor)


def test_a_column_that_the_models_do_not_have_is_found(registry: ModuleMaker, crm: Crm) -> None:
    made = boxed(registry, "drifting", more=", sa.Column('extra', sa.Text())")
    with pytest.raises(AssertionError, match="extra"):
        made.checks.test_its_models_are_what_its_migrations_make(crm, made.loaded)


def test_two_revisions_after_the_same_one_are_found(registry: ModuleMaker) -> None:
    made = boxed(registry, "forked")
    folder = made.package / "migrations" / "versions"
    first = (folder / "forked_0001_step.py").read_text()
    for number in (2, 3):
        again = first.replace('"forked_0001", None', f'"forked_000{number}", "forked_0001"')
        (folder / f"forked_000{number}_step.py").write_text(again)
    with pytest.raises(AssertionError):
        made.checks.test_its_revisions_are_one_line_named_after_it(made.loaded)


def test_a_downgrade_that_leaves_a_table_is_found(registry: ModuleMaker, crm: Crm) -> None:
    made = boxed(registry, "sticky")
    path = made.package / "migrations" / "versions" / "sticky_0001_step.py"
    text = path.read_text()
    path.write_text(text[: text.index("def downgrade():")] + "def downgrade():\n    pass\n")
    with pytest.raises(AssertionError, match="sticky_box"):
        made.checks.test_up_down_up_on_an_empty_database(crm, made.loaded)


def test_a_hook_that_asks_once_a_row_is_found(
    registry: ModuleMaker,
    crm: Crm,
    actor: Principal,
    count_statements: Callable[[], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(behaviour, "MANY", 5)
    code = """
from sqlalchemy import text
@hookimpl
def crm_changed(session, batch):
    for key in batch.ids:
        session.execute(text("SELECT 1"))
"""
    made = boxed(registry, "slow", code)
    with pytest.raises(AssertionError, match=r"core\.account create"):
        made.checks.test_its_hooks_send_as_many_statements_for_many_rows_as_for_one(
            enabled(crm, actor, registry, "slow"), actor, count_statements
        )


def test_a_text_without_translation_is_found(registry: ModuleMaker) -> None:
    made = boxed(registry, "mute")
    with pytest.raises(AssertionError, match="made for a test"):
        made.checks.test_every_text_is_translated(made.package, "ru")


def test_a_template_with_a_script_is_found(registry: ModuleMaker) -> None:
    page = "<script>alert(1)</script>"
    registry.make("scripted", files={"templates/scripted/page.html": page, "templates/other/x.html": ""})
    made = Made(registry, "scripted")
    with pytest.raises(AssertionError, match="script"):
        made.checks.test_templates_hold_no_script_style_or_hx_attribute(made.package)
    with pytest.raises(AssertionError, match="other"):
        made.checks.test_templates_stand_in_a_folder_of_the_modules_name(made.package)


def test_what_the_readme_does_not_name_is_found(registry: ModuleMaker, crm: Crm, actor: Principal) -> None:
    code = """
from crm_core import Permission
@hookimpl
def crm_contribute(crm):
    yield Permission(id="secret.thing.do", label=_("Do"))
"""
    made = boxed(registry, "secret", code)
    (made.package.parent / "README.md").write_text("Nothing.")
    program = enabled(crm, actor, registry, "secret")
    with pytest.raises(AssertionError, match=r"secret\.thing\.do"):
        made.checks.test_the_readme_names_everything_that_is_public(program, made.announced, made.package)


def test_a_requirement_that_pip_does_not_know_is_found(registry: ModuleMaker) -> None:
    registry.make("base", tried=True)
    registry.make("upper", requires=("base",), tried=True)
    one = registry.made.pop()
    registry.made.append(discover.Installed(**{**as_dict(one), "requires": ("crm-core>=0.1",)}))
    made = Made(registry, "upper")
    with pytest.raises(AssertionError):
        made.checks.test_required_modules_are_required_distributions(made.announced, made.loaded)


def as_dict(one: discover.Installed) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ("name", "target", "distribution", "version", "requires")}


def test_a_module_that_fails_to_import_is_found(registry: ModuleMaker, tmp_path: Path) -> None:
    one = registry.make("broken", "raise RuntimeError('boom')")
    checks = ModuleConformance()
    with pytest.raises(AssertionError):
        checks.test_it_imports_in_a_fresh_process(one, tmp_path)


def test_a_crash_in_a_hook_is_named_after_its_module(registry: ModuleMaker, crm: Crm, actor: Principal) -> None:
    made = boxed(registry, "crashing", "@hookimpl\ndef crm_validate(batch):\n    return ()\n")
    program = enabled(crm, actor, registry, "crashing")
    made.checks.test_a_hook_that_crashes_refuses_the_write_and_is_named(program, actor, "crm_validate")
    with pytest.raises(ModuleError, match="injected"):
        made.checks.make(program, actor, program.entities["core.account"], 1)
