"""Addresses of the built front-end files: hashed names, integrity digests and the icon sprite."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

__all__ = ["AssetError", "Assets"]

PREFIX = "/static/dist/"
FALLBACK_ICON = "point"


class AssetError(RuntimeError):
    """The front-end assets were not built, or a template asks for a file that is not among them."""


class Assets:
    """What `build.mjs` wrote into the folder `dist`, read once from its manifest.

    Raises AssetError when the folder holds no manifest; its text says what to do.
    """

    __slots__ = ("_files", "_icons", "_sprite", "dist")

    def __init__(self, dist: Path) -> None:
        self.dist = dist
        self._files = read_manifest(dist)
        self._sprite = self.url("icons.svg")
        self._icons = frozenset(self._entry("icons.svg")["names"].split())

    def url(self, name: str) -> str:
        """The address of a file that never changes under this address, e.g. `url("core.js")`."""
        return PREFIX + self._entry(name)["file"]

    def integrity(self, name: str) -> str:
        """The subresource-integrity digest of the file (`sha384-…`)."""
        return self._entry(name)["integrity"]

    def icon(self, name: str) -> str:
        """The address of one icon within the sprite, for `<use href>`; a name that it lacks gives a plain dot.

        So a module that asks for an unknown icon spoils nothing but its own entry.
        """
        return f"{self._sprite}#{name if name in self._icons else FALLBACK_ICON}"

    def _entry(self, name: str) -> Mapping[str, str]:
        try:
            return self._files[name]
        except KeyError:
            raise AssetError(f"no built asset is named {name!r}; run `make assets` if it was added just now") from None


def read_manifest(dist: Path) -> Mapping[str, Mapping[str, str]]:
    """The manifest of the folder. Raises AssetError when it is missing or damaged."""
    path = dist / "manifest.json"
    try:
        content: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AssetError("the front-end assets are not built; run `make assets`") from None
    except ValueError as error:
        raise AssetError("the manifest of the front-end assets is damaged; run `make assets`") from error
    return MappingProxyType(content)
