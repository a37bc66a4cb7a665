"""What kind of answer a request wants: a page, a piece of one, or JSON."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import request

__all__ = ["is_fragment", "is_htmx", "layout", "local_path", "wants_json"]


def is_htmx() -> bool:
    """Whether a script of the page asks, which swaps the answer in."""
    return request.headers.get("HX-Request") == "true"


def is_fragment() -> bool:
    """Whether the answer replaces a piece of the page: then the frame around it is left out."""
    return is_htmx() and request.headers.get("HX-Boosted") != "true"


def layout() -> str:
    """The template that a page extends: the whole frame, or the content alone for a piece."""
    return "fragment.html" if is_fragment() else "base.html"


def wants_json() -> bool:
    """Whether the caller is a program."""
    return request.path.startswith("/api/")


def local_path(target: str | None, default: str = "/") -> str:
    """The target when it is a path of this site, else the default: no redirect leads away."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")) or any(c < " " for c in target):
        return default
    parts = urlsplit(target)
    return default if parts.scheme or parts.netloc else target
