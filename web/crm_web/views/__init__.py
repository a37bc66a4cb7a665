"""The pages of the shell."""

from __future__ import annotations

from flask import Flask

from crm_core.runtime import Crm
from crm_web.views import find, health
from crm_web.views.record import mount_entities

__all__ = ["mount_views"]


def mount_views(app: Flask, crm: Crm) -> None:
    """Register all pages of the shell, and those of every entity."""
    app.register_blueprint(health.blueprint)
    app.register_blueprint(find.blueprint)
    mount_entities(app, crm)
