"""The parts of accounts and contacts: contact points, addresses, tags, affiliations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, pre_load, validate
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.db.base import new_id
from crm_core.db.bulk import insert_rows
from crm_core.entity.descriptor import Part
from crm_core.entity.point import normal_email, normal_messenger, normal_phone
from crm_core.entity.schema import Text, reference
from crm_core.model import Address, Affiliation, ContactPoint, Tag, TagLink
from crm_core.text import Msg, fold, messages

__all__ = ["addresses", "affiliations", "points", "primary", "tags"]

_ = messages("core")

MOST_ITEMS = 50
_MAX_VALUE = 300
_VALUE_ALONE = {"value"}
_NORMAL: dict[str, Callable[[str], str | None]] = {
    "phone": normal_phone,
    "email": normal_email,
    "messenger": normal_messenger,
}
_COMPLAINTS: dict[str, Msg] = {
    "phone": _("“%(value)s” is not a phone number."),
    "email": _("“%(value)s” is not an e-mail address."),
    "messenger": _("“%(value)s” is not a messenger name."),
}


def points(kind: str, name: str, label: Msg, holder: str, aliases: tuple[str, ...] = ()) -> Part:
    """The phones, e-mails or messengers of an account or contact; the first one is primary unless one is marked."""
    return Part(
        name=name,
        label=label,
        widget=f"points:{kind}",
        model=ContactPoint,
        holder=holder,
        where={"kind": kind},
        columns=("value", "norm", "label", "is_primary", "opt_out", "invalid", "position"),
        order="position",
        schema=lambda: _Points(kind),
        unpack=_points_from_rows,
        texts=_point_texts,
        aliases=aliases,
        pack=_points_to_rows,
    )


def primary(value: Sequence[dict[str, Any]] | None) -> str | None:
    """The normal form of the primary contact point of a part's value."""
    found = next((item for item in value or () if item.get("is_primary")), None) or next(iter(value or ()), None)
    return found["norm"] if found else None


class _List(fields.List[Any]):
    """A list of at most ``MOST_ITEMS`` items."""

    def __init__(self, inner: Any) -> None:
        super().__init__(inner, validate=validate.Length(max=MOST_ITEMS))


class _Points(_List):
    """The contact points of a record; texts and plain items, of which an import has thousands, need no schema."""

    def __init__(self, kind: str) -> None:
        super().__init__(_point_schema(kind))
        self._normal = _NORMAL[kind]

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, list):
            items = [self._plain(item) for item in value]
            if None not in items:
                return items
        return super()._deserialize(value, attr, data, **kwargs)

    def _plain(self, item: Any) -> dict[str, Any] | None:
        """The item where it is but a good value, ``None`` where the schema has to look at it."""
        text = item["value"] if isinstance(item, dict) and item.keys() == _VALUE_ALONE else item
        if not isinstance(text, str) or not 1 <= len(text) <= _MAX_VALUE:
            return None
        norm = self._normal(text)
        return {"value": text.strip(), "norm": norm} if norm and "\x00" not in norm else None


def _point_schema(kind: str) -> Any:
    class PointSchema(Schema):
        value = fields.String(required=True, validate=validate.Length(1, _MAX_VALUE))
        label = Text(allow_none=True, validate=validate.Length(max=40))
        is_primary = fields.Boolean()
        opt_out = fields.Boolean()
        invalid = fields.Boolean()

        @pre_load
        def _from_text(self, data: Any, **_options: Any) -> Any:
            return {"value": data} if isinstance(data, str) else data

        @post_load
        def _normalise(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
            norm = _NORMAL[kind](data["value"])
            if norm is None and data.get("invalid"):
                norm = fold(data["value"])
            if not norm or "\x00" in norm:
                complaint = _COMPLAINTS[kind]
                raise ValidationError({"value": [_(complaint.msgid, value=data["value"][:60])]})
            return {**data, "value": data["value"].strip(), "norm": norm}

    return fields.Nested(PointSchema(unknown=RAISE))


def _points_to_rows(_session: Session, items: Sequence[Any]) -> Sequence[dict[str, Any]]:
    return [
        {
            "label": None,
            "opt_out": False,
            "invalid": False,
            "is_primary": False,
            **item,
            "id": new_id(),
            "position": number,
        }
        for number, item in enumerate(items)
    ]


def _points_from_rows(_session: Session, rows: Sequence[dict[str, Any]]) -> Sequence[Any]:
    kept = ("value", "norm", "label", "is_primary", "opt_out", "invalid")
    return [{name: row[name] for name in kept} for row in rows]


def _point_texts(value: Sequence[dict[str, Any]]) -> Sequence[str]:
    return [item["norm"] for item in value]


class _AddressSchema(Schema):
    kind = Text(load_default="billing", validate=validate.OneOf(["billing", "shipping", "legal", "home", "other"]))
    lines = Text(allow_none=True, validate=validate.Length(max=500))
    city = Text(allow_none=True, validate=validate.Length(max=120))
    region = Text(allow_none=True, validate=validate.Length(max=120))
    postcode = Text(allow_none=True, validate=validate.Length(max=20))
    country = Text(allow_none=True, validate=validate.Length(max=60))


def addresses(holder: str) -> Part:
    """The postal addresses of an account or contact."""
    return Part(
        name="addresses",
        label=_("Addresses"),
        widget="addresses",
        model=Address,
        holder=holder,
        order="position",
        columns=("kind", "lines", "city", "region", "postcode", "country"),
        schema=lambda: _List(fields.Nested(_AddressSchema(unknown=RAISE))),
        pack=lambda _session, items: [{"id": new_id(), **item, "position": n} for n, item in enumerate(items)],
        section="address",
    )


def tags(entity: str) -> Part:
    """The tags of a record, as names; unknown ones are made."""
    return Part(
        name="tags",
        label=_("Tags"),
        widget="tags",
        model=TagLink,
        holder="record_id",
        where={"entity": entity},
        columns=("tag_id",),
        schema=_TagList,
        pack=_tags_to_rows,
        unpack=_tags_from_rows,
        aliases=("labels", "метки", "теги"),
    )


class _TagList(_List):
    """Names of tags, each once; they may come as one text with commas."""

    def __init__(self) -> None:
        super().__init__(Text(validate=validate.Length(1, 60)))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        items = [part for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        names = super()._deserialize(items, attr, data, **kwargs)
        return list({fold(name): name for name in names if name}.values())


def _tags_to_rows(session: Session, names: Sequence[Any]) -> Sequence[dict[str, Any]]:
    table = Tag.__table__
    folded = {fold(name): name for name in reversed(list(names))}
    if not folded:
        return []
    found = session.execute(select(table.c.name_fold, table.c.id).where(table.c.name_fold.in_(list(folded))))
    known: dict[str, str] = {row.name_fold: row.id for row in found}
    missing = [{"id": new_id(), "name": name, "name_fold": key} for key, name in folded.items() if key not in known]
    insert_rows(session, table, missing)
    known.update((row["name_fold"], row["id"]) for row in missing)
    return [{"tag_id": known[fold(name)]} for name in names]


def _tags_from_rows(session: Session, rows: Sequence[dict[str, Any]]) -> Sequence[Any]:
    if not rows:
        return []
    table = Tag.__table__
    names = {
        row.id: row.name
        for row in session.execute(
            select(table.c.id, table.c.name).where(table.c.id.in_({row["tag_id"] for row in rows}))
        )
    }
    return [names[row["tag_id"]] for row in rows]


class _AffiliationSchema(Schema):
    account_id = reference(required=True)
    position = Text(allow_none=True, validate=validate.Length(max=120))
    role = Text(allow_none=True, validate=validate.Length(max=80))
    is_primary = fields.Boolean(load_default=False)
    since = fields.Date(allow_none=True)
    until = fields.Date(allow_none=True)


def affiliations() -> Part:
    """Where a person works or worked, with dates; one of them is the main one."""
    return Part(
        name="affiliations",
        label=_("Companies"),
        widget="affiliations",
        model=Affiliation,
        holder="contact_id",
        columns=("account_id", "position", "role", "is_primary", "since", "until"),
        schema=lambda: _List(fields.Nested(_AffiliationSchema(unknown=RAISE))),
        pack=lambda _session, items: [{"id": new_id(), "is_primary": False, **item} for item in items],
        refs={"account_id": "core.account"},
        section="companies",
    )
