"""``crm serve`` as a whole: real processes, real requests, killed, stopped, renewed."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from sqlalchemy import func, select

from crm_core.access.principal import system
from crm_core.db.engine import open_database
from crm_core.errors import ConfigurationError
from crm_core.model import Account, Event, Job
from crm_core.runtime import Crm, build
from crm_core.service.identity import create_token
from crm_core.service.setup import create_administrator
from crm_core.testing.database import fill, settings_for
from crm_web.server import listen

# Processes of Python start all the time: slow, and better not beside each other.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("serve")]

CRM = [sys.executable, "-P", "-m", "crm_core.cli"]


@dataclass(slots=True, kw_only=True)
class Server:
    """A running ``crm serve`` with a database and a folder for packages of its own."""

    folder: Path
    workers: int
    port: int
    url: str
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def environ(self) -> dict[str, str]:
        ours = ("CRM_", "PYTHONDONTWRITEBYTECODE")
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(ours)},
            "CRM_DATA_DIR": str(self.folder),
            "CRM_DATABASE_URL": self.url,
            "PYTHONPATH": str(self.folder / "site"),
            # As after an installation, everything is compiled once.
            "PYTHONPYCACHEPREFIX": str(self.folder.parent / "bytecode"),
        }

    def start(self) -> None:
        command = [*CRM, "serve", "--port", str(self.port), "--workers", str(self.workers)]
        with (self.folder / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=self.environ, stdout=log, stderr=log, cwd=self.folder)
        wait(lambda: len(self.pids("crm_web.worker")) == self.workers and self.get("/healthz") == 200, self.log)

    def run(self, *arguments: str) -> None:
        done = subprocess.run([*CRM, *arguments], env=self.environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def get(
        self, path: str, method: str = "GET", body: str | None = None, headers: Mapping[str, str] | None = None
    ) -> int | None:
        """The status of one request on a connection of its own; ``None`` when there was no answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, {"Connection": "close", **(headers or {})})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def pids(self, module: str) -> set[int]:
        """The child processes that run a module."""
        with contextlib.suppress(psutil.NoSuchProcess):
            children = psutil.Process(self.process.pid).children()
            return {child.pid for child in children if module in _command(child)}
        return set()

    def log(self) -> str:
        return (self.folder / "serve.log").read_text()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(40)


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def wait(condition: Callable[[], bool], explain: Callable[[], str] = str, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, explain()
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make(folder: Path, workers: int, url: str | None = None) -> Server:
    (folder / "site").mkdir()
    made = Server(folder=folder, workers=workers, port=free_port(), url=url or f"sqlite:///{folder / 'crm.db'}")
    fill(made.url, folder)
    return made


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server with four workers for the tests that leave it healthy."""
    made = make(tmp_path_factory.mktemp("serve"), workers=4)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server for one test, with two workers."""
    made = make(tmp_path, workers=2)
    made.start()
    yield made
    if made.process.poll() is None:
        made.stop()


@contextlib.contextmanager
def visitors(server: Server, *paths: str) -> Iterator[list[tuple[str, int | None]]]:
    """Clients that keep requesting pages while the block runs; gives the answers so far."""
    answers: list[tuple[str, int | None]] = []
    over = threading.Event()

    def visit(path: str) -> None:
        while not over.is_set():
            answers.append((path, server.get(path)))

    threads = [threading.Thread(target=visit, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_modules_go_on_and_off_while_people_work_and_no_request_fails(server: Server) -> None:
    before = server.pids("crm_web.worker")
    with visitors(server, "/healthz", "/login", "/example/assets") as answers:
        for command, status in (("enable", 303), ("disable", 404), ("enable", 303), ("disable", 404)):
            server.run("modules", command, "example", *(["--yes"] if command == "disable" else []))
            everywhere = [status] * 12
            wait(lambda: [server.get("/example/assets") for _ in range(12)] == everywhere)  # noqa: B023 - asked at once
    assert {status for path, status in answers if path != "/example/assets"} == {200}
    assert {status for path, status in answers if path == "/example/assets"} == {303, 404}
    assert server.pids("crm_web.worker") == before, "nothing was restarted"


def test_all_workers_are_replaced_on_request_and_no_request_fails(server: Server) -> None:
    before = server.pids("crm_web.worker")
    with visitors(server, "/healthz", "/login") as answers:
        server.process.send_signal(signal.SIGHUP)
        wait(lambda: len(now := server.pids("crm_web.worker")) == 4 and not now & before, server.log, seconds=120)
    assert len(answers) > 10
    assert {status for _path, status in answers} == {200}


def test_newly_installed_code_gets_new_workers(server: Server) -> None:
    before = server.pids("crm_web.worker")
    folder = server.folder / "site" / "something-1.0.dist-info"
    folder.mkdir()
    (folder / "RECORD").write_text("")
    wait(lambda: len(now := server.pids("crm_web.worker")) == 4 and not now & before, server.log, seconds=120)


def test_workers_that_cannot_start_do_not_replace_those_that_work(server: Server) -> None:
    wait(lambda: len(server.pids("crm_web.worker")) == 4, server.log)
    before = server.pids("crm_web.worker")
    broken = server.folder / "site" / "sitecustomize.py"
    broken.write_text("import os\nos._exit(3)\n")
    server.process.send_signal(signal.SIGHUP)
    wait(lambda: "the old ones go on" in server.log(), server.log)
    assert server.pids("crm_web.worker") == before
    assert server.get("/login") == 200
    broken.unlink()


def test_a_killed_worker_is_replaced_and_the_others_answer_meanwhile(server: Server) -> None:
    wait(lambda: len(server.pids("crm_web.worker")) == 4, server.log)
    victim = min(server.pids("crm_web.worker"))
    os.kill(victim, signal.SIGKILL)
    assert server.get("/login") == 200
    wait(lambda: len(now := server.pids("crm_web.worker")) == 4 and victim not in now, server.log)


def test_the_process_for_jobs_is_replaced_when_it_is_killed(server: Server) -> None:
    wait(lambda: len(server.pids("crm_core.cli")) == 1, server.log)
    (victim,) = server.pids("crm_core.cli")
    os.kill(victim, signal.SIGKILL)
    wait(lambda: len(now := server.pids("crm_core.cli")) == 1 and victim not in now, server.log)


def test_background_work_is_done_in_a_process_of_its_own(server: Server) -> None:
    def kept_house() -> bool:
        with crm_of(server) as crm, crm.reading(system("test")) as session:
            done = select(Job.id).where(Job.kind == "core.housekeeping", Job.state == "done")
            return session.execute(done).first() is not None

    wait(kept_house, server.log)


def test_a_worker_on_its_own_takes_new_code_by_itself_and_stops_when_told(tmp_path: Path) -> None:
    server = make(tmp_path, workers=1)
    log = tmp_path / "worker.log"
    with log.open("wb") as out, subprocess.Popen([*CRM, "worker"], env=server.environ, stderr=out) as worker:
        wait(lambda: log.read_text().count("background work is done") == 1, log.read_text)
        (tmp_path / "site" / "something-1.0.dist-info").mkdir()
        wait(lambda: log.read_text().count("background work is done") == 2, log.read_text)
        worker.terminate()
        assert worker.wait(30) == 0


def test_it_says_where_it_is_and_ends_with_all_its_processes(own_server: Server) -> None:
    assert f"http://127.0.0.1:{own_server.port}" in own_server.log()
    children = psutil.Process(own_server.process.pid).children(recursive=True)
    assert own_server.stop() == 0
    assert not any(child.is_running() for child in children)


def test_nothing_survives_a_killed_supervisor_and_the_next_one_can_start_at_once(own_server: Server) -> None:
    wait(lambda: len(own_server.pids("crm_core.cli")) == 1, own_server.log)
    children = psutil.Process(own_server.process.pid).children(recursive=True)
    own_server.process.kill()
    own_server.process.wait()
    own_server.start()
    wait(lambda: not any(child.is_running() for child in children), own_server.log)


def test_without_a_database_it_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    server = Server(folder=tmp_path, workers=1, port=free_port(), url=f"sqlite:///{tmp_path / 'crm.db'}")
    command = [*CRM, "serve", "--port", str(server.port)]
    done = subprocess.run(command, env=server.environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == os.EX_CONFIG
    assert "crm db upgrade" in done.stderr
    assert "Traceback" not in done.stderr


def test_writes_through_killed_workers_are_done_once_when_they_are_repeated(database_url: str, tmp_path: Path) -> None:
    server = make(tmp_path, workers=4, url=database_url)
    token = token_for(server)
    server.start()
    names = [[f"Client {client} Nr {number}" for number in range(25)] for client in range(4)]
    repeated: list[str] = []
    threads = [threading.Thread(target=create_all, args=(server, token, some, repeated)) for some in names]
    for thread in threads:
        thread.start()
    dice, kills = random.Random(2), 0
    while any(thread.is_alive() for thread in threads):
        time.sleep(0.15)
        workers = sorted(server.pids("crm_web.worker"))
        # One always answers; the others may be killed as often as they come back.
        if len(workers) == 4 and kills < 30:
            os.kill(dice.choice(workers[:3]), signal.SIGKILL)
            kills += 1
    for thread in threads:
        thread.join()
    assert server.stop() == 0
    assert kills >= 5
    with crm_of(server) as crm, crm.reading(system("test")) as session:
        created = sorted(session.scalars(select(Account.name)))
        versions = set(session.scalars(select(Account.version)))
        events = session.scalar(select(func.count()).where(Event.type == "core.account.created"))
    assert created == sorted(name for some in names for name in some), f"{len(repeated)} were repeated"
    assert versions == {1}
    assert events == len(created)


def create_all(server: Server, token: str, names: list[str], repeated: list[str]) -> None:
    """Create accounts one after the other; who gets no answer asks again with the same key, as clients should."""
    for name in names:
        key = str(uuid.uuid4())
        until = time.monotonic() + 60
        while (status := create(server, token, name, key)) != 201:
            assert status in {None, 409}, f"{name}: {status}"
            assert time.monotonic() < until
            repeated.append(name)
            time.sleep(0.1)


def create(server: Server, token: str, name: str, key: str) -> int | None:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Idempotency-Key": key}
    return server.get("/api/v1/core/accounts", "POST", json.dumps({"name": name}), headers)


@contextlib.contextmanager
def crm_of(server: Server) -> Iterator[Crm]:
    database = open_database(server.url)
    try:
        yield build(settings_for(server.url, server.folder), database)
    finally:
        database.dispose()


def token_for(server: Server) -> str:
    with crm_of(server) as crm, crm.writing(system("test")) as session:
        user_id = create_administrator(session, login="admin", name="Admin", password="correct horse battery")
        return create_token(session, user_id, "test", 1)


def test_an_address_that_is_taken_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm_web.server._BIND_SECONDS", 0)
    with listen("127.0.0.1", 0) as first:
        taken = first.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"Cannot listen at 127.0.0.1:{taken}"), listen("127.0.0.1", taken):
            pass


SLOW = """
import sys, time
from crm_web.worker import serve

def app(environ, start_response):
    time.sleep(1.5)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"finished"]

serve(app, int(sys.argv[1]), 4, lambda: print("ready", flush=True))
"""


def test_a_request_in_flight_is_finished_before_its_worker_ends() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        listening.setblocking(False)
        number, port = listening.fileno(), listening.getsockname()[1]
        command = [sys.executable, "-c", SLOW, str(number)]
        with subprocess.Popen(command, pass_fds=[number], stdout=subprocess.PIPE) as worker:
            assert worker.stdout is not None
            assert worker.stdout.readline() == b"ready\n"
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            connection.request("GET", "/")
            time.sleep(0.5)
            worker.terminate()
            assert connection.getresponse().read() == b"finished"
            connection.close()
            assert worker.wait(20) == 0
