"""Modules are switched on and off in the browser while other people work: no request fails, nothing is restarted."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from playwright.sync_api import Browser, expect

from crm_web.testing import Site, opened_page, running_site, wait_until

pytestmark = pytest.mark.browser


class Visitor(threading.Thread):
    """Asks for a page again and again and notes every answer."""

    def __init__(self, site: Site, path: str) -> None:
        super().__init__(daemon=True)
        self.client, self.path = site.session(), path
        self.answers: Counter[str] = Counter()
        self.stopping = threading.Event()

    def run(self) -> None:
        while not self.stopping.wait(0.05):
            try:
                self.answers[str(self.client.get(self.path).status_code)] += 1
            except httpx.HTTPError as error:
                self.answers[type(error).__name__] += 1
        self.client.close()


@pytest.fixture
def busy_site(tmp_path: Path) -> Iterator[Site]:
    with running_site(tmp_path, workers=4) as site:
        yield site


def workers(site: Site) -> set[int]:
    return {child.pid for child in psutil.Process(site.process.pid).children(recursive=True)}


def test_a_module_comes_and_goes_while_four_workers_answer(browser: Browser, busy_site: Site) -> None:
    site, before = busy_site, workers(busy_site)
    visitors = [Visitor(site, path) for path in ("/accounts", "/contacts", "/", "/accounts/new")]
    for visitor in visitors:
        visitor.start()
    with site.session() as client, opened_page(browser, site) as page:
        assert client.get("/example/assets").status_code == 404
        page.goto("/modules")
        page.locator("#module-example").get_by_role("link", name="Включить").click()
        page.get_by_role("dialog").get_by_role("button", name="Включить").click()
        expect(page.locator("#module-example .badge").first).to_have_text("Включён")
        wait_until(lambda: everywhere(client, "/example/assets", 200), 20)
        page.goto("/example/assets/new")
        page.goto("/modules")
        page.locator("#module-example").get_by_role("link", name="Выключить").click()
        page.get_by_role("dialog").get_by_role("button", name="Выключить").click()
        wait_until(lambda: everywhere(client, "/example/assets", 404), 20)
        page.goto("/modules")
        page.locator("#module-example").get_by_role("link", name="Удалить его данные").click()
        page.get_by_role("dialog").locator("[name=confirmation]").fill("example")
        page.get_by_role("dialog").get_by_role("button", name="Удалить навсегда").click()
        expect(page.locator("#module-example .badge").first).to_have_text("Ещё не включали")
    for visitor in visitors:
        visitor.stopping.set()
    for visitor in visitors:
        visitor.join(30)
        assert set(visitor.answers) == {"200"}, visitor.answers
        assert visitor.answers["200"] >= 10
    assert workers(site) >= before


def everywhere(client: httpx.Client, path: str, status: int) -> bool:
    """Whether all workers agree: connections are spread over them."""
    return all(client.get(path, headers={"Connection": "close"}).status_code == status for _try in range(16))
