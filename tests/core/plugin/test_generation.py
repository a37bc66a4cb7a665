"""What is built from the enabled modules follows them, and stays usable whatever the new ones do."""

from __future__ import annotations

import threading
from itertools import count

import pytest
from sqlalchemy import text

from crm_core.db.engine import Database
from crm_core.plugin.generation import Current, read_generation


def bump(database: Database) -> None:
    with database.lane(), database.write.begin() as connection:
        connection.execute(text("UPDATE core_meta SET value = value + 1 WHERE key = 'generation'"))


def test_a_change_of_the_modules_is_built_once_and_then_given_to_all(database: Database) -> None:
    numbers = count(1)
    current = Current(database, lambda: (read_generation(database), next(numbers)), look_every=0)
    assert [current.get(), current.get()] == [1, 1]
    bump(database)
    assert [current.get(), current.get()] == [2, 2]


def test_between_two_looks_the_database_is_not_asked(database: Database) -> None:
    numbers = count(1)
    current = Current(database, lambda: (read_generation(database), next(numbers)), look_every=3600)
    bump(database)
    assert current.get() == 1
    current.refresh()
    assert current.get() == 2


def test_what_cannot_be_built_leaves_the_old_in_service_and_says_why(database: Database) -> None:
    broken = [False]

    def build() -> tuple[int, str]:
        if broken[0]:
            raise RuntimeError("a module does not work")
        return read_generation(database), f"generation {read_generation(database)}"

    current = Current(database, build, look_every=0)
    before = current.get()
    broken[0] = True
    bump(database)
    assert current.get() == before
    assert current.error == "RuntimeError: a module does not work"
    broken[0] = False
    bump(database)
    assert current.get() == f"generation {read_generation(database)}"
    assert current.error is None


def test_the_first_one_must_be_buildable(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        Current(database, lambda: (1, 1 // 0))


def test_while_one_builds_the_others_go_on_with_the_old(database: Database) -> None:
    building, may_end = threading.Event(), threading.Event()
    numbers = count(1)

    def build() -> tuple[int, int]:
        number = next(numbers)
        if number > 1:
            building.set()
            may_end.wait(10)
        return read_generation(database), number

    current = Current(database, build, look_every=0)
    bump(database)
    first = threading.Thread(target=current.get)
    first.start()
    assert building.wait(10)
    assert current.get() == 1
    may_end.set()
    first.join()
    assert current.get() == 2
