"""The REST interface under ``/api/v1``: the same records, rules and write path as the pages."""

from __future__ import annotations

from functools import partial

from flask import Blueprint
from werkzeug.exceptions import HTTPException

from crm_core.errors import CrmError
from crm_core.runtime import Crm
from crm_web.api import page
from crm_web.api.catalogue import each_operation
from crm_web.api.problem import problem_of_error, problem_of_http
from crm_web.policy import PUBLIC, TOKEN, declare

__all__ = ["blueprint_for"]


def blueprint_for(crm: Crm) -> Blueprint:
    """The interface of a running program: an address for every operation on every entity.

    To be registered under ``/api/v1``. Its views find out themselves who calls.
    """
    blueprint = declare(Blueprint("api", __name__), TOKEN)
    for path, operation, entity in each_operation(crm):
        bound = partial(operation.run, crm) if entity is None else partial(operation.run, crm, entity)
        name = f"{entity.id}.{operation.id}" if entity else operation.id
        rule = path.replace("{", "<").replace("}", ">")
        blueprint.add_url_rule(rule, name.replace(".", "-"), bound, methods=[operation.method])
    blueprint.add_url_rule("/", "page", declare(partial(page.show_page, crm), PUBLIC))
    blueprint.add_url_rule("/openapi.json", "openapi", partial(page.show_document, crm))
    blueprint.register_error_handler(CrmError, partial(problem_of_error, crm))
    blueprint.register_error_handler(HTTPException, partial(problem_of_http, crm))
    return blueprint
