"""Enabling, disabling and purging modules: complete or not at all, with the reason kept."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import inspect, select, text

from crm_core.access.principal import Principal
from crm_core.db.base import now
from crm_core.db.revision import recorded
from crm_core.errors import ModuleError
from crm_core.model import History, HistoryLink, ModuleState, Role, RoleGrant, Setting
from crm_core.plugin.lifecycle import disable, enable, upgrade_modules
from crm_core.plugin.overview import ModuleInfo, consequences, health, overview
from crm_core.plugin.purge import export, preview, purge
from crm_core.runtime import Crm, build
from crm_core.testing.module import ModuleMaker

SHELF = """
    from sqlalchemy import text
    from crm_core.plugin.contributions import NavItem
    from crm_core.plugin.hookspecs import Issue

    @hookimpl
    def crm_contribute(crm):
        yield NavItem(id="shelf.list", label=_("Shelves"), path="/shelf", icon="box")

    @hookimpl
    def crm_module_enabled(session, first_time):
        session.execute(text("INSERT INTO shelf_seed VALUES (:first)"), {"first": int(first_time)})

    @hookimpl
    def crm_module_check(session):
        yield Issue(id="shelf.W001", level="warning", message=_("dusty"))
"""
TABLES = """
op.create_table('shelf_board', sa.Column('id', types.Id(), primary_key=True), sa.Column('title', sa.Text()),
    sa.Column('account_id', types.Id(), sa.ForeignKey('core_account.id', ondelete='CASCADE')))
op.create_table('shelf_peg', sa.Column('board_id', types.Id(), sa.ForeignKey('shelf_board.id', ondelete='CASCADE')))
op.create_table('shelf_seed', sa.Column('first_time', sa.Integer()))
"""


@pytest.fixture
def shelf(tmp_module: ModuleMaker) -> ModuleMaker:
    tmp_module.make("shelf", SHELF, revisions=[TABLES], tried=True)
    return tmp_module


def rebuilt(crm: Crm, registry: ModuleMaker | None = None) -> Crm:
    return build(crm.settings, crm.database, registry=registry or crm.registry)


def tables(crm: Crm) -> set[str]:
    with crm.database.read.connect() as connection:
        return set(inspect(connection).get_table_names())


def rows(crm: Crm, statement: str) -> list[tuple[object, ...]]:
    with crm.database.read.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def run(crm: Crm, *statements: str) -> None:
    with crm.database.lane(), crm.database.write.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def state(crm: Crm, name: str) -> ModuleInfo:
    return next(one for one in overview(crm) if one.name == name)


def test_enabling_makes_tables_seeds_once_and_raises_the_generation(
    crm: Crm, actor: Principal, shelf: ModuleMaker
) -> None:
    before = rebuilt(crm, shelf)
    assert state(before, "shelf").state == "available"
    enable(before, "shelf", actor)
    after = rebuilt(before)
    assert after.has("shelf")
    assert after.generation == before.generation + 1
    assert state(after, "shelf").state == "enabled"
    assert state(after, "shelf").tables == ("shelf_board", "shelf_peg", "shelf_seed")
    disable(after, "shelf", actor)
    enable(rebuilt(after), "shelf", actor)
    assert rows(after, "SELECT first_time FROM shelf_seed ORDER BY 1") == [(0,), (1,)]


def test_enabling_twice_changes_nothing(crm: Crm, actor: Principal, shelf: ModuleMaker) -> None:
    enable(rebuilt(crm, shelf), "shelf", actor)
    first = rebuilt(crm, shelf)
    enable(first, "shelf", actor)
    assert rebuilt(first).generation == first.generation


def test_what_a_module_requires_is_enabled_with_it_and_cannot_be_disabled_before_it(
    crm: Crm, actor: Principal, shelf: ModuleMaker
) -> None:
    shelf.make("books", requires=("shelf",), tried=True)
    enable(rebuilt(crm, shelf), "books", actor)
    after = rebuilt(crm, shelf)
    assert [module.name for module in after.modules] == ["core", "shelf", "books"]
    assert state(after, "shelf").dependents == ("books",)
    with pytest.raises(ModuleError, match="books"):
        disable(after, "shelf", actor)


@pytest.mark.parametrize(
    ("code", "revisions", "said"),
    [
        ("raise RuntimeError('boom at import')", [], "boom at import"),
        (
            "",
            ["op.create_table('bad_a', sa.Column('id', sa.Integer()))\nraise RuntimeError('boom in it')"],
            "boom in it",
        ),
        ("@hookimpl\ndef crm_module_enabled(session):\n    raise RuntimeError('boom in seed')", [], "boom in seed"),
        ("@hookimpl\ndef crm_contribute(crm):\n    raise RuntimeError('boom in build')", [], "boom in build"),
    ],
)
def test_a_module_that_cannot_be_enabled_leaves_the_program_as_it_was_and_says_why(
    crm: Crm, actor: Principal, tmp_module: ModuleMaker, code: str, revisions: list[str], said: str
) -> None:
    tmp_module.make("bad", code, revisions=revisions)
    before = rebuilt(crm, tmp_module)
    with pytest.raises(ModuleError, match=said) as refused:
        enable(before, "bad", actor)
    assert refused.value.module == "bad"
    after = rebuilt(before)
    assert not after.has("bad")
    assert after.generation == before.generation
    assert "bad_a" not in tables(after)
    assert said in str(state(after, "bad").last_error)


def test_the_new_program_is_tried_before_the_change_is_kept(crm: Crm, actor: Principal, shelf: ModuleMaker) -> None:
    def refuse(candidate: Crm) -> None:
        assert candidate.has("shelf")
        raise ModuleError(candidate.modules[0].title, module="shelf")

    before = rebuilt(crm, shelf)
    with pytest.raises(ModuleError):
        enable(before, "shelf", actor, check=refuse)
    after = rebuilt(before)
    assert (after.has("shelf"), after.generation) == (False, before.generation)
    assert rows(after, "SELECT count(*) FROM shelf_seed") == [(0,)]


def test_disabling_keeps_tables_and_rows_and_shows_what_disappears(
    crm: Crm, actor: Principal, shelf: ModuleMaker
) -> None:
    enable(rebuilt(crm, shelf), "shelf", actor)
    enabled = rebuilt(crm, shelf)
    assert consequences(enabled, "shelf") == {"NavItem": ("shelf.list",)}
    disable(enabled, "shelf", actor)
    after = rebuilt(enabled)
    assert not after.has("shelf")
    assert consequences(after, "shelf") == {}
    assert state(after, "shelf").state == "disabled"
    assert rows(after, "SELECT count(*) FROM shelf_seed") == [(1,)]


def used(crm: Crm, actor: Principal, registry: ModuleMaker) -> Crm:
    """The module was enabled, has rows here and there, and is disabled again."""
    enable(rebuilt(crm, registry), "shelf", actor)
    uuid = "00000000-0000-7000-8000-00000000000{}".format
    run(crm, f"INSERT INTO shelf_board (id, title) VALUES ('{uuid(1)}', '=1+1')")
    with crm.writing(actor) as session:
        session.add(Setting(key="shelf.depth", value=30))
        session.add(Setting(key="shelfish.depth", value=31))
        history = History(entity="shelf.board", record_id=uuid(1), kind="core.note", occurred_at=now())
        session.add(history)
        session.flush()
        at = history.occurred_at
        session.add(HistoryLink(entity="shelf.board", record_id=uuid(1), occurred_at=at, history_id=history.id))
        session.add(HistoryLink(entity="core.account", record_id=uuid(2), occurred_at=at, history_id=history.id))
    disable(rebuilt(crm, registry), "shelf", actor)
    return rebuilt(crm, registry)


def test_the_preview_counts_what_a_purge_would_remove(crm: Crm, actor: Principal, shelf: ModuleMaker) -> None:
    found = preview(used(crm, actor, shelf), "shelf")
    assert dict(found.tables) == {"shelf_board": 1, "shelf_peg": 0, "shelf_seed": 1}
    assert dict(found.references) == {"core_history_link": 1}
    assert found.blockers == ()


def test_the_export_holds_every_row_exactly_and_for_spreadsheets(
    crm: Crm, actor: Principal, shelf: ModuleMaker, tmp_path: Path
) -> None:
    path = export(used(crm, actor, shelf), "shelf", tmp_path / "exports")
    with zipfile.ZipFile(path) as archive:
        board = json.loads(archive.read("shelf_board.jsonl"))
        assert board["title"] == "=1+1"
        assert "'=1+1" in archive.read("shelf_board.csv").decode("utf-8-sig")
        about = json.loads(archive.read("about.json"))
    assert about == {
        "module": "shelf",
        "revision": "shelf_0001",
        "rows": {"shelf_board": 1, "shelf_peg": 0, "shelf_seed": 1},
    }


@pytest.mark.parametrize("code_is_gone", [False, True])
def test_a_purge_leaves_nothing_of_the_module_and_all_of_the_rest(
    crm: Crm, actor: Principal, shelf: ModuleMaker, code_is_gone: bool
) -> None:
    before = used(crm, actor, shelf)
    if code_is_gone:
        before = build(crm.settings, crm.database, registry=tuple)
        assert state(before, "shelf").state == "missing"
    purge(before, "shelf", "shelf")
    after = rebuilt(before)
    assert not {name for name in tables(after) if name.startswith("shelf")}
    assert "shelf" not in recorded(after.database)
    with after.reading(actor) as session:
        assert session.scalars(select(Setting.key)).all() == ["shelfish.depth"]
        assert session.scalars(select(HistoryLink.entity)).all() == ["core.account"]
        assert len(session.scalars(select(History.id)).all()) == 1
        assert session.get(ModuleState, "shelf") is None
    assert [one.name for one in overview(after)] == ([] if code_is_gone else ["shelf"])
    if not code_is_gone:
        enable(after, "shelf", actor)
        assert rows(after, "SELECT first_time FROM shelf_seed") == [(1,)]


def test_a_purge_wants_the_name_typed_the_module_disabled_and_its_dependents_gone(
    crm: Crm, actor: Principal, shelf: ModuleMaker
) -> None:
    pin = "op.create_table('books_pin', sa.Column('board_id', types.Id(), sa.ForeignKey('shelf_board.id')))"
    shelf.make("books", requires=("shelf",), revisions=[pin], tried=True)
    enable(rebuilt(crm, shelf), "books", actor)
    running = rebuilt(crm, shelf)
    with pytest.raises(ModuleError, match="Type the name"):
        purge(running, "shelf", "shelv")
    with pytest.raises(ModuleError, match="It is enabled"):
        purge(running, "shelf", "shelf")
    disable(running, "books", actor)
    disable(rebuilt(running), "shelf", actor)
    with pytest.raises(ModuleError, match="books_pin"):
        purge(rebuilt(running), "shelf", "shelf")
    purge(rebuilt(running), "books", "books")
    purge(rebuilt(running), "shelf", "shelf")
    with pytest.raises(ModuleError, match="nothing"):
        purge(rebuilt(running), "core", "core")


def test_a_purge_takes_the_rights_of_the_module_from_all_roles(crm: Crm, actor: Principal, shelf: ModuleMaker) -> None:
    before = used(crm, actor, shelf)
    with crm.writing(actor) as session:
        session.add(Role(id=actor.id, key="keeper", name={"en": "Keeper"}, permissions=["shelf.oil", "core.import"]))
        session.flush()
        session.add(RoleGrant(role_id=actor.id, entity="shelf.board", action="view", scope="all"))
    purge(before, "shelf", "shelf")
    with crm.reading(actor) as session:
        assert session.scalars(select(Role.permissions).where(Role.key == "keeper")).one() == ["core.import"]
        assert session.scalars(select(RoleGrant.entity).where(RoleGrant.entity.startswith("shelf"))).all() == []


def test_an_update_migrates_disabled_modules_too_and_one_failing_stops_no_other(
    crm: Crm, actor: Principal, tmp_module: ModuleMaker
) -> None:
    for name in ("first", "second"):
        tmp_module.make(name, revisions=[f"op.create_table('{name}_a', sa.Column('id', sa.Integer()))"], tried=True)
        enable(rebuilt(crm, tmp_module), name, actor)
    disable(rebuilt(crm, tmp_module), "second", actor)
    add_revision(tmp_module, "first", "raise RuntimeError('boom')")
    add_revision(tmp_module, "second", "op.create_table('second_b', sa.Column('id', sa.Integer()))")
    behind = rebuilt(crm, tmp_module)
    assert state(behind, "first").state == "behind"
    steps, errors = upgrade_modules(behind)
    assert [step.after for step in steps] == ["second_0002"]
    assert list(errors) == ["first"]
    assert "second_b" in tables(crm)


def add_revision(registry: ModuleMaker, name: str, body: str) -> None:
    folder = registry.package(name) / "migrations" / "versions"
    text_ = (folder / f"{name}_0001_step.py").read_text()
    body_at = text_.index("def upgrade():\n") + len("def upgrade():\n")
    rest = text_[text_.index("\ndef downgrade") :]
    head = text_[:body_at].replace(f'"{name}_0001", None', f'"{name}_0002", "{name}_0001"')
    (folder / f"{name}_0002_step.py").write_text(f"{head}    {body}\n{rest}")


def test_health_tells_what_modules_say_and_what_cannot_be_used(crm: Crm, actor: Principal, shelf: ModuleMaker) -> None:
    shelf.make("bad", "raise RuntimeError('boom')")
    shelf.make("sick", "@hookimpl\ndef crm_module_check(session):\n    raise RuntimeError('fever')", tried=True)
    for name in ("shelf", "sick"):
        enable(rebuilt(crm, shelf), name, actor)
    found = {(name, issue.level) for name, issue in health(rebuilt(crm, shelf), actor)}
    assert found == {("bad", "error"), ("shelf", "warning"), ("sick", "error")}


def test_safe_mode_writes_no_state(crm: Crm, actor: Principal, shelf: ModuleMaker) -> None:
    enable(rebuilt(crm, shelf), "shelf", actor)
    safe = build(replace(crm.settings, safe_mode=True), crm.database, registry=shelf)
    assert not safe.has("shelf")
    assert states(crm, actor) == ["core", "shelf"]


def states(crm: Crm, actor: Principal) -> Iterable[str]:
    with crm.reading(actor) as session:
        wanted = select(ModuleState.name).where(ModuleState.state == "enabled").order_by(ModuleState.name)
        return session.scalars(wanted).all()
