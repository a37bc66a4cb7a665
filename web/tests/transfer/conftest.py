"""One served installation and one real browser for the tests of imports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from crm_web.testing import Site, running_site


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests here drive a browser and take a while."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker("browser")
            item.add_marker("slow")


# Jobs run in processes of their own, which share the machine with everything else that is tested.
expect.set_options(timeout=30_000)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A new installation with an administrator and nothing else."""
    with running_site(tmp_path) as running:
        yield running
