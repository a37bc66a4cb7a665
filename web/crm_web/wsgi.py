"""The program as a WSGI application, for ``crm serve`` and for any other server.

granian --interface wsgi --factory crm_web.wsgi:application
gunicorn 'crm_web.wsgi:application()'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_core.db.engine import open_database
from crm_core.plugin.generation import Current
from crm_core.runtime import build
from crm_core.settings import read_settings
from crm_web import create_app
from crm_web.switch import ModuleSwitch

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

__all__ = ["application"]


def application() -> ModuleSwitch:
    """The application that the environment describes. Raises ``ConfigurationError`` when it cannot start."""
    settings = read_settings()
    database = open_database(settings.database_url)

    def make() -> tuple[int, WSGIApplication]:
        crm = build(settings, database)
        return crm.generation, create_app(crm)

    return ModuleSwitch(Current(database, make))
