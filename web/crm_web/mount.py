"""Mounting what modules contribute to the web: their blueprints, each tried on its own first."""

from __future__ import annotations

import importlib
import logging

from flask import Blueprint, Flask

from crm_core.errors import ModuleError
from crm_core.plugin.contributions import Routes
from crm_core.text import messages
from crm_web.policy import SIGNED_IN, declare, policies_of
from crm_web.shell import Shell

__all__ = ["mount_modules", "resolve"]

_ = messages("web")
_log = logging.getLogger("crm.web")


def mount_modules(app: Flask, shell: Shell, *, strict: bool) -> None:
    """Register the blueprints of all modules under ``/<module>``, those for programs under ``/api/v1/<module>``.

    A module whose blueprint fails is left out, named in ``shell.broken``, and answers with an explanation; in strict
    mode, and so when a module is about to be enabled, its ``ModuleError`` is raised.
    """
    by_module: dict[str, list[Routes]] = {}
    for routes in shell.crm.all(Routes):
        by_module.setdefault(routes.id.split(".")[0], []).append(routes)
    for module, found in by_module.items():
        try:
            _refuse_clash(app, module)
            blueprints = [_tried(module, routes) for routes in found]
        except ModuleError as error:
            if strict:
                raise
            _log.error("module %s was not mounted", module, exc_info=error)
            shell.broken[module] = str(error)
            _explain(app, module, error)
            continue
        for routes, blueprint in zip(found, blueprints, strict=True):
            app.register_blueprint(blueprint, url_prefix=_prefix(module, routes))


def resolve(module: str, target: str) -> object:
    """What an import string ``package.module:name`` names. Raises ``ModuleError``."""
    path, _colon, name = target.partition(":")
    try:
        return getattr(importlib.import_module(path), name)
    except Exception as error:
        raise ModuleError(
            _(
                "%(target)s of the module %(module)s cannot be loaded: %(error)s",
                target=target,
                module=module,
                error=repr(error),
            ),
            module=module,
        ) from error


def _prefix(module: str, routes: Routes) -> str:
    return f"/api/v1/{module}" if routes.api else f"/{module}"


def _refuse_clash(app: Flask, module: str) -> None:
    """The pages of the shell stand beside the folders of modules: ``/accounts`` can be no module."""
    taken = {rule.rule.split("/")[1] for rule in app.url_map.iter_rules() if not rule.endpoint.startswith(f"{module}_")}
    if module in taken:
        raise ModuleError(_("A page of the program already has the address /%(module)s.", module=module), module=module)


def _tried(module: str, routes: Routes) -> Blueprint:
    """The blueprint, after it was registered on an app that is thrown away: registering cannot be undone."""
    blueprint = resolve(module, routes.target)
    if not isinstance(blueprint, Blueprint) or not (
        blueprint.name == module or blueprint.name.startswith(f"{module}_")
    ):
        raise ModuleError(
            _("%(target)s is not a blueprint named %(module)s or %(module)s_….", target=routes.target, module=module),
            module=module,
        )
    trial = Flask("trial", static_folder=None)
    try:
        trial.register_blueprint(blueprint, url_prefix=_prefix(module, routes))
    except Exception as error:
        raise ModuleError(
            _("The routes of the module %(module)s fail: %(error)s", module=module, error=repr(error)), module=module
        ) from error
    policies_of(trial)
    return blueprint


def _explain(app: Flask, module: str, error: ModuleError) -> None:
    def explain(**_path: str) -> str:
        raise ModuleError(
            _("The module %(module)s does not work at the moment.", module=module),
            module=module,
            hint=_("Your administrator sees the reason on the page of modules."),
        ) from error

    view = declare(explain, SIGNED_IN)
    app.add_url_rule(f"/{module}/", f"{module}_broken", view, methods=["GET", "POST"])
    app.add_url_rule(f"/{module}/<path:_path>", f"{module}_broken", view, methods=["GET", "POST"])
