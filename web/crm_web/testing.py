"""The whole program as people meet it, for tests: ``crm serve`` with worker processes, and a real browser before it.

Needs playwright and a chromium; for tests only.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx
from playwright.sync_api import Browser, Page

from crm_core.access.principal import system
from crm_core.db.engine import open_database
from crm_core.runtime import Crm, prepare
from crm_core.service import demo, identity, setup
from crm_core.settings import Settings, read_settings

__all__ = ["CHROMIUM", "Site", "accessible", "opened_page", "running_site", "wait_until"]

CHROMIUM = Path("/usr/bin/chromium")
AXE = Path(__file__).parents[1] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LOGIN, PASSWORD = "maria", "синий кит плывёт"
DEVICES: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1366, "height": 768}},
    "phone": {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True},
}
TIMEOUT_MS = 60_000


@dataclass(kw_only=True)
class Site:
    """A running installation; ``crm`` reaches its database from the test."""

    url: str
    settings: Settings
    crm: Crm
    process: subprocess.Popen[bytes]
    pages: list[Page] = field(default_factory=list)

    def session(self) -> httpx.Client:
        """A client with the cookie of somebody who is signed in."""
        with self.crm.writing(system("test")) as session:
            user_id = next(iter(identity_ids(session)))
            new = identity.open_session(session, user_id, "127.0.0.1", "test")
        client = httpx.Client(base_url=self.url, timeout=30, follow_redirects=False)
        client.cookies.set("crm_staff", new.cookie_value)
        return client

    def token(self) -> str:
        """A token of the administrator for the REST interface."""
        with self.crm.writing(system("test")) as session:
            return identity.create_token(session, next(iter(identity_ids(session))), "test")


def identity_ids(session: Any) -> list[str]:
    from sqlalchemy import select

    from crm_core.model import User

    users = User.__table__
    return list(session.execute(select(users.c.id).where(users.c.login == LOGIN)).scalars())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_site(
    folder: Path, *, workers: int = 1, with_demo: bool = False, environ: dict[str, str] | None = None
) -> Iterator[Site]:
    """An installation of its own with an administrator, served by ``workers`` processes until the end of the block."""
    port = free_port()
    own = {
        "CRM_DATA_DIR": str(folder),
        "CRM_PORT": str(port),
        "CRM_WORKERS": str(workers),
        "CRM_ZONE": "UTC",
        **(environ or {}),
    }
    settings = read_settings(own)
    crm, _steps = prepare(settings, open_database(settings.database_url))
    with crm.writing(system("test"), origin="cli") as session:
        setup.create_administrator(session, LOGIN, "Мария Петрова", PASSWORD, "ru", "Europe/Moscow")
        if with_demo:
            demo.make_demo(session, accounts=120, contacts=240, events=900)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CRM_")}
    log = (folder / "serve.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "crm_core.cli", "serve"],
        env={**clean, **own},
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    site = Site(url=f"http://127.0.0.1:{port}", settings=settings, crm=crm, process=process)
    try:
        wait_until(lambda: answers(site), 60, lambda: (folder / "serve.log").read_text())
        yield site
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        log.close()
        crm.database.dispose()


def answers(site: Site) -> bool:
    assert site.process.poll() is None, "the server has ended"
    try:
        return httpx.get(f"{site.url}/healthz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def wait_until(holds: Callable[[], bool], seconds: float, describe: Callable[[], str] = str) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, describe()
        time.sleep(0.05)


@contextmanager
def opened_page(
    browser: Browser,
    site: Site,
    *,
    device: str = "desktop",
    theme: Literal["light", "dark"] = "light",
    language: str = "ru",
    sign_in: bool = True,
) -> Iterator[Page]:
    """A page of a fresh browser; errors on the console, failed scripts and answers of 500 fail the test."""
    context = browser.new_context(
        **DEVICES[device], locale=language, base_url=site.url, reduced_motion="reduce", color_scheme=theme
    )
    context.set_default_timeout(TIMEOUT_MS)
    context.add_cookies([{"name": "crm_theme", "value": theme, "url": site.url}])
    if sign_in:
        with site.session() as client:
            context.add_cookies([{"name": "crm_staff", "value": str(client.cookies["crm_staff"]), "url": site.url}])
    page, bad = context.new_page(), []
    page.on("pageerror", lambda error: bad.append(f"script: {error}"))
    page.on(
        "console",
        lambda message: (
            bad.append(message.text)
            if message.type == "error" and not re.search(r"status of 4\d\d", message.text)
            else None
        ),
    )
    page.on("response", lambda answer: bad.append(f"{answer.status} {answer.url}") if answer.status >= 500 else None)
    try:
        yield page
    finally:
        context.close()
    assert not bad, bad


def accessible(page: Page) -> list[Any]:
    """What axe finds on the page: nothing, when all is well."""
    page.evaluate(AXE.read_text("utf-8") + ";0")
    script = (
        "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})"
        ".then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 160))]))"
    )
    found: list[Any] = page.evaluate(script, AXE_TAGS)
    return found
