"""The pages of the shell."""

from __future__ import annotations

from flask import Flask

from crm_core.runtime import Crm
from crm_web.auth import views as auth
from crm_web.views import find, health, home, modules, quick_add
from crm_web.views.record import mount_entities

__all__ = ["mount_views"]


def mount_views(app: Flask, crm: Crm) -> None:
    """Register all pages of the shell, and those of every entity."""
    for view in (auth, health, home, find, quick_add, modules):
        app.register_blueprint(view.blueprint)
    mount_entities(app, crm)
