"""A real server, a real browser, people who sign in: what a user sees."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response

from crm_core.access.principal import system
from crm_core.db.engine import open_database
from crm_core.runtime import build
from crm_core.service.demo import make_demo
from crm_core.service.identity import set_password
from crm_core.service.people import create_user
from crm_core.service.setup import create_administrator
from crm_core.testing.database import fill, settings_for

Theme = Literal["light", "dark"]
PASSWORD = "lamps over the old harbour"
AXE = Path(__file__).resolve().parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
DEVICES: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1366, "height": 768}},
    "phone": {
        "viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2,
    },
}  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests here drive a browser and take a while."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker("browser")
            item.add_marker("slow")


@dataclass(frozen=True, slots=True)
class Site:
    """A running installation with a small demo firm; ``anna`` reads English, ``olga`` Russian."""

    address: str
    folder: Path


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The installation, served by ``crm serve`` in processes of its own."""
    folder = tmp_path_factory.mktemp("site")
    prepare(folder)
    port = free_port()
    environment = {**os.environ, "CRM_DATA_DIR": str(folder), "CRM_PORT": str(port), "CRM_WORKERS": "1"}
    log = (folder / "serve.log").open("wb")
    command = [sys.executable, "-m", "crm_core.cli", "serve"]
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz", process, folder / "serve.log")
        yield Site(f"http://127.0.0.1:{port}", folder)
    finally:
        process.terminate()
        process.wait(timeout=30)
        log.close()


@pytest.fixture
def visitors(chromium: Browser, site: Site) -> Iterator[Visitors]:
    """Opens browsers for people, and fails the test when one of their consoles showed an error."""
    opened = Visitors(chromium, site.address)
    yield opened
    opened.close()
    assert opened.complaints == []


@pytest.fixture
def page(visitors: Visitors) -> Page:
    """The page of Anna, an administrator who reads English, on a desktop."""
    return visitors.sign_in("anna")


class Visitors:
    """People with browsers of their own; what a browser complains about is collected."""

    def __init__(self, chromium: Browser, address: str) -> None:
        self.chromium = chromium
        self.address = address
        self.complaints: list[str] = []
        self._contexts: list[BrowserContext] = []

    def open(self, device: str = "desktop", theme: Theme = "light", language: str = "en") -> Page:
        """An empty page in a fresh browser."""
        context = self.chromium.new_context(
            **DEVICES[device], base_url=self.address, locale=language, color_scheme=theme, service_workers="block"
        )
        context.add_cookies([{"name": "crm_theme", "value": theme, "url": self.address}])
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("response", self._look)
        return page

    def sign_in(self, login: str, device: str = "desktop", theme: Theme = "light", language: str = "en") -> Page:
        """The first page after the log-in."""
        page = self.open(device, theme, language)
        page.goto("/login")
        page.fill("[name=login]", login)
        page.fill("[name=password]", PASSWORD)
        page.click("[data-primary]")
        page.wait_for_url(f"{self.address}/")
        return page

    def close(self) -> None:
        """Close all browsers."""
        for context in self._contexts:
            context.close()

    def _hear(self, message: ConsoleMessage) -> None:
        # A refused form is an error for the console and none for us.
        if message.type == "error" and "status of 4" not in message.text:
            self.complaints.append(f"{message.location.get('url')}: {message.text}")

    def _look(self, response: Response) -> None:
        if response.status >= 500:
            self.complaints.append(f"{response.url}: {response.status}")


def violations(page: Page) -> list[str]:
    """What axe finds wrong with a page."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
    return [f"{one['id']}: {node['target']} {node.get('failureSummary', '')}" for one in found for node in one["nodes"]]


def prepare(folder: Path) -> None:
    """Make the database: a small demo firm and two administrators."""
    url = f"sqlite:///{folder / 'crm.db'}"
    fill(url, folder)
    database = open_database(url)
    crm = build(settings_for(url, folder), database)
    with crm.writing(system("test"), origin="cli") as session:
        make_demo(session, accounts=120, contacts=200, events=900)
    with crm.writing(system("test"), origin="cli") as session:
        create_administrator(session, "anna", "Anna Petrova", PASSWORD, "en", "Europe/Moscow")
        olga = {
            "login": "olga",
            "name": "Ольга Смирнова",
            "language": "ru",
            "zone": "Europe/Moscow",
            "roles": ["admin"],
        }
        set_password(session, create_user(session, olga), PASSWORD)
    database.dispose()


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return int(opened.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the server answers; fail with its log when it does not."""
    for _attempt in range(300):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310 - our own address
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(log.read_text(encoding="utf-8", errors="replace"))
