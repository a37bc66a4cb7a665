"""Settings of the firm: who it is, its legal entities, currency rates, and what modules let one set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask import Blueprint, Response, g, request
from sqlalchemy.orm import Session

from crm_core.errors import Invalid, NotFound
from crm_core.plugin.contributions import SettingsSchema
from crm_core.service import firm as firms
from crm_core.service.module_setting import carrier_of, module_settings, save_module_settings
from crm_core.text import messages
from crm_core.translation import LANGUAGES
from crm_web.context import render
from crm_web.current import actor, crm, say
from crm_web.policy import require
from crm_web.submission import lead_to, submit
from crm_web.toast import toast
from crm_web.views.record.draft import Draft, Slot
from crm_web.views.record.form import error_lines, errors_by_field, field_view
from crm_web.views.record.values import form_text, number_text, typed

__all__ = ["blueprint"]

_ = messages("web")
blueprint = Blueprint("settings", __name__, url_prefix="/settings")
admin = require("core.admin")

Errors = Mapping[str, Sequence[str]]
_SAVED = _("Saved")
_LEGAL_NAMES = ("name", "legal_name", "country", "inn", "kpp", "ogrn", "vat", "address")


@blueprint.get("")
@admin
def show() -> str:
    """The page of settings."""
    return _page({}, {})


@blueprint.post("")
@admin
def save() -> Response:
    """Writes the settings of the firm."""

    def work(session: Session) -> Response:
        names = ("firm_name", "base_currency", "zone", "country")
        data: dict[str, Any] = {name: request.form.get(name, "").strip() for name in names}
        idle = request.form.get("idle_minutes", "").strip()
        data["idle_minutes"] = int(idle) if idle.isdecimal() else idle
        data["languages"] = [code for code in LANGUAGES if code in request.form.getlist("languages")]
        firms.save_firm(session, data)
        toast(_SAVED)
        return lead_to("/settings")

    try:
        return submit(work)
    except Invalid as error:
        return Response(_page(errors_by_field(error.problems), request.form), 422)


@blueprint.get("/legal-entities/new")
@admin
def new_legal_entity() -> str:
    """The form of a further legal entity."""
    return _legal_page({"country": "RU", "is_active": True}, {}, None)


@blueprint.get("/legal-entities/<uuid:entity_id>")
@admin
def edit_legal_entity(entity_id: Any) -> str:
    """The form of one of our legal entities."""
    with crm().reading(actor()) as session:
        return _legal_page(firms.legal_entity(session, str(entity_id)), {}, str(entity_id))


@blueprint.post("/legal-entities/new")
@admin
def add_legal_entity() -> Response:
    """Adds a legal entity."""
    return _store_legal_entity(None)


@blueprint.post("/legal-entities/<uuid:entity_id>")
@admin
def change_legal_entity(entity_id: Any) -> Response:
    """Changes a legal entity, or closes it."""
    return _store_legal_entity(str(entity_id))


@blueprint.post("/rates")
@admin
def add_rate() -> Response:
    """Writes down a rate."""
    form = request.form

    def work(session: Session) -> Response:
        code, rate = form.get("currency", "").strip().upper(), number_text(form.get("rate", ""))
        firms.set_rate(session, code, form.get("day", ""), rate)
        toast(_SAVED)
        return lead_to("/settings#rates")

    try:
        return submit(work)
    except Invalid as error:
        return Response(_page({f"rate.{k}": v for k, v in errors_by_field(error.problems).items()}, {}, form), 422)


@blueprint.post("/rates/<code>/<day>/delete")
@admin
def remove_rate(code: str, day: str) -> Response:
    """Takes a rate back."""

    def work(session: Session) -> Response:
        try:
            firms.delete_rate(session, code, date.fromisoformat(day))
        except ValueError as error:
            raise NotFound from error
        toast(_("The rate is removed"))
        return lead_to("/settings#rates")

    return submit(work)


@blueprint.get("/<module>")
@admin
def show_module(module: str) -> str:
    """The settings of a module."""
    schemas = _schemas(module)
    with crm().reading(actor()) as session:
        values = {schema.id: module_settings(session, schema) for schema in schemas}
    return _module_page(module, schemas, values, {})


@blueprint.post("/<module>")
@admin
def save_module(module: str) -> Response:
    """Writes the settings of a module."""
    schemas = _schemas(module)

    def work(session: Session) -> Response:
        for schema in schemas:
            carrier = carrier_of(schema)
            data = {f.name: typed(carrier, f, request.form.get(f.name, ""), g.actor.zone) for f in carrier.fields}
            save_module_settings(session, schema, data)
        toast(_SAVED)
        return lead_to(f"/settings/{module}")

    try:
        return submit(work)
    except Invalid as error:
        typed_values = {schema.id: dict(request.form) for schema in schemas}
        return Response(_module_page(module, schemas, typed_values, errors_by_field(error.problems)), 422)


def _page(errors: Errors, typed_values: Mapping[str, Any], rate: Mapping[str, str] | None = None) -> str:
    with crm().reading(actor()) as session:
        values: dict[str, Any] = {**firms.firm(session), **typed_values}
        legal = firms.legal_entities(session, closed=True)
        rates = firms.rates(session, limit=30)
    return render(
        "settings/settings.html",
        fields=_firm_fields(values, errors),
        languages=[(code, name, code in values["languages"]) for code, name in LANGUAGES.items()],
        language_errors=list(errors.get("languages", ())),
        errors=error_lines({k: v for k, v in errors.items() if not k.startswith("rate.")}),
        legal=legal,
        rates=rates,
        rate_fields=_rate_fields(rate or {}, errors),
        base=values["base_currency"],
        modules=_module_links(),
    )


def _firm_fields(values: Mapping[str, Any], errors: Errors) -> list[dict[str, Any]]:
    from zoneinfo import available_timezones

    zones = [(name, name) for name in sorted(available_timezones()) if "/" in name and not name.startswith("Etc/")]
    described: list[tuple[str, Any, dict[str, Any]]] = [
        ("firm_name", _("Name of the firm"), {}),
        ("base_currency", _("Base currency"), {"help": say(_("Fixed once an amount was written down in it."))}),
        ("country", _("Country"), {"help": say(_("Two letters: RU, DE, GB."))}),
        ("zone", _("Time zone"), {"kind": "choice", "choices": zones, "blank": False}),
        ("idle_minutes", _("Sign out after so many minutes without use"), {"kind": "int"}),
    ]
    return [
        {"name": name, "label": say(label), "value": values[name], "errors": list(errors.get(name, ())), **more}
        for name, label, more in described
    ]


def _rate_fields(values: Mapping[str, str], errors: Errors) -> list[dict[str, Any]]:
    described = [("currency", _("Currency"), "text"), ("day", _("Day"), "day"), ("rate", _("Rate"), "decimal")]
    return [
        {
            "name": name,
            "label": say(label),
            "kind": kind,
            "value": values.get(name, ""),
            "errors": list(errors.get(f"rate.{name}", ())),
        }
        for name, label, kind in described
    ]


def _legal_page(values: Mapping[str, Any], errors: Errors, entity_id: str | None) -> str:
    labels = {
        "name": _("Name"),
        "legal_name": _("Legal name"),
        "country": _("Country"),
        "inn": _("INN"),
        "kpp": _("KPP"),
        "ogrn": _("OGRN"),
        "vat": _("VAT number"),
        "address": _("Address"),
    }
    fields = [
        {
            "name": name,
            "label": say(labels[name]),
            "value": values.get(name) or "",
            "errors": list(errors.get(name, ())),
            "required": name == "name",
        }
        for name in _LEGAL_NAMES
    ]
    used = {
        "name": "is_active",
        "label": say(_("In use")),
        "kind": "bool",
        "value": bool(values.get("is_active")),
    }
    return render(
        "settings/legal_entity.html",
        heading=say(_("Legal entity")) if entity_id else say(_("New legal entity")),
        action=f"/settings/legal-entities/{entity_id or 'new'}",
        fields=[*fields, used],
        errors=error_lines(errors),
    )


def _store_legal_entity(entity_id: str | None) -> Response:
    form = request.form

    def work(session: Session) -> Response:
        data: dict[str, Any] = {name: form.get(name, "").strip() or None for name in _LEGAL_NAMES}
        data["is_active"] = "is_active" in form
        if entity_id is None:
            firms.create_legal_entity(session, data)
        else:
            firms.update_legal_entity(session, entity_id, data)
        toast(_SAVED)
        return lead_to("/settings")

    try:
        return submit(work)
    except Invalid as error:
        return Response(_legal_page(form, errors_by_field(error.problems), entity_id), 422)


def _schemas(module: str) -> list[SettingsSchema]:
    found = [schema for schema in crm().all(SettingsSchema) if schema.id.split(".")[0] == module]
    if not found:
        raise NotFound
    return found


def _module_links() -> list[dict[str, str]]:
    modules = dict.fromkeys(schema.id.split(".")[0] for schema in crm().all(SettingsSchema))
    titles = {module.name: say(module.title) for module in crm().modules}
    return [{"url": f"/settings/{name}", "label": titles.get(name, name)} for name in modules]


def _module_page(
    module: str, schemas: Sequence[SettingsSchema], values: Mapping[str, Mapping[str, Any]], errors: Errors
) -> str:
    sections = []
    for schema in schemas:
        carrier, stored = carrier_of(schema), values[schema.id]
        texts = {f.name: form_text(stored.get(f.name), carrier.kind_of(f), g.actor.zone) for f in carrier.fields}
        draft = Draft(texts=texts)
        fields = [field_view(Slot(f.name, f, carrier), draft, errors) for f in carrier.fields]
        sections.append({"label": say(schema.label), "fields": fields})
    title = next((say(m.title) for m in crm().modules if m.name == module), module)
    return render(
        "settings/module.html",
        heading=title,
        action=f"/settings/{module}",
        sections=sections,
        errors=error_lines(errors),
    )
