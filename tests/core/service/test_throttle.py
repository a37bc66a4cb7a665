"""Guessing passwords: slowed down, for all workers together, without locking anybody out."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import func, select

from crm_core.access.principal import system
from crm_core.errors import Refused, TooMany
from crm_core.model import LoginAttempt
from crm_core.runtime import Crm, build
from crm_core.service import identity, throttle

from .conftest import PASSWORD, Clock

NewUser = Callable[..., str]
HERE, ELSEWHERE = "192.0.2.1", "198.51.100.7"
SYSTEM = system("test")
WRONG = "not the password"


def guess(crm: Crm, login: str = "anna", address: str | None = HERE, password: str = WRONG) -> str:
    """What an attempt gives: in, wrong, or wait."""
    try:
        identity.sign_in(crm, login, password, address, None)
    except TooMany:
        return "wait"
    except Refused:
        return "wrong"
    return "in"


@pytest.fixture
def colleague(crm: Crm) -> Iterator[Crm]:
    """Another process of the same installation."""
    other = build(crm.settings)
    yield other
    other.database.dispose()


def test_five_mistakes_are_free_then_pauses_double(crm: Crm, new_user: NewUser, clock: Clock) -> None:
    new_user("anna")
    assert [guess(crm) for _ in range(6)] == ["wrong"] * 5 + ["wait"]
    pauses = []
    for _ in range(9):
        waited = 0
        while guess(crm) == "wait":
            clock.forward(seconds=1)
            waited += 1
        pauses.append(waited)
    assert pauses[0] in range(9, 12)
    assert all(later in range(earlier * 2 - 3, earlier * 2 + 4) for earlier, later in itertools.pairwise(pauses[:6]))
    assert max(pauses) <= 15 * 60 + 1


def test_the_right_password_waits_too_and_then_clears_the_account(crm: Crm, new_user: NewUser, clock: Clock) -> None:
    new_user("anna")
    for _ in range(5):
        guess(crm)
    assert guess(crm, password=PASSWORD) == "wait"
    clock.forward(seconds=11)
    assert guess(crm, password=PASSWORD) == "in"
    assert [guess(crm) for _ in range(5)] == ["wrong"] * 5


def test_attempts_during_a_pause_do_not_lengthen_it(crm: Crm, new_user: NewUser, clock: Clock) -> None:
    new_user("anna")
    for _ in range(5):
        guess(crm)
    for _ in range(9):
        clock.forward(seconds=1)
        assert guess(crm) == "wait"
    clock.forward(seconds=2)
    assert guess(crm, password=PASSWORD) == "in"


def test_all_workers_count_together(crm: Crm, colleague: Crm, new_user: NewUser) -> None:
    new_user("anna")
    assert [guess(one) for one in (crm, colleague, crm, colleague, crm)] == ["wrong"] * 5
    assert guess(crm) == guess(colleague) == "wait"


def test_many_at_once_are_no_way_around_the_count(crm: Crm, colleague: Crm, new_user: NewUser) -> None:
    new_user("anna")
    together, said = threading.Barrier(12), []

    def attempt(number: int) -> None:
        together.wait()
        said.append(guess(crm if number % 2 else colleague))

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == ["wait"] * 7 + ["wrong"] * 5


def test_a_stranger_does_not_lock_the_owner_out(crm: Crm, new_user: NewUser) -> None:
    new_user("anna")
    for _ in range(20):
        guess(crm, address=ELSEWHERE)
    assert guess(crm, address=ELSEWHERE, password=PASSWORD) == "wait"
    assert guess(crm, address=HERE, password=PASSWORD) == "in"


def test_many_addresses_are_slowed_down_at_one_account_for_a_minute_at_most(
    crm: Crm, new_user: NewUser, clock: Clock
) -> None:
    new_user("anna")
    said = [guess(crm, address=f"10.0.{number}.1") for number in range(80)]
    assert said == ["wrong"] * 50 + ["wait"] * 30
    clock.forward(seconds=61)
    assert guess(crm, password=PASSWORD) == "in"


def test_one_address_is_slowed_down_at_many_accounts(crm: Crm, new_user: NewUser) -> None:
    new_user("anna")
    said = [guess(crm, login=f"user{number}") for number in range(40)]
    assert said == ["wrong"] * 30 + ["wait"] * 10
    assert guess(crm, address=ELSEWHERE, password=PASSWORD) == "in"


def test_one_customer_of_a_provider_is_one_network(crm: Crm, new_user: NewUser) -> None:
    new_user("anna")
    said = [guess(crm, address=f"2001:db8:1:2::{number:x}") for number in range(6)]
    assert said == ["wrong"] * 5 + ["wait"]
    assert guess(crm, address="2001:db8:1:3::1", password=PASSWORD) == "in"
    mapped = [guess(crm, address=f"::ffff:{HERE}" if number % 2 else HERE) for number in range(6)]
    assert mapped[-1] == "wait"


def test_other_people_behind_the_same_address_sign_in(crm: Crm, new_user: NewUser) -> None:
    new_user("anna")
    new_user("boris")
    for _ in range(8):
        guess(crm, "anna")
    assert guess(crm, "boris", password=PASSWORD) == "in"


def test_a_success_does_not_free_a_guesser_of_other_accounts(crm: Crm, new_user: NewUser) -> None:
    new_user("boris")
    said = []
    for number in range(40):
        said.append(guess(crm, login=f"user{number}"))
        if number < 29:
            assert guess(crm, "boris", password=PASSWORD) == "in"
    assert said.count("wrong") == 30


def test_mistakes_are_forgotten_after_half_a_day(crm: Crm, new_user: NewUser, clock: Clock) -> None:
    new_user("anna")
    for _ in range(4):
        guess(crm)
    clock.forward(hours=12, minutes=1)
    assert [guess(crm) for _ in range(5)] == ["wrong"] * 5
    clock.forward(hours=12, minutes=1)
    with crm.writing(SYSTEM) as session:
        assert throttle.forget_old(session) == 3
    with crm.reading(SYSTEM) as session:
        assert session.execute(select(func.count()).select_from(LoginAttempt.__table__)).scalar() == 0


def test_how_long_to_wait_is_told(crm: Crm, new_user: NewUser, clock: Clock) -> None:
    assert clock.moment.tzinfo is not None
    new_user("anna")
    for _ in range(5):
        guess(crm)
    with pytest.raises(TooMany) as refused:
        identity.sign_in(crm, "anna", PASSWORD, HERE, None)
    assert refused.value.seconds in range(10, 12)


@pytest.mark.parametrize("address", [None, "", "unix:", "fe80::1%eth0", "not an address"])
def test_any_address_is_counted(crm: Crm, new_user: NewUser, address: str | None) -> None:
    new_user("anna")
    assert [guess(crm, address=address) for _ in range(6)] == ["wrong"] * 5 + ["wait"]


def test_counters_hold_neither_logins_nor_addresses(crm: Crm, new_user: NewUser) -> None:
    new_user("anna")
    guess(crm)
    with crm.reading(SYSTEM) as session:
        keys = session.execute(select(LoginAttempt.__table__.c.key)).scalars().all()
    assert len(keys) == 3
    assert not any("anna" in key or HERE in key for key in keys)
