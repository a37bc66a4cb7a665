"""The web shell of Stepwise CRM."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from crm_core.runtime import Crm

__all__ = ["create_app"]


def create_app(crm: Crm) -> Flask:
    """The WSGI application for one set of enabled modules.

    It never changes afterwards: enabling a module builds another one. Raises ``ModuleError`` when a route does not say
    who may call it, and ``AssetError`` when the front-end files were not built.
    """
    # Imported on use: tools that only look at this package need no Flask.
    from crm_web.app import build_app

    return build_app(crm)
