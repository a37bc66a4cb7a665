"""The bell: whoever listens is woken at once, and who was killed is forgotten."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

from crm_core.access.principal import system
from crm_core.job.bell import listening, ring
from crm_core.job.ledger import enqueue
from crm_core.runtime import Crm


def test_all_listeners_of_the_machine_are_woken(tmp_path: Path) -> None:
    heard: list[bool] = []
    ready = threading.Barrier(4)

    def listen() -> None:
        with listening(tmp_path) as bell:
            ready.wait()
            heard.append(bell.wait(10))

    threads = [threading.Thread(target=listen) for _ in range(3)]
    for thread in threads:
        thread.start()
    ready.wait()
    ring(tmp_path)
    for thread in threads:
        thread.join()
    assert heard == [True, True, True]


def test_a_bell_rings_once_for_many_rings(tmp_path: Path) -> None:
    with listening(tmp_path) as bell:
        for _ in range(5):
            ring(tmp_path)
        assert [bell.wait(1), bell.wait(0)] == [True, False]


def test_ringing_a_closed_bell_touches_no_other_file(tmp_path: Path) -> None:
    with listening(tmp_path) as bell:
        pass
    with (tmp_path / "other").open("w") as other:
        bell.ring()
        other.flush()
    assert (tmp_path / "other").read_text() == ""


def test_the_pipe_of_a_killed_process_is_forgotten(tmp_path: Path) -> None:
    ring(tmp_path)
    with listening(tmp_path):
        (pipe,) = (tmp_path / "run").glob("*.bell")
        left_behind = pipe.with_name("1-1.bell")
        os.mkfifo(left_behind)
        ring(tmp_path)
        assert list((tmp_path / "run").iterdir()) == [pipe]
    assert list((tmp_path / "run").iterdir()) == []


def test_starting_to_listen_while_others_ring_is_safe(tmp_path: Path) -> None:
    over = threading.Event()

    def keep_ringing() -> None:
        while not over.is_set():
            ring(tmp_path)

    ringing = threading.Thread(target=keep_ringing)
    ringing.start()
    try:
        for _ in range(300):
            with listening(tmp_path) as bell:
                assert bell.wait(60)
    finally:
        over.set()
        ringing.join()


def test_it_rings_when_a_job_is_committed_and_not_before(crm: Crm) -> None:
    actor = system("test")
    with listening(crm.settings.data_dir) as bell:
        with crm.writing(actor) as session:
            enqueue(session, "test.one", {})
            assert not bell.wait(0)
        assert bell.wait(1)
        with contextlib.suppress(ZeroDivisionError), crm.writing(actor) as session:
            enqueue(session, "test.one", {})
            raise ZeroDivisionError
        assert not bell.wait(0)
