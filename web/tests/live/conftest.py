"""The browser of the tests of the whole program under load."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser


@pytest.fixture
def browser(chromium: Browser) -> Browser:
    return chromium
