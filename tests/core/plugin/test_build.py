"""Building the program: the base always comes up, and what fails is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert

from crm_core.access.principal import Principal
from crm_core.db.engine import Database, open_database
from crm_core.errors import ConfigurationError, ModuleError
from crm_core.model import ModuleState
from crm_core.plugin.contributions import NavItem, Panel
from crm_core.runtime import Crm, build
from crm_core.settings import Settings
from crm_core.testing.database import Templates, settings_for
from crm_core.testing.module import ModuleMaker

NAV = """
    from crm_core.plugin.contributions import NavItem
    @hookimpl
    def crm_contribute(crm):
        yield NavItem(id="{name}.page", label=_("Page"), path="/{name}", icon="box", order={order})
"""


def nav(name: str, order: int = 50) -> str:
    return NAV.format(name=name, order=order)


def built(settings: Settings, database: Database, registry: ModuleMaker, *names: str) -> Crm:
    return build(settings, database, enabled=names, registry=registry)


@pytest.fixture
def database(database_templates: Templates, tmp_path: Path) -> Iterator[Database]:
    """Only the first three tests ask anything of the database that the other kind could answer otherwise."""
    with database_templates.copy("sqlite", tmp_path, ()) as found:
        yield found


def test_the_core_is_always_there(crm: Crm) -> None:
    assert [module.name for module in crm.modules] == ["core"]
    assert {"core.account", "core.contact"} <= set(crm.entities)
    assert dict(crm.failures) == {}


def test_the_actor_can_write_and_read(crm: Crm, actor: Principal) -> None:
    with crm.writing(actor) as session:
        session.execute(insert(ModuleState).values(name="ghost", state="available"))
    with crm.reading(actor) as session:
        assert session.get(ModuleState, "ghost") is not None


def test_a_database_without_tables_is_refused_with_the_command_to_run(database_url: str, tmp_path: Path) -> None:
    database = open_database(database_url)
    with pytest.raises(ConfigurationError) as refused:
        build(settings_for(database_url, tmp_path), database)
    assert "crm db upgrade" in str(refused.value.hint)
    database.dispose()


def test_modules_stand_in_the_order_of_their_dependencies_and_contributions_in_theirs(
    settings: Settings, database: Database, tmp_module: ModuleMaker
) -> None:
    tmp_module.make("alpha", nav("alpha"), requires=("zeta",))
    tmp_module.make("beta", nav("beta", 5))
    tmp_module.make("zeta", nav("zeta"))
    tmp_module.made.sort(key=lambda one: one.name == "zeta")
    crm = built(settings, database, tmp_module, "zeta", "alpha", "beta")
    assert [module.name for module in crm.modules] == ["core", "beta", "zeta", "alpha"]
    ids = [item.id for item in crm.all(NavItem) if not item.id.startswith("core.")]
    assert ids == ["beta.page", "zeta.page", "alpha.page"]


def test_what_is_installed_but_not_enabled_contributes_nothing(
    settings: Settings, database: Database, tmp_module: ModuleMaker
) -> None:
    tmp_module.make("idle", nav("idle"))
    crm = built(settings, database, tmp_module)
    assert "idle" in crm.installed
    assert not crm.has("idle")
    assert all(not item.id.startswith("idle.") for item in crm.all(NavItem))


@pytest.mark.parametrize(
    ("code", "files", "said"),
    [
        ("raise RuntimeError('boom at import')", {}, "boom at import"),
        ("import sys; sys.exit('left at import')", {}, "left at import"),
        ("import os; os._exit(7)", {}, "ends the process"),
        ("import crm_there_is_no_such_package", {}, "crm_there_is_no_such_package"),
        ("MODULE = None", {}, "holds no MODULE"),
        (nav("other"), {}, "belongs to the module other"),
        ("@hookimpl\ndef crm_contribut(crm): pass", {}, "crm_contribut"),
        ("@hookimpl\ndef crm_contribute(crm):\n    raise ValueError('boom in a contribution')", {}, "boom in a contr"),
        ("@hookimpl\ndef crm_contribute(crm):\n    yield 'a text'", {}, "no contribution"),
        (
            "from . import models",
            {
                "models.py": """
                from sqlalchemy.orm import Mapped, mapped_column, relationship
                from crm_core.db.base import Base, new_id
                from crm_core.db.policy import Public
                class Thing(Base):
                    __tablename__ = "bad_thing"
                    __policy__ = Public()
                    id: Mapped[str] = mapped_column(primary_key=True)
                    nothing = relationship("NoSuchClassAnywhere")
                """
            },
            "NoSuchClassAnywhere",
        ),
        (
            "from . import models",
            {
                "models.py": """
                from sqlalchemy.orm import Mapped, mapped_column
                from crm_core.db.base import Base
                class Thing(Base):
                    __tablename__ = "bad_secret"
                    id: Mapped[str] = mapped_column(primary_key=True)
                """
            },
            "who may see its rows",
        ),
        (
            "from . import models",
            {
                "models.py": """
                from sqlalchemy.orm import Mapped, mapped_column
                from crm_core.db.base import Base
                from crm_core.db.policy import Public
                class Thing(Base):
                    __tablename__ = "sales_thing"
                    __policy__ = Public()
                    id: Mapped[str] = mapped_column(primary_key=True)
                """
            },
            "must be called bad_",
        ),
    ],
)
def test_a_bad_module_is_named_with_its_reason_while_base_and_others_run(
    settings: Settings, database: Database, tmp_module: ModuleMaker, code: str, files: dict[str, str], said: str
) -> None:
    tmp_module.make("bad", code, files=files)
    tmp_module.make("good", nav("good"), tried=True)
    tmp_module.make("needy", nav("needy"), requires=("bad",), tried=True)
    crm = built(settings, database, tmp_module, "bad", "good", "needy")
    assert [module.name for module in crm.modules] == ["core", "good"]
    assert said in str(crm.failures["bad"].message)
    assert crm.failures["bad"].state == "failed"
    assert crm.failures["needy"].state == "blocked"
    assert "bad" in str(crm.failures["needy"].message)


def test_strict_makes_the_first_failure_fatal(settings: Settings, database: Database, tmp_module: ModuleMaker) -> None:
    tmp_module.make("bad", "raise RuntimeError('boom')")
    with pytest.raises(ModuleError, match="boom") as refused:
        built(replace(settings, strict=True), database, tmp_module)
    assert refused.value.module == "bad"


def test_a_reserved_name_a_double_name_and_another_core_are_refused_before_any_import(
    settings: Settings, database: Database, tmp_module: ModuleMaker
) -> None:
    trap = "raise SystemExit('imported')"
    tmp_module.make("admin", trap)
    tmp_module.make("twin", trap)
    tmp_module.made.append(replace(tmp_module.make("twin", trap), distribution="other-twin"))
    tmp_module.make("future", trap, core="crm-core>=99")
    tmp_module.make("vague", trap, core="click")
    crm = built(settings, database, tmp_module)
    said = {name: str(failure.message) for name, failure in crm.failures.items()}
    assert set(said) == {"admin", "twin", "future", "vague"}
    assert "cannot be called admin" in said["admin"]
    assert "other-twin" in said["twin"]
    assert "crm-core>=99" in said["future"]
    assert "does not say" in said["vague"]


def test_a_module_without_package_is_missing_and_blocks_what_needs_it(
    settings: Settings, database: Database, tmp_module: ModuleMaker
) -> None:
    tmp_module.make("needy", requires=("gone",), tried=True)
    crm = built(settings, database, tmp_module, "gone", "needy")
    assert crm.failures["gone"].state == "missing"
    assert crm.failures["needy"].state == "blocked"


def test_a_module_whose_tables_are_not_there_yet_is_behind(
    settings: Settings, database: Database, tmp_module: ModuleMaker
) -> None:
    tmp_module.make("late", revisions=["op.create_table('late_thing', sa.Column('id', sa.Integer))"])
    crm = built(settings, database, tmp_module, "late")
    assert crm.failures["late"].state == "behind"


def test_modules_that_require_each_other_are_both_blocked(
    settings: Settings, database: Database, tmp_module: ModuleMaker
) -> None:
    tmp_module.make("chicken", requires=("egg",))
    tmp_module.make("egg", requires=("chicken",))
    crm = built(settings, database, tmp_module, "chicken", "egg")
    assert {name: failure.state for name, failure in crm.failures.items()} == {"chicken": "blocked", "egg": "blocked"}


def test_the_same_id_twice_and_an_unknown_entity_or_right_are_named(
    settings: Settings, database: Database, tmp_module: ModuleMaker
) -> None:
    panel = """
    from crm_core.plugin.contributions import NavItem, Panel
    @hookimpl
    def crm_contribute(crm):
        return [{items}]
    """
    item = "NavItem(id='{0}.a', label=_('A'), path='/', icon='x'{1})"
    tmp_module.make("double", panel.format(items=item.format("double", "") + "," + item.format("double", "")))
    tmp_module.make("right", panel.format(items=item.format("right", ", permission='right.nobody'")))
    entity = "Panel(id='panel.a', entity='sales.order', title=_('A'), load=print, template='panel/a.html')"
    tmp_module.make("panel", panel.format(items=entity))
    crm = built(settings, database, tmp_module, "double", "right", "panel")
    said = {name: str(failure.message) for name, failure in crm.failures.items()}
    assert "double.a is contributed twice" in said["double"]
    assert "right.nobody" in said["right"]
    assert "sales.order" in said["panel"]
    assert crm.all(Panel) == ()


def test_safe_mode_starts_the_core_alone_and_imports_nothing(
    settings: Settings, database: Database, tmp_module: ModuleMaker
) -> None:
    tmp_module.make("trap", "raise SystemExit('imported')")
    crm = built(replace(settings, safe_mode=True), database, tmp_module, "trap")
    assert [module.name for module in crm.modules] == ["core"]
    assert dict(crm.failures) == {}


def test_two_builds_give_the_same_order(settings: Settings, database: Database, tmp_module: ModuleMaker) -> None:
    for name in ("delta", "gamma", "omega"):
        tmp_module.make(name, nav(name), tried=True)
    first = built(settings, database, tmp_module, "omega", "gamma", "delta")
    second = built(settings, database, tmp_module, "delta", "omega", "gamma")
    assert [item.id for item in first.all(NavItem)] == [item.id for item in second.all(NavItem)]
