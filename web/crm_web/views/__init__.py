"""The pages of the shell."""

from __future__ import annotations

from flask import Flask

from crm_core.runtime import Crm
from crm_web.auth import views as auth
from crm_web.views import demo, find, health, home, jobs, modules, profile, quick_add, settings
from crm_web.views.people import role, team, user
from crm_web.views.record import mount_entities
from crm_web.views.transfer import batch, exported, listing, setup, upload

__all__ = ["mount_views"]

_VIEWS = (
    auth,
    health,
    home,
    find,
    quick_add,
    modules,
    user,
    team,
    role,
    profile,
    settings,
    jobs,
    demo,
    upload,
    setup,
    batch,
    listing,
    exported,
)


def mount_views(app: Flask, crm: Crm) -> None:
    """Register all pages of the shell, and those of every entity."""
    for view in _VIEWS:
        app.register_blueprint(view.blueprint)
    mount_entities(app, crm)
