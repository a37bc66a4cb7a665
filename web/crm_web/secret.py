"""The key of this installation, with which it signs what it hands to browsers."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

__all__ = ["secret_key"]


def secret_key(data_dir: Path) -> bytes:
    """The key in ``secret.key`` of the data folder; made at the first start, readable by the owner only."""
    path = data_dir / "secret.key"
    if not path.exists():
        _create(path)
    return path.read_bytes()


def _create(path: Path) -> None:
    """Write a new key beside the place and link it there: of several workers that start at once one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"secret.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(32))
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
