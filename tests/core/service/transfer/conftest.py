"""Fixtures of the tests of files in and out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Put = Callable[..., Path]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Writes a file from bytes, or from text in an encoding."""

    def write(content: bytes | str, name: str = "input", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


@pytest.fixture(scope="session")
def shared(root: Path) -> Path:
    """The folder of real files beside the repository."""
    folder = root.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the shared data are not here")
    return folder
