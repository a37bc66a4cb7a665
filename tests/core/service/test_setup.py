"""The first administrator: one, made by the program itself, through a link that works once."""

from __future__ import annotations

import threading

import pytest
from argon2 import PasswordHasher

from crm_core.access.load import load_principal
from crm_core.access.principal import Principal, system
from crm_core.errors import Invalid, NotFound
from crm_core.runtime import Crm
from crm_core.service import identity, people, setup

PASSWORD = "lamps over the old harbour"
SYSTEM = system("test")


def make(crm: Crm, login: str = "anna", actor: Principal = SYSTEM) -> str:
    with crm.writing(actor) as session:
        return setup.create_administrator(session, login, login.title(), PASSWORD, "ru", "Europe/Moscow")


def test_the_first_one_may_everything_and_signs_in(crm: Crm, quick_hashes: PasswordHasher) -> None:
    assert quick_hashes.time_cost == 1
    with crm.reading(SYSTEM) as session:
        assert setup.needs_setup(session)
    user_id = make(crm)
    with crm.reading(SYSTEM) as session:
        assert not setup.needs_setup(session)
        assert load_principal(session, user_id).may("core.admin")
    assert identity.sign_in(crm, "anna", PASSWORD, None, None).user_id == user_id


def test_there_is_no_second_one(crm: Crm, quick_hashes: PasswordHasher) -> None:
    assert quick_hashes.time_cost == 1
    make(crm)
    with pytest.raises(NotFound):
        make(crm, "mallory")
    with crm.writing(SYSTEM) as session, pytest.raises(NotFound):
        setup.setup_link(session)


def test_of_two_at_once_one_becomes_administrator(crm: Crm, quick_hashes: PasswordHasher) -> None:
    assert quick_hashes.time_cost == 1
    together, refused = threading.Barrier(2), []

    def hurry(login: str) -> None:
        together.wait()
        try:
            make(crm, login)
        except NotFound:
            refused.append(login)

    threads = [threading.Thread(target=hurry, args=(login,)) for login in ("anna", "boris")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    with crm.reading(SYSTEM) as session:
        assert len(people.users(session)) == 1


def test_only_the_program_itself_makes_one(crm: Crm, actor: Principal) -> None:
    with pytest.raises(NotFound):
        make(crm, actor=actor)


def test_a_weak_password_makes_nobody(crm: Crm) -> None:
    def attempt() -> None:
        with crm.writing(SYSTEM) as session:
            setup.create_administrator(session, "anna", "Anna", "1234567890")

    with pytest.raises(Invalid) as refused:
        attempt()
    assert refused.value.problems[0].field == "password"
    with crm.reading(SYSTEM) as session:
        assert setup.needs_setup(session)


def test_a_deactivated_administrator_does_not_count(crm: Crm, quick_hashes: PasswordHasher) -> None:
    assert quick_hashes.time_cost == 1
    with crm.writing(SYSTEM) as session:
        people.create_user(session, {"login": "old", "name": "Old", "is_active": False, "roles": ["admin"]})
        assert setup.needs_setup(session)
    assert make(crm)


def test_the_link_is_replaced_by_a_newer_one(crm: Crm) -> None:
    with crm.writing(SYSTEM) as session:
        old, new = setup.setup_link(session), setup.setup_link(session)
        with pytest.raises(NotFound):
            identity.use_link(session, "setup", old)
        assert identity.use_link(session, "setup", new) is None
