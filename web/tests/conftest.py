"""What all tests of the web share: one browser for each process of the run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from crm_web.testing import CHROMIUM


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser of this test run; playwright allows one of itself in a thread."""
    if not CHROMIUM.exists():
        pytest.skip("chromium is not installed; `make test` installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM))
        yield browser
        browser.close()
