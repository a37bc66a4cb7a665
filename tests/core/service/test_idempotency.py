"""The same request twice has one effect and gets one answer."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import func, select, text, update

from crm_core.access.principal import Principal, system
from crm_core.db.clock import from_now
from crm_core.errors import Busy, Invalid
from crm_core.model import Idempotency, Tag
from crm_core.runtime import Crm
from crm_core.service import idempotency
from crm_core.service.idempotency import Replay
from crm_core.testing.statements import Statements


def create_tag(crm: Crm, actor: Principal, key: str, digest: str = "d1", name: str = "vip") -> Replay | None:
    with crm.writing(actor) as session:
        replay = idempotency.begin(session, actor.id, key, digest)
        if replay is None:
            session.add(Tag(name=name, name_fold=name))
            session.flush()
            idempotency.finish(session, actor.id, key, 201, {"Location": "/tags/1"}, '{"name":"vip"}')
        return replay


def tags(crm: Crm) -> int:
    with crm.reading(system("test")) as session:
        return session.scalar(select(func.count()).select_from(Tag)) or 0


def test_a_repeated_request_gets_the_first_answer_and_has_no_second_effect(crm: Crm, actor: Principal) -> None:
    assert create_tag(crm, actor, "k1") is None
    replay = create_tag(crm, actor, "k1")
    assert replay == Replay(status=201, headers={"Location": "/tags/1"}, body='{"name":"vip"}')
    assert tags(crm) == 1


def test_a_key_belongs_to_one_principal(crm: Crm, actor: Principal) -> None:
    assert create_tag(crm, actor, "k1") is None
    assert create_tag(crm, system("somebody without an id"), "k1", name="other") is None
    assert create_tag(crm, system("somebody without an id"), "k1", name="other") is not None


def test_a_key_of_another_request_is_refused(crm: Crm, actor: Principal) -> None:
    create_tag(crm, actor, "k1")
    with pytest.raises(Invalid) as refused:
        create_tag(crm, actor, "k1", digest="d2")
    assert refused.value.problems[0].id == "idempotency.other_request"


def test_a_refused_request_leaves_its_key_free(crm: Crm, actor: Principal) -> None:
    with contextlib.suppress(ZeroDivisionError), crm.writing(actor) as session:
        idempotency.begin(session, actor.id, "k1", "d1")
        raise ZeroDivisionError
    assert create_tag(crm, actor, "k1", digest="corrected") is None


def test_the_normal_path_takes_two_statements(
    crm: Crm, session: object, actor: Principal, count_statements: Callable[[], AbstractContextManager[Statements]]
) -> None:
    with count_statements() as seen:
        idempotency.begin(session, actor.id, "k1", "d1")  # type: ignore[arg-type]
        idempotency.finish(session, actor.id, "k1", 200, {}, "")  # type: ignore[arg-type]
    assert len(seen) == 2


def test_a_double_click_has_one_effect(crm: Crm, actor: Principal) -> None:
    outcomes: list[object] = []

    def click() -> None:
        try:
            outcomes.append(create_tag(crm, actor, "k1"))
        except Busy:
            outcomes.append("busy")

    with crm.writing(actor) as session:
        assert idempotency.begin(session, actor.id, "k1", "d1") is None
        second = threading.Thread(target=click)
        second.start()
        if not crm.database.sqlite:
            # PostgreSQL answers at once; on SQLite the second request waits for its turn to write.
            second.join(10)
        session.add(Tag(name="vip", name_fold="vip"))
        idempotency.finish(session, actor.id, "k1", 201, {}, "")
    second.join(10)
    assert outcomes in (["busy"], [Replay(status=201, headers={}, body="")])
    assert tags(crm) == 1


def test_answers_are_forgotten_after_a_week(crm: Crm, actor: Principal) -> None:
    create_tag(crm, actor, "old")
    create_tag(crm, actor, "new", name="other")
    with crm.writing(actor) as session:
        session.execute(update(Idempotency).where(Idempotency.key == "old").values(created_at=from_now(-8 * 86400)))
        assert idempotency.forget(session) == 1
        assert session.execute(text("SELECT key FROM core_idempotency")).scalars().all() == ["new"]
