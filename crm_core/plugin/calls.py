"""Calling hooks: each module on its own, named when it fails. A marked isolation point."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Any

import pluggy

from crm_core.errors import CrmError, ModuleError
from crm_core.text import messages

__all__ = ["call_each", "call_one", "collect"]

_ = messages("core")
_log = logging.getLogger("crm.hooks")


def call_each(
    manager: pluggy.PluginManager, hook: str, /, **arguments: Any
) -> Iterator[tuple[str, Any, Exception | None]]:
    """Call one hook on every module: yields ``(module, result, error)``, and never raises itself.

    pluggy's own call stops at the first exception; here the others still get their turn.
    """
    caller = getattr(manager.hook, hook)
    for implementation in sorted(caller.get_hookimpls(), key=lambda found: found.plugin_name):
        values = [arguments[name] for name in implementation.argnames]
        try:
            yield implementation.plugin_name, implementation.function(*values), None
        except Exception as error:  # noqa: BLE001 - the isolation point of hooks
            _log.exception("module %s failed in %s", implementation.plugin_name, hook)
            yield implementation.plugin_name, None, error


def call_one(manager: pluggy.PluginManager, hook: str, module: str, /, **arguments: Any) -> None:
    """Call one hook on one module, which may not have it; whatever it raises is the caller's to isolate."""
    for implementation in getattr(manager.hook, hook).get_hookimpls():
        if implementation.plugin_name == module:
            implementation.function(*(arguments[name] for name in implementation.argnames))


def collect(manager: pluggy.PluginManager, hook: str, /, **arguments: Any) -> list[Any]:
    """Call a hook that fails closed: all results, flattened; the first failure becomes a ``ModuleError``."""
    found: list[Any] = []
    for module, result, error in call_each(manager, hook, **arguments):
        if isinstance(error, CrmError):
            raise error
        if error is not None:
            raise ModuleError(
                _("The module %(module)s failed: %(error)s", module=module, error=str(error)),
                module=module,
                hint=_("Ask your administrator to disable the module or to have it repaired."),
            ) from error
        found.extend(result if isinstance(result, Iterable) and not isinstance(result, str) else filter(None, [result]))
    return found
