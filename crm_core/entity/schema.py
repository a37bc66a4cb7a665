"""marshmallow schemas made from an entity's fields: they load every input and describe every output."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, missing, validate

from crm_core.db.session import crm_of
from crm_core.entity import identifier
from crm_core.entity.descriptor import Entity, Field
from crm_core.entity.point import normal_email, normal_phone
from crm_core.errors import Invalid, Problem
from crm_core.plugin.contributions import FieldExtension
from crm_core.text import Msg, messages

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from crm_core.runtime import Crm

__all__ = ["Text", "input_schema", "load_input", "loaders", "may_be_empty", "output_schema", "problems_of", "reference"]

_ = messages("core")

_MAX_TEXT = 20_000
_CANNOT_BE_STORED = re.compile("[\x00\ud800-\udfff]")


class Text(fields.String):
    """Text without white space around it and without characters that a database cannot keep."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        if not isinstance(value, str):
            raise ValidationError([_("Give text here.")])
        if _CANNOT_BE_STORED.search(value):
            raise ValidationError([_("The text holds characters that cannot be stored.")])
        text = value.strip()
        if not text and not self.allow_none:
            raise ValidationError([_("This is needed.")])
        return text or None

    def _validate(self, value: Any) -> None:
        # White space alone is an empty field, of which no length is asked.
        if value is not None:
            for validator in self.validators:
                validator(value)


class _Checked(Text):
    """Text of a known form; ``check`` gives its normal form or ``None``."""

    def __init__(self, check: Callable[[str], str | None], complaint: Msg, **options: Any) -> None:
        super().__init__(**options)
        self.check = check
        self.complaint = complaint

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text is None:
            return None
        normal = self.check(text)
        if normal is None:
            raise ValidationError([self.complaint])
        return normal


class _Amount(fields.Decimal):
    """A decimal number with at most as many places as the column keeps."""

    def __init__(self, places_kept: int, **options: Any) -> None:
        super().__init__(allow_nan=False, **options)
        self.places_kept = places_kept

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        if isinstance(value, bool):
            raise ValidationError([_("Give a number here.")])
        number = super()._deserialize(value, attr, data, **kwargs)
        exponent = number.as_tuple().exponent
        if abs(number) >= 10**13 or (
            isinstance(exponent, int) and -exponent > self.places_kept and number != round(number, self.places_kept)
        ):
            raise ValidationError([_("The number has more digits than can be kept.")])
        return number


class _Day(fields.Field[date]):
    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> date:
        try:
            day = value if isinstance(value, date) and not isinstance(value, datetime) else date.fromisoformat(value)
        except (TypeError, ValueError) as error:
            raise ValidationError([_("Give a day as YYYY-MM-DD.")]) from error
        if not 1000 <= day.year <= 9000:
            raise ValidationError([_("The year is not believable.")])
        return day


class _Moment(fields.Field[datetime]):
    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> datetime:
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except (TypeError, ValueError) as error:
            raise ValidationError([_("Give a moment as YYYY-MM-DDTHH:MM:SSZ.")]) from error
        if not 1000 <= moment.year <= 9000:
            raise ValidationError([_("The year is not believable.")])
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


def reference(**options: Any) -> Any:
    """The id of a record, in lower case; whether there is such a record is asked by the write path."""
    return _Checked(identifier.uuid_text, _("This is not the id of a record."), **options)


def _choice(field: Field, **options: Any) -> Any:
    codes = [choice.code for choice in field.choices]

    def check(value: str) -> None:
        if value not in codes:
            raise ValidationError([_("Choose one of: %(codes)s.", codes=", ".join(codes))])

    return Text(validate=check, **options)


_MAKERS: dict[str, Callable[..., Any]] = {
    "email": lambda **o: _Checked(normal_email, _("This is not an e-mail address."), **o),
    "phone": lambda **o: _Checked(normal_phone, _("This is not a phone number."), **o),
    "url": lambda **o: _Checked(identifier.web_address, _("This is not a web address."), **o),
    "inn": lambda **o: _Checked(identifier.inn, _("This INN is not valid: check its digits."), **o),
    "kpp": lambda **o: _Checked(identifier.kpp, _("A KPP has nine characters."), **o),
    "ogrn": lambda **o: _Checked(identifier.ogrn, _("This OGRN is not valid: check its digits."), **o),
    "vat": lambda **o: _Checked(identifier.vat, _("This VAT number is not valid."), **o),
    "int": lambda **o: fields.Integer(strict=True, validate=validate.Range(-(2**31), 2**31 - 1), **o),
    "decimal": lambda **o: _Amount(6, **o),
    "money": lambda **o: _Amount(4, **o),
    "day": _Day,
    "instant": _Moment,
    "bool": fields.Boolean,
    "ref": reference,
    "localised": lambda **o: fields.Dict(keys=fields.String(), values=fields.String(), **o),
    "longtext": lambda **o: Text(validate=validate.Length(max=_MAX_TEXT), **o),
}


def field_loader(entity: Entity, field: Field, *, partial: bool) -> Any:
    """The marshmallow field that loads one field of an entity."""
    kind = entity.kind_of(field)
    options: dict[str, Any] = {
        "required": field.required and not partial,
        "allow_none": may_be_empty(entity, field),
    }
    if kind == "choice":
        return _choice(field, **options)
    maker = _MAKERS.get(kind)
    if maker is not None:
        return maker(**options)
    length = getattr(entity.table.c[field.name].type, "length", None) or 500
    return Text(validate=validate.Length(max=length), **options)


def may_be_empty(entity: Entity, field: Field) -> bool:
    """Whether a field may be emptied: it is not needed, and its column needs no value either."""
    return not field.required and bool(entity.table.c[field.name].nullable)


def loaders(crm: Crm, entity: Entity, *, partial: bool) -> dict[str, Any]:
    """The marshmallow fields of everything that may be written to an entity, by name."""
    found = {f.name: field_loader(entity, f, partial=partial) for f in entity.fields if f.editable}
    found["owner_id"] = reference(allow_none=True)
    found["custom"] = fields.Dict(keys=fields.String())
    found.update({part.name: part.schema() for part in entity.parts})
    extensions = {
        ext.id.split(".", 1)[0]: _extension(ext, partial) for ext in crm.all(FieldExtension) if ext.entity == entity.id
    }
    if extensions:
        schema = Schema.from_dict(extensions, name=f"{entity.id}.ext")
        found["ext"] = fields.Nested(schema(unknown=RAISE))
    return found


def _extension(extension: FieldExtension, partial: bool) -> Any:
    made = {field.name: _extension_loader(extension, field, partial) for field in extension.fields}
    return fields.Nested(Schema.from_dict(made, name=extension.id)(unknown=RAISE))


def _extension_loader(extension: FieldExtension, field: Field, partial: bool) -> Any:
    carrier = Entity(
        id=extension.id,
        model=extension.model,
        label=extension.label,
        plural=extension.label,
        icon="",
        path="",
        fields=extension.fields,
    )
    return field_loader(carrier, field, partial=True)


class _Input(Schema):
    """A schema for whole records, which are wide: an input fills a few of the fields."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._needed = {
            name for name, field in self.load_fields.items() if field.required or field.load_default is not missing
        }

    def load_given(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """What ``load`` gives, at the cost of the fields that were given instead of all."""
        if isinstance(data, dict) and data.keys() >= self._needed:
            known = self.load_fields
            try:
                return {name: known[name].deserialize(value, name, data) for name, value in data.items()}
            except (KeyError, ValidationError):
                pass  # The full way below finds everything that is wrong, not just the first.
        loaded: dict[str, Any] = self.load(data)
        return loaded


def input_schema(crm: Crm, entity: Entity, *, partial: bool = False) -> _Input:
    """The schema that loads a new record (``partial``: a change); unknown names are refused."""
    key = ("schema", entity.id, partial)
    found: Any = crm.statements.get(key)
    if found is None:
        schema = _Input.from_dict(loaders(crm, entity, partial=partial), name=f"{entity.id}.input")
        # Not marshmallow's own ``partial``: that would let the items of parts be incomplete too.
        found = crm.statements[key] = schema(unknown=RAISE)
    kept: _Input = found
    return kept


def output_schema(crm: Crm, entity: Entity) -> Schema:
    """The schema that describes what is shown of a record."""
    described: dict[str, Any] = {
        "id": reference(),
        "version": fields.Integer(),
        "created_at": _Moment(),
        "updated_at": _Moment(),
    }
    described.update(loaders(crm, entity, partial=True))
    described.update({f.name: field_loader(entity, f, partial=True) for f in entity.fields})
    return Schema.from_dict(described, name=f"{entity.id}.output")(unknown=EXCLUDE)


def load_input(session: Session, entity: Entity, data: Mapping[str, Any], *, partial: bool = False) -> dict[str, Any]:
    """The input as typed values. Raises ``Invalid`` that names every field with a problem."""
    try:
        return input_schema(crm_of(session), entity, partial=partial).load_given(data)
    except ValidationError as error:
        raise Invalid(problems_of(error.messages_dict)) from error


def problems_of(errors: Mapping[Any, Any], *, row: int = 0, prefix: str = "") -> list[Problem]:
    """marshmallow's nested messages as a flat list of problems with dotted field names."""
    found: list[Problem] = []
    for name, value in errors.items():
        path = f"{prefix}.{name}" if prefix else str(name)
        if isinstance(value, Mapping):
            found.extend(problems_of(value, row=row, prefix=path))
        else:
            found.extend(Problem(id="core.bad_value", message=_message(text), field=path, row=row) for text in value)
    return found


_KNOWN: dict[str, Msg] = {
    "Missing data for required field.": _("This is needed."),
    "Field may not be null.": _("This may not be empty."),
    "Unknown field.": _("There is no such field."),
    "Not a valid integer.": _("Give a whole number."),
    "Not a valid number.": _("Give a number here."),
    "Not a valid boolean.": _("Say true or false."),
    "Not a valid list.": _("Give a list here."),
    "Not a valid mapping type.": _("Give named values here."),
    "Invalid input type.": _("Give named values here."),
    "Special numeric values (nan or infinity) are not permitted.": _("Give a number here."),
}


def _message(text: Any) -> Msg:
    if isinstance(text, Msg):
        return text
    if str(text).startswith("Longer than"):
        return _("The text is too long.")
    return _KNOWN.get(str(text), _("This value does not fit here."))
