"""Input of forms and commands that is no record of an entity: loaded by a schema, normalised by libraries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import Schema, ValidationError

from crm_core.entity import identifier
from crm_core.entity.point import normal_email, normal_phone
from crm_core.entity.schema import problems_of
from crm_core.errors import Invalid, Problem
from crm_core.text import Msg, messages

__all__ = ["country", "currency", "load", "zone"]

_ = messages("core")

# Fields of these names hold values of a known form.
_NORMAL: Mapping[str, tuple[Callable[[str], str | None], Msg]] = {
    "email": (normal_email, _("This is not an e-mail address.")),
    "phone": (normal_phone, _("This is not a phone number.")),
    "inn": (identifier.inn, _("This INN is not valid: check its digits.")),
    "kpp": (identifier.kpp, _("A KPP has nine characters.")),
    "ogrn": (identifier.ogrn, _("This OGRN is not valid: check its digits.")),
    "vat": (identifier.vat, _("This VAT number is not valid.")),
    "team_id": (identifier.uuid_text, _("There is no such record.")),
    "parent_id": (identifier.uuid_text, _("There is no such record.")),
}


def load(schema: Schema, data: Mapping[str, Any], *, partial: bool = False) -> dict[str, Any]:
    """The loaded input, with e-mails, phones and registration numbers in their normal forms.

    Raises ``Invalid`` with all problems.
    """
    problems: list[Problem] = []
    loaded: Any
    try:
        loaded = schema.load(data, partial=partial)
    except ValidationError as error:
        problems, loaded = problems_of(error.messages_dict), error.valid_data
    for name in sorted(_NORMAL.keys() & {name for name, value in loaded.items() if value}):
        normal, complaint = _NORMAL[name]
        loaded[name] = normal(loaded[name])
        if loaded[name] is None:
            problems.append(Problem(id="core.bad_value", message=complaint, field=name))
    if problems:
        raise Invalid(problems)
    return dict(loaded)


def currency(code: str) -> None:
    """Accept a currency code of ISO 4217."""
    from babel.numbers import is_currency

    if not is_currency(code):
        raise ValidationError([_("There is no such currency.")])


def country(code: str) -> None:
    """Accept a country code of ISO 3166."""
    from babel import Locale

    if len(code) != 2 or code not in Locale("en").territories:
        raise ValidationError([_("There is no such country.")])


def zone(name: str) -> None:
    """Accept a name of the time zone database."""
    from zoneinfo import available_timezones

    if name not in available_timezones():
        raise ValidationError([_("There is no such time zone.")])
