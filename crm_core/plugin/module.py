"""The manifest of a module: what an administrator enables."""

from __future__ import annotations

from dataclasses import dataclass

from crm_core.text import Msg

__all__ = ["NAME_PATTERN", "RESERVED_NAMES", "Module"]

NAME_PATTERN = r"[a-z][a-z0-9]{1,19}"
RESERVED_NAMES = frozenset({"core", "api", "static", "auth", "admin", "files", "health"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """What a module is called and needs.

    ``name`` matches ``NAME_PATTERN`` and equals the name of the entry point in group ``crm.modules``.
    ``requires`` are modules without which this one cannot work, ``uses`` those it works with when they
    are enabled. ``package`` is the import package (``crm_sales``) that holds ``models``,
    ``migrations``, ``templates``, ``static`` and ``locale``.
    """

    name: str
    title: Msg
    summary: Msg
    package: str
    requires: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
