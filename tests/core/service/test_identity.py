"""Signing in, sessions, tokens and links, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, insert, select

from crm_core.access.principal import Principal, system
from crm_core.errors import Invalid, NotFound, Refused
from crm_core.model import Credential, SecurityEvent, SignInSession, Token
from crm_core.runtime import Crm
from crm_core.service import firm, identity, people
from crm_core.service.identity import NewSession, SessionInfo

from .conftest import PASSWORD, Clock

NewUser = Callable[..., str]
HERE = "192.0.2.1"
SYSTEM = system("test")


def sign_in(crm: Crm, login: str = "anna", password: str = PASSWORD, address: str = HERE) -> NewSession:
    return identity.sign_in(crm, login, password, address, "a browser")


def refusal(crm: Crm, login: str, password: str) -> Refused:
    with pytest.raises(Refused) as refused:
        sign_in(crm, login, password)
    return refused.value


def load(crm: Crm, new: NewSession) -> tuple[Principal, SessionInfo] | None:
    with crm.reading(SYSTEM) as session:
        return identity.load_session(session, new.cookie_value)


def begin(crm: Crm, user_id: str) -> NewSession:
    with crm.writing(SYSTEM) as session:
        return identity.open_session(session, user_id, HERE, "a browser")


def token_for(crm: Crm, user_id: str, days: int | None = None) -> str:
    with crm.writing(SYSTEM) as session:
        return identity.create_token(session, user_id, "script", days)


def holder(crm: Crm, secret: str) -> Principal | None:
    with crm.reading(SYSTEM) as session:
        return identity.load_token(session, secret)


def rows(crm: Crm, table: Any) -> int:
    with crm.reading(SYSTEM) as session:
        return int(session.execute(select(func.count()).select_from(table.__table__)).scalar_one())


def events(crm: Crm) -> list[Any]:
    table = SecurityEvent.__table__
    with crm.reading(SYSTEM) as session:
        return list(session.execute(select(table).order_by(table.c.id)).mappings())


def test_a_password_opens_a_session_of_its_owner(crm: Crm, new_user: NewUser) -> None:
    user_id = new_user("anna", roles=["sales"])
    new = identity.sign_in(crm, "  ANNA ", PASSWORD, HERE, "a browser")
    found = load(crm, new)
    assert found is not None
    actor, info = found
    assert (actor.user_id, actor.name, info.csrf) == (user_id, "Anna", new.csrf)
    assert actor.may("core.account.view")
    assert not actor.may("core.admin")


def test_wrong_unknown_inactive_and_passwordless_logins_read_the_same(crm: Crm, new_user: NewUser) -> None:
    new_user("anna")
    gone = new_user("gone")
    with crm.writing(SYSTEM) as session:
        new_user_without = people.create_user(session, {"login": "bare", "name": "Bare"})
        people.create_user(session, {"login": "boss", "name": "Boss", "roles": ["admin"]})
        people.update_user(session, gone, {"is_active": False})
    assert new_user_without
    pairs = [("anna", "wrong"), ("nobody", PASSWORD), ("gone", PASSWORD), ("bare", PASSWORD), ("x\x00", PASSWORD)]
    said = {(str(refusal(crm, *pair)), str(refusal(crm, *pair).hint)) for pair in pairs}
    assert len(said) == 1


def test_an_unknown_login_costs_as_much_as_a_wrong_password(
    crm: Crm, new_user: NewUser, count_statements: Any, quick_hashes: PasswordHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_user("anna")
    checked: list[str] = []
    verify = quick_hashes.verify

    class Counting:
        hash = quick_hashes.hash

        def verify(self, stored: str, password: bytes) -> bool:
            checked.append(stored)
            return verify(stored, password)

    monkeypatch.setattr("crm_core.service.secret._hasher", lambda: Counting())
    refusal(crm, "nobody", "wrong")
    with count_statements() as unknown:
        refusal(crm, "nobody", "wrong")
    with count_statements() as wrong:
        refusal(crm, "anna", "wrong")
    assert len(checked) == 3
    assert len(wrong) == len(unknown)


def test_what_was_typed_as_login_is_not_written_down(crm: Crm, new_user: NewUser) -> None:
    user_id = new_user("anna")
    refusal(crm, PASSWORD, "oops")
    refusal(crm, "anna", "wrong")
    noted = [event for event in events(crm) if event["kind"] == "sign_in_failed"]
    assert [event["user_id"] for event in noted] == [None, user_id]
    assert all(PASSWORD not in str(dict(event)) for event in noted)


@pytest.mark.parametrize("password", ["", "x" * 100_000, "\x00", "\ud800", "пароль с пробелами"])
def test_any_text_may_be_typed_as_password(crm: Crm, new_user: NewUser, password: str) -> None:
    new_user("anna")
    assert "wrong" in str(refusal(crm, "anna", password))


@pytest.mark.parametrize("login", ["", "\x00", "\ud800", "' OR 1=1 --", "a" * 10_000, "%", "*)(uid=*"])
def test_any_text_may_be_typed_as_login(crm: Crm, quick_hashes: PasswordHasher, login: str) -> None:
    assert quick_hashes.time_cost == 1
    assert "wrong" in str(refusal(crm, login, PASSWORD))


def test_signing_in_again_ends_the_session_before(crm: Crm, new_user: NewUser) -> None:
    new_user("anna")
    first = sign_in(crm)
    found = load(crm, first)
    assert found is not None
    second = identity.sign_in(crm, "anna", PASSWORD, HERE, None, ends=found[1].id)
    assert load(crm, first) is None
    assert load(crm, second) is not None
    assert second.csrf != first.csrf


def test_only_hashes_are_stored(crm: Crm, new_user: NewUser) -> None:
    user_id = new_user("anna")
    new, token = sign_in(crm), token_for(crm, user_id)
    with crm.writing(SYSTEM) as session:
        link = identity.create_link(session, "invite", user_id)
    with crm.reading(SYSTEM) as session:
        stored = [
            str(dict(row))
            for table in (SignInSession, Token, Credential)
            for row in session.execute(select(table.__table__)).mappings()
        ]
    assert not any(value in row for row in stored for value in (new.cookie_value, token, link, PASSWORD))
    assert any("$argon2id$" in row for row in stored)


def test_a_session_ends_after_its_rest(crm: Crm, new_user: NewUser, clock: Clock) -> None:
    new = begin(crm, new_user("anna"))
    clock.forward(hours=7, minutes=59)
    assert load(crm, new) is not None
    clock.forward(minutes=2)
    assert load(crm, new) is None


def test_use_keeps_a_session_alive_but_not_for_ever(crm: Crm, new_user: NewUser, clock: Clock) -> None:
    new = begin(crm, new_user("anna"))
    for _ in range(30 * 4):
        clock.forward(hours=5.99)
        found = load(crm, new)
        assert found is not None
        assert found[1].stale
        with crm.writing(SYSTEM) as session:
            identity.touch(session, found[1].id)
    clock.forward(hours=2)
    assert load(crm, new) is None


def test_the_firm_decides_how_long_a_session_may_rest(crm: Crm, new_user: NewUser, clock: Clock) -> None:
    new = begin(crm, new_user("anna"))
    with crm.writing(SYSTEM) as session:
        firm.save_firm(session, {"idle_minutes": 15})
    clock.forward(minutes=14)
    assert load(crm, new) is not None
    clock.forward(minutes=2)
    assert load(crm, new) is None
    with crm.reading(SYSTEM) as session:
        assert identity.sessions_of(session, new.user_id) == []


def test_use_is_noted_at_most_once_a_minute(crm: Crm, new_user: NewUser, clock: Clock) -> None:
    new = begin(crm, new_user("anna"))
    clock.forward(seconds=59)
    found = load(crm, new)
    assert found is not None
    assert not found[1].stale


def test_signing_out_ends_one_session(crm: Crm, new_user: NewUser) -> None:
    user_id = new_user("anna")
    one, other = begin(crm, user_id), begin(crm, user_id)
    found = load(crm, one)
    assert found is not None
    with crm.writing(SYSTEM) as session:
        identity.sign_out(session, found[1].id)
    assert load(crm, one) is None
    assert load(crm, other) is not None


def test_ones_own_sessions_can_be_ended_and_nobody_elses(crm: Crm, new_user: NewUser) -> None:
    anna, boris = new_user("anna"), new_user("boris")
    mine, other, foreign = begin(crm, anna), begin(crm, anna), begin(crm, boris)
    with crm.writing(SYSTEM) as session:
        ids = {row["id"] for row in identity.sessions_of(session, anna)}
        theirs = identity.sessions_of(session, boris)[0]["id"]
        assert len(ids) == 2
        with pytest.raises(NotFound):
            identity.revoke_session(session, anna, theirs)
        kept = load(crm, mine)
        assert kept is not None
        identity.revoke_all(session, anna, but=kept[1].id)
    assert [load(crm, new) is not None for new in (mine, other, foreign)] == [True, False, True]


def test_deactivation_ends_sessions_tokens_and_links_at_once(crm: Crm, new_user: NewUser) -> None:
    new_user("boss", roles=["admin"])
    user_id = new_user("anna", roles=["sales"])
    new, token = sign_in(crm), token_for(crm, user_id)
    with crm.writing(SYSTEM) as session:
        link = identity.create_link(session, "reset", user_id)
    assert load(crm, new) is not None
    assert holder(crm, token) is not None
    with crm.writing(SYSTEM) as session:
        people.update_user(session, user_id, {"is_active": False})
    assert load(crm, new) is None
    assert holder(crm, token) is None
    with crm.reading(SYSTEM) as session, pytest.raises(NotFound):
        identity.use_link(session, "reset", link, consume=False)
    with crm.writing(SYSTEM) as session:
        people.update_user(session, user_id, {"is_active": True})
    assert load(crm, new) is None
    assert holder(crm, token) is None


def test_a_right_that_is_taken_away_is_gone_with_the_next_request(crm: Crm, new_user: NewUser) -> None:
    new_user("boss", roles=["admin"])
    user_id = new_user("anna", roles=["sales"])
    new, token = sign_in(crm), token_for(crm, user_id)
    found, program = load(crm, new), holder(crm, token)
    assert found is not None
    assert program is not None
    assert found[0].may("core.import")
    assert program.may("core.import")
    with crm.writing(SYSTEM) as session:
        people.update_user(session, user_id, {"roles": ["auditor"]})
    found, program = load(crm, new), holder(crm, token)
    assert found is not None
    assert program is not None
    assert not found[0].may("core.import")
    assert not program.may("core.import")


def test_rights_that_are_rolled_back_were_never_given(crm: Crm, new_user: NewUser) -> None:
    user_id = new_user("anna")
    new = begin(crm, user_id)

    def promote_and_fail() -> None:
        with crm.writing(SYSTEM) as session:
            people.update_user(session, user_id, {"roles": ["admin"]})
            identity.load_session(session, new.cookie_value)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        promote_and_fail()
    with crm.writing(SYSTEM) as session:
        people.create_user(session, {"login": "other", "name": "Other"})
    found = load(crm, new)
    assert found is not None
    assert not found[0].may("core.admin")


def test_who_is_known_costs_one_statement(crm: Crm, new_user: NewUser, count_statements: Any) -> None:
    user_id = new_user("anna", roles=["sales"])
    new, token = begin(crm, user_id), token_for(crm, user_id)
    load(crm, new)
    with count_statements() as by_cookie:
        load(crm, new)
    with count_statements() as by_token:
        holder(crm, token)
    assert (len(by_cookie), len(by_token)) == (1, 1)


def test_a_token_works_until_it_expires_or_is_withdrawn(crm: Crm, new_user: NewUser, clock: Clock) -> None:
    user_id = new_user("anna")
    for_ever, short = token_for(crm, user_id), token_for(crm, user_id, 30)
    assert for_ever.startswith("crm_")
    clock.forward(days=29)
    assert holder(crm, short) is not None
    clock.forward(days=2)
    assert holder(crm, short) is None
    assert holder(crm, for_ever) is not None
    with crm.writing(SYSTEM) as session:
        shown = identity.tokens_of(session, user_id)
        assert {row["name"] for row in shown} == {"script"}
        for row in shown:
            identity.revoke_token(session, user_id, row["id"])
    assert holder(crm, for_ever) is None


def test_nobody_withdraws_anothers_token(crm: Crm, new_user: NewUser) -> None:
    anna, boris = new_user("anna"), new_user("boris")
    token = token_for(crm, anna)
    with crm.writing(SYSTEM) as session:
        (row,) = identity.tokens_of(session, anna)
        with pytest.raises(NotFound):
            identity.revoke_token(session, boris, row["id"])
    assert holder(crm, token) is not None


@pytest.mark.parametrize("name", ["", "  ", "\x00"])
def test_a_token_has_a_name(crm: Crm, new_user: NewUser, name: str) -> None:
    user_id = new_user("anna")
    with crm.writing(SYSTEM) as session, pytest.raises(Invalid):
        identity.create_token(session, user_id, name)


@pytest.mark.parametrize("secret", ["", "crm_", "x" * 200, "\x00", "\ud800"])
def test_an_unknown_secret_opens_nothing(crm: Crm, secret: str) -> None:
    assert holder(crm, secret) is None
    with crm.reading(SYSTEM) as session:
        assert identity.load_session(session, secret) is None
        with pytest.raises(NotFound):
            identity.use_link(session, "invite", secret, consume=False)


def test_the_secret_of_a_link_is_no_token_and_no_cookie(crm: Crm, new_user: NewUser) -> None:
    user_id = new_user("anna")
    with crm.writing(SYSTEM) as session:
        link = identity.create_link(session, "reset", user_id)
    assert holder(crm, link) is None
    with crm.reading(SYSTEM) as session:
        assert identity.load_session(session, link) is None


def test_a_link_works_once_in_its_time_and_for_its_purpose(crm: Crm, new_user: NewUser, clock: Clock) -> None:
    user_id = new_user("anna")
    with crm.writing(SYSTEM) as session:
        link = identity.create_link(session, "reset", user_id)
        with pytest.raises(NotFound):
            identity.use_link(session, "invite", link)
        assert identity.use_link(session, "reset", link, consume=False) == user_id
        assert identity.use_link(session, "reset", link) == user_id
        with pytest.raises(NotFound):
            identity.use_link(session, "reset", link)
        late = identity.create_link(session, "reset", user_id)
    clock.forward(minutes=31)
    with crm.writing(SYSTEM) as session, pytest.raises(NotFound):
        identity.use_link(session, "reset", late)


def test_a_new_link_replaces_the_one_before(crm: Crm, new_user: NewUser) -> None:
    user_id = new_user("anna")
    with crm.writing(SYSTEM) as session:
        old = identity.create_link(session, "invite", user_id)
        new = identity.create_link(session, "reset", user_id)
        with pytest.raises(NotFound):
            identity.use_link(session, "invite", old)
        assert identity.use_link(session, "reset", new) == user_id


def test_of_two_who_open_a_link_at_once_one_gets_in(crm: Crm, new_user: NewUser) -> None:
    user_id = new_user("anna")
    with crm.writing(SYSTEM) as session:
        link = identity.create_link(session, "invite", user_id)
    together, got = threading.Barrier(2), []

    def use() -> None:
        together.wait()
        try:
            with crm.writing(SYSTEM) as session:
                got.append(identity.use_link(session, "invite", link))
        except NotFound:
            got.append(None)

    threads = [threading.Thread(target=use) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got, key=str) == sorted([user_id, None], key=str)


def test_a_new_password_ends_sessions_and_links(crm: Crm, new_user: NewUser) -> None:
    user_id = new_user("anna")
    new, token = sign_in(crm), token_for(crm, user_id)
    with crm.writing(SYSTEM) as session:
        link = identity.create_link(session, "reset", user_id)
        identity.change_password(session, user_id, PASSWORD, "quite another sentence")
        with pytest.raises(NotFound):
            identity.use_link(session, "reset", link)
    assert load(crm, new) is None
    assert holder(crm, token) is not None
    assert "wrong" in str(refusal(crm, "anna", PASSWORD))
    assert load(crm, sign_in(crm, password="quite another sentence")) is not None


@pytest.mark.parametrize(
    ("current", "password", "field"),
    [
        ("not the current one", "quite another sentence", "current"),
        (PASSWORD, "short", "password"),
        (PASSWORD, "password123", "password"),
        (PASSWORD, "aaaaaaaaaaaaaa", "password"),
        (PASSWORD, "anna-anna-anna", "password"),
        (PASSWORD, "x1y2" * 100, "password"),
    ],
)
def test_a_password_is_changed_by_who_knows_it_to_a_good_one(
    crm: Crm, new_user: NewUser, current: str, password: str, field: str
) -> None:
    user_id = new_user("anna")
    with crm.writing(SYSTEM) as session:
        with pytest.raises(Invalid) as refused:
            identity.change_password(session, user_id, current, password)
        assert [problem.field for problem in refused.value.problems] == [field]
    assert load(crm, sign_in(crm)) is not None


def test_a_password_that_was_changed_during_the_check_opens_nothing(
    crm: Crm, new_user: NewUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_id = new_user("anna")

    def change_meanwhile(stored: str | None, password: str) -> bool:
        with crm.writing(SYSTEM) as session:
            identity.set_password(session, user_id, "quite another sentence")
        return True

    monkeypatch.setattr("crm_core.service.identity.admission.verify_password", change_meanwhile)
    assert "wrong" in str(refusal(crm, "anna", PASSWORD))
    assert rows(crm, SignInSession) == 0


def test_what_is_over_is_removed(crm: Crm, new_user: NewUser, clock: Clock) -> None:
    user_id = new_user("anna")
    begin(crm, user_id)
    kept = token_for(crm, user_id)
    token_for(crm, user_id, 1)
    clock.forward(days=31)
    with crm.writing(SYSTEM) as session:
        assert identity.forget_ended(session) == 2
    assert holder(crm, kept) is not None


def test_security_events_say_who_came_and_went(crm: Crm, new_user: NewUser) -> None:
    user_id = new_user("anna")
    sign_in(crm)
    (row,) = [event for event in events(crm) if event["kind"] == "signed_in"]
    assert (row["user_id"], row["address"]) == (user_id, HERE)


def test_a_session_of_another_audience_is_not_one_of_the_staff(crm: Crm, new_user: NewUser) -> None:
    user_id = new_user("anna")
    new = begin(crm, user_id)
    with crm.writing(SYSTEM) as session:
        table = SignInSession.__table__
        row = dict(session.execute(select(table)).mappings().one())
        session.execute(table.delete())
        session.execute(insert(table), {**row, "audience": "customer"})
    assert load(crm, new) is None
