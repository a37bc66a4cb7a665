"""Users, teams and roles: who may change them, what they give, and that somebody can always administer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.access.load import load_principal
from crm_core.access.principal import Principal, system
from crm_core.db.base import new_id
from crm_core.entity.query import query
from crm_core.entity.view import View
from crm_core.errors import Conflict, CrmError, Invalid, NotAllowed, NotFound
from crm_core.model import Audit, SecurityEvent
from crm_core.runtime import Crm
from crm_core.service import identity, people
from crm_core.testing.factories import make_accounts

SYSTEM = system("test")
Attempt = Callable[[Session], Any]


@pytest.fixture
def actor() -> Principal:
    """The program itself, which may administer."""
    return SYSTEM


def add(session: Session, login: str, **fields: Any) -> str:
    return people.create_user(session, {"login": login, "name": login.title(), **fields})


def problems(refusal: pytest.ExceptionInfo[Invalid]) -> set[tuple[str, str | None]]:
    return {(problem.id, problem.field) for problem in refusal.value.problems}


def test_a_user_is_kept_in_normal_form_and_in_the_audit(session: Session) -> None:
    user_id = add(session, "Anna.P@Romashka.example", email=" Anna@Romashka.example ", phone="8 903 236-55-44")
    found = people.user(session, user_id)
    assert (found["login"], found["email"], found["phone"]) == (
        "anna.p@romashka.example", "anna@romashka.example", "+79032365544",
    )  # fmt: skip
    people.update_user(session, user_id, {"name": "Анна Ёлкина"})
    table = Audit.__table__
    lines = session.execute(
        select(table.c.action, table.c.changes).where(table.c.record_id == user_id).order_by(table.c.id)
    ).all()
    assert [line.action for line in lines] == ["create", "update"]
    assert lines[1].changes == {"name": ["Anna.P@Romashka.Example", "Анна Ёлкина"]}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("login", "a"),
        ("login", "two words"),
        ("login", "a\x00b"),
        ("login", "x" * 121),
        ("name", " "),
        ("name", "x" * 201),
        ("email", "nobody"),
        ("phone", "12"),
        ("language", "tlh"),
        ("zone", "Europe/Nowhere"),
        ("team_id", "0199a0de-0000-7000-8000-000000000000"),
        ("team_id", "1"),
        ("roles", ["emperor"]),
        ("roles", "admin"),
        ("is_active", "perhaps"),
        ("version", 7),
        ("id", "0199a0de-0000-7000-8000-000000000000"),
        ("preferences", {"x": 1}),
    ],
)
def test_a_wrong_field_of_a_user_is_refused_at_its_place(session: Session, field: str, value: Any) -> None:
    with pytest.raises(Invalid) as refusal:
        people.create_user(session, {"login": "anna", "name": "Anna", field: value})
    assert {name for _problem, name in problems(refusal)} == {field}


def test_a_login_is_taken_in_any_letter_case(session: Session) -> None:
    add(session, "anna")
    other = add(session, "boris")
    for attempt in (lambda: add(session, "ANNA"), lambda: people.update_user(session, other, {"login": "Anna"})):
        with pytest.raises(Invalid) as refusal:
            attempt()
        assert problems(refusal) == {("core.login_taken", "login")}


def test_saving_a_user_that_changed_meanwhile_is_a_conflict(session: Session) -> None:
    user_id = add(session, "anna")
    seen = people.user(session, user_id)["version"]
    people.update_user(session, user_id, {"name": "Anna One"}, version=seen)
    with pytest.raises(Conflict) as conflict:
        people.update_user(session, user_id, {"name": "Anna Two"}, version=seen)
    assert conflict.value.current["name"] == "Anna One"


@pytest.mark.parametrize("key", ["0199a0de-0000-7000-8000-000000000000", "1", "", "\x00"])
def test_what_is_not_there_is_not_found(session: Session, key: str) -> None:
    for attempt in (
        lambda: people.user(session, key),
        lambda: people.update_user(session, key, {"name": "x"}),
        lambda: people.invite(session, key),
        lambda: people.team(session, key),
        lambda: people.close_team(session, key),
        lambda: people.role(session, key),
        lambda: people.save_role(session, key, grants={}, permissions=[]),
        lambda: people.delete_role(session, key),
    ):
        with pytest.raises(NotFound):
            attempt()


@pytest.mark.parametrize("change", [{"is_active": False}, {"roles": []}, {"roles": ["head", "auditor"]}])
def test_the_last_administrator_stays(session: Session, change: dict[str, Any]) -> None:
    boss = add(session, "boss", roles=["admin"])
    with pytest.raises(Invalid) as refusal:
        people.update_user(session, boss, change)
    assert ("core.last_admin", "roles") in problems(refusal)


def test_one_of_two_administrators_may_go(session: Session) -> None:
    boss = add(session, "boss", roles=["admin"])
    add(session, "deputy", roles=["admin"])
    people.update_user(session, boss, {"is_active": False})
    assert [user["login"] for user in people.users(session) if user["is_active"]] == ["deputy"]


def test_two_administrators_who_deactivate_each_other_do_not_both_succeed(crm: Crm) -> None:
    with crm.writing(SYSTEM) as session:
        one, other = add(session, "one", roles=["admin"]), add(session, "other", roles=["admin"])
        actors = {key: load_principal(session, key) for key in (one, other)}
    together, done = threading.Barrier(2), []

    def shut_out(me: str, them: str) -> None:
        together.wait()
        try:
            with crm.writing(actors[me]) as session:
                people.update_user(session, them, {"is_active": False})
                done.append(them)
        except Invalid:
            pass

    threads = [threading.Thread(target=shut_out, args=pair) for pair in ((one, other), (other, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 1
    with crm.reading(SYSTEM) as session:
        assert sum(user["is_active"] for user in people.users(session)) == 1


def test_an_inactive_user_gets_no_link(session: Session) -> None:
    user_id = add(session, "anna", is_active=False)
    for attempt in (people.invite, people.reset_link):
        with pytest.raises(Invalid):
            attempt(session, user_id)


def test_an_invitation_belongs_to_its_user(session: Session) -> None:
    user_id = add(session, "anna")
    assert identity.use_link(session, "invite", people.invite(session, user_id)) == user_id
    assert identity.use_link(session, "reset", people.reset_link(session, user_id)) == user_id


def test_roles_add_up_and_the_widest_scope_counts(session: Session) -> None:
    near, far = people.create_role(session, "Near"), people.create_role(session, "Far")
    people.save_role(
        session, near, grants={"core.account": {"view": "own", "edit": "own"}}, permissions=["core.import"]
    )
    people.save_role(session, far, grants={"*": {"view": "team"}, "core.contact": {"view": "all"}}, permissions=[])
    keys = [row["key"] for row in people.roles(session) if row["id"] in (near, far)]
    actor = load_principal(session, add(session, "anna", roles=keys))
    scopes = {
        (entity, action): actor.scope(f"core.{entity}", action)
        for entity in ("account", "contact")
        for action in ("view", "edit", "delete")
    }
    assert scopes == {
        ("account", "view"): "team",
        ("account", "edit"): "own",
        ("account", "delete"): "none",
        ("contact", "view"): "all",
        ("contact", "edit"): "none",
        ("contact", "delete"): "none",
    }
    assert actor.may("core.import")
    assert not actor.may("core.admin")


def test_without_a_role_nothing_is_allowed(session: Session) -> None:
    actor = load_principal(session, add(session, "anna"))
    assert not actor.may("core.account.view")
    assert not actor.may("core.admin")


def test_the_builtin_roles_mean_what_their_names_say(session: Session) -> None:
    may = {
        key: load_principal(session, add(session, key, roles=[key])) for key in ("admin", "head", "sales", "auditor")
    }
    assert {key: actor.may("core.admin") for key, actor in may.items()} == {
        "admin": True, "head": False, "sales": False, "auditor": False,
    }  # fmt: skip
    assert {key: actor.scope("core.account", "edit") for key, actor in may.items()} == {
        "admin": "all", "head": "subtree", "sales": "own", "auditor": "none",
    }  # fmt: skip
    assert {key: actor.scope("core.account", "view") for key, actor in may.items()} == {
        "admin": "all", "head": "all", "sales": "team", "auditor": "all",
    }  # fmt: skip


def test_the_administrators_role_cannot_be_weakened_nor_removed(session: Session) -> None:
    (admin,) = [row for row in people.roles(session) if row["key"] == "admin"]
    with pytest.raises(NotAllowed):
        people.save_role(session, admin["id"], grants={}, permissions=[])
    with pytest.raises(NotAllowed):
        people.delete_role(session, admin["id"])


@pytest.mark.parametrize(
    ("grants", "permissions"),
    [
        ({"core.ghost": {"view": "all"}}, []),
        ({"core.account": {"fly": "all"}}, []),
        ({"core.account": {"view": "galaxy"}}, []),
        ({}, ["*"]),
        ({}, ["core.ghost"]),
    ],
)
def test_a_right_that_does_not_exist_is_not_given(
    session: Session, grants: dict[str, dict[str, str]], permissions: list[str]
) -> None:
    role_id = people.create_role(session, "New")
    with pytest.raises(Invalid):
        people.save_role(session, role_id, grants=grants, permissions=permissions)


@pytest.mark.modules("example")
def test_rights_of_a_module_that_is_off_are_kept(crm: Crm) -> None:
    with crm.writing(SYSTEM) as session:
        role_id = people.create_role(session, "Technician")
        rights = {"example.asset": {"view": "all"}}
        people.save_role(session, role_id, grants=rights, permissions=["example.asset.service"])
    without = crm.rebuilt(set())
    with without.writing(SYSTEM) as session:
        people.save_role(session, role_id, grants={"core.account": {"view": "own"}}, permissions=["core.import"])
    with crm.reading(SYSTEM) as session:
        found = people.role(session, role_id)
    assert found["grants"] == {"example.asset": {"view": "all"}, "core.account": {"view": "own"}}
    assert found["permissions"] == ["core.import", "example.asset.service"]


def test_a_role_that_goes_takes_its_rights_along(session: Session) -> None:
    role_id = people.create_role(session, "Short")
    people.save_role(session, role_id, grants={"core.account": {"view": "all"}}, permissions=[])
    user_id = add(session, "anna", roles=[people.role(session, role_id)["key"]])
    assert people.role(session, role_id)["users"] == 1
    people.delete_role(session, role_id)
    assert not load_principal(session, user_id).may("core.account.view")


def test_a_renamed_role_is_called_so_in_every_language(session: Session) -> None:
    role_id = people.create_role(session, "Old")
    people.save_role(session, role_id, grants={}, permissions=[], name="Новая")
    assert set(people.role(session, role_id)["name"].values()) == {"Новая"}
    with pytest.raises(Invalid):
        people.save_role(session, role_id, grants={}, permissions=[], name=" ")


def test_saving_a_builtin_role_under_its_own_name_keeps_its_translations(session: Session) -> None:
    (head,) = [row for row in people.roles(session) if row["key"] == "head"]
    people.save_role(session, head["id"], grants={}, permissions=[], name=head["name"]["ru"])
    assert people.role(session, head["id"])["name"] == head["name"]


def test_teams_stand_in_their_tree_with_heads_first(session: Session) -> None:
    anna, boris = add(session, "anna"), add(session, "boris")
    sales = people.create_team(session, "Sales")
    north = people.create_team(session, "North", sales)
    people.create_team(session, "Accounting")
    people.update_team(session, north, name="North", parent_id=sales, heads=[boris], members=[anna])
    found = [(row["name"], row["depth"], [m["name"] for m in row["members"]]) for row in people.teams(session)]
    assert found == [("Accounting", 0, []), ("Sales", 0, []), ("North", 1, ["Boris", "Anna"])]


def test_a_team_that_moves_takes_those_below_along(session: Session) -> None:
    a, b = people.create_team(session, "A"), people.create_team(session, "B")
    child = people.create_team(session, "Child", a)
    leaf = people.create_team(session, "Leaf", child)
    people.update_team(session, child, name="Child", parent_id=b)
    assert people.team(session, leaf)["path"] == f"/{b}/{child}/{leaf}/"
    for below in (child, leaf):
        with pytest.raises(Invalid) as refusal:
            people.update_team(session, child, name="Child", parent_id=below)
        assert problems(refusal) == {("core.team_loop", "parent_id")}


def test_two_teams_do_not_move_below_each_other(crm: Crm) -> None:
    with crm.writing(SYSTEM) as session:
        a, b = people.create_team(session, "A"), people.create_team(session, "B")
    together, refused = threading.Barrier(2), []

    def move(what: str, below: str) -> None:
        together.wait()
        try:
            with crm.writing(SYSTEM) as session:
                people.update_team(session, what, name=what[-4:], parent_id=below)
        except Invalid:
            refused.append(what)

    threads = [threading.Thread(target=move, args=pair) for pair in ((a, b), (b, a))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1


def test_a_scope_reaches_the_teams_that_it_names(crm: Crm) -> None:
    with crm.writing(SYSTEM) as session:
        top = people.create_team(session, "Top")
        north = people.create_team(session, "North", top)
        people.create_team(session, "Elsewhere")
        roles = {}
        for scope in ("own", "team", "subtree", "all"):
            role_id = people.create_role(session, scope)
            people.save_role(session, role_id, grants={"core.account": {"view": scope}}, permissions=[])
            roles[scope] = people.role(session, role_id)["key"]
        users = {scope: add(session, f"u-{scope}", team_id=top, roles=[key]) for scope, key in roles.items()}
        colleague, below, stranger = (
            add(session, "cc", team_id=top),
            add(session, "bb", team_id=north),
            add(session, "ss"),
        )
        actors = {scope: load_principal(session, key) for scope, key in users.items()}
    for owner, team in ((users["own"], top), (colleague, top), (below, north), (stranger, None)):
        make_accounts(crm, owner_id=owner, team_id=team)
    seen = {}
    for scope, actor in actors.items():
        with crm.reading(actor) as session:
            page = query(session, crm.entities["core.account"], View(columns=("owner_id",)))
            seen[scope] = {row["owner_id"] for row in page.rows}
    assert seen["own"] == {users["own"]}
    assert seen["team"] == {users["own"], colleague}
    assert seen["subtree"] == {users["own"], colleague, below}
    assert seen["all"] == {users["own"], colleague, below, stranger}


def test_who_gets_another_primary_team_leaves_the_old_one(session: Session) -> None:
    a, b = people.create_team(session, "A"), people.create_team(session, "B")
    user_id = add(session, "anna", team_id=a)
    assert load_principal(session, user_id).teams == (a,)
    people.update_user(session, user_id, {"team_id": b})
    assert load_principal(session, user_id).teams == (b,)
    people.update_user(session, user_id, {"team_id": None})
    assert load_principal(session, user_id).teams == ()


def test_who_is_taken_out_of_a_team_has_it_no_longer_as_primary_one(session: Session) -> None:
    team_id = people.create_team(session, "A")
    user_id = add(session, "anna", team_id=team_id)
    people.update_team(session, team_id, name="A", parent_id=None)
    assert people.user(session, user_id)["team_id"] is None
    assert load_principal(session, user_id).teams == ()


def test_only_an_empty_team_is_closed(session: Session) -> None:
    top = people.create_team(session, "Top")
    below = people.create_team(session, "Below", top)
    user_id = add(session, "anna", team_id=below)
    for team_id in (top, below):
        with pytest.raises(Invalid):
            people.close_team(session, team_id)
    people.update_user(session, user_id, {"team_id": None})
    people.close_team(session, below)
    people.close_team(session, top)
    assert people.teams(session) == []


@pytest.mark.parametrize("member", ["1", "0199a0de-0000-7000-8000-000000000000", "\x00"])
def test_only_users_belong_to_a_team(session: Session, member: str) -> None:
    team_id = people.create_team(session, "A")
    with pytest.raises(Invalid):
        people.update_team(session, team_id, name="A", parent_id=None, members=[member])


def test_people_change_their_own_profile_and_nothing_else_of_it(crm: Crm) -> None:
    with crm.writing(SYSTEM) as session:
        user_id = add(session, "anna", roles=["sales"])
        actor = load_principal(session, user_id)
    with crm.writing(actor) as session:
        people.save_profile(session, {"name": "Анна", "language": "ru", "zone": "Asia/Tomsk"})
        for sly in ({"login": "boss2"}, {"roles": ["admin"]}, {"is_active": True}, {"team_id": new_id()}):
            with pytest.raises(Invalid):
                people.save_profile(session, sly)
    with crm.reading(actor) as session:
        found = load_principal(session, user_id)
    assert (found.name, found.language, found.zone) == ("Анна", "ru", "Asia/Tomsk")
    assert not found.may("core.admin")


def test_nobody_has_a_profile_without_being_somebody(session: Session) -> None:
    with pytest.raises(NotAllowed):
        people.save_profile(session, {"name": "x"})


ATTEMPTS: dict[str, Attempt] = {
    "create_user": lambda session: people.create_user(session, {"login": "x1", "name": "x", "roles": ["admin"]}),
    "update_user": lambda session: people.update_user(session, new_id(), {"roles": ["admin"]}),
    "invite": lambda session: people.invite(session, new_id()),
    "reset_link": lambda session: people.reset_link(session, new_id()),
    "create_team": lambda session: people.create_team(session, "x"),
    "update_team": lambda session: people.update_team(session, new_id(), name="x", parent_id=None),
    "close_team": lambda session: people.close_team(session, new_id()),
    "create_role": lambda session: people.create_role(session, "x"),
    "save_role": lambda session: people.save_role(session, new_id(), grants={}, permissions=[]),
    "delete_role": lambda session: people.delete_role(session, new_id()),
}


@pytest.mark.parametrize("name", sorted(ATTEMPTS))
def test_only_administrators_change_people(crm: Crm, name: str) -> None:
    with crm.writing(SYSTEM) as session:
        head = load_principal(session, add(session, "head", roles=["head", "sales", "auditor"]))
    with crm.writing(head) as session, pytest.raises(NotAllowed):
        ATTEMPTS[name](session)


def test_every_change_of_people_is_a_security_event(session: Session) -> None:
    user_id = add(session, "anna")
    people.update_user(session, user_id, {"roles": ["sales"]})
    people.invite(session, user_id)
    table = SecurityEvent.__table__
    rows = session.execute(select(table.c.kind, table.c.detail).where(table.c.user_id == user_id).order_by(table.c.id))
    noted = rows.all()
    assert [row.kind for row in noted] == ["user_create", "user_update", "user_invite_link"]
    assert noted[1].detail["fields"] == ["roles"]


def test_a_refused_change_leaves_nothing(crm: Crm) -> None:
    def attempt() -> None:
        with crm.writing(SYSTEM) as session:
            people.create_user(session, {"login": "anna", "name": "Anna", "roles": ["emperor"]})

    with pytest.raises(CrmError):
        attempt()
    with crm.reading(SYSTEM) as session:
        assert people.users(session) == []
