"""The switch: modules go on and off while people work, without a restart and without a failed request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from crm_core.plugin.generation import Current

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["SWITCH", "ModuleSwitch"]

SWITCH = "crm.switch"
"""Where a request finds the switch in its WSGI environment."""


class ModuleSwitch:
    """A WSGI application that hands each request to the app of the modules enabled at that moment.

    A request that comes half a second after a change of the modules, or later, gets the new app, in every
    worker. Those in flight finish in the old one; when the new one cannot be built, it goes on.
    """

    def __init__(self, current: Current[WSGIApplication]) -> None:
        self._current = current

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ[SWITCH] = self
        return self._current.get()(environ, start_response)

    @property
    def error(self) -> str | None:
        """Why the app of the present modules could not be built; ``None`` while the right one is serving."""
        return self._current.error

    def refresh(self) -> None:
        """Put the new app into service now: for the view that has just changed the modules."""
        self._current.refresh()
