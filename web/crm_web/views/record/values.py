"""Between what people type and what the core takes: numbers, days, moments, yes and no."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from crm_core.entity.descriptor import Entity, Field

__all__ = ["filter_text", "form_text", "number_text", "typed"]

_SPACES = str.maketrans("", "", " \u00a0\u202f\u2009'")
_NUMBERS = frozenset({"int", "decimal", "money"})


def number_text(text: str) -> str:
    """A number as programs write it: «1 234,50» and “1,234.50” become 1234.50; anything else stays as it is."""
    plain = text.strip().translate(_SPACES)
    if "," in plain and "." in plain:
        return (
            plain.replace(".", "").replace(",", ".")
            if plain.rindex(",") > plain.rindex(".")
            else plain.replace(",", "")
        )
    return plain.replace(",", ".") if plain.count(",") == 1 else plain.replace(",", "")


def typed(entity: Entity, field: Field, text: str, zone: str) -> Any:
    """The input of a form in the form that the entity's schema loads; an empty one is ``None``."""
    kind = entity.kind_of(field)
    if kind == "bool":
        return text in {"1", "true", "on"}
    if not text.strip():
        return None
    if kind == "int":
        return _whole(text)
    if kind in _NUMBERS:
        return number_text(text)
    if kind == "instant":
        return _moment(text, zone)
    return text


def form_text(value: Any, kind: str, zone: str, decimal_mark: str = ".") -> Any:
    """A stored value as a form control shows it."""
    if value is None:
        return ""
    if kind == "bool":
        return bool(value)
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return (text.rstrip("0").rstrip(".") if "." in text else text).replace(".", decimal_mark)
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")
    return value.isoformat() if isinstance(value, date) else str(value)


def filter_text(kind: str, text: str, zone: str) -> str:
    """The value of a filter's form as it stands in an address; a day of an instant begins at midnight of the reader."""
    if kind in _NUMBERS:
        return number_text(text)
    if kind == "instant" and len(text) == 10:
        return _moment(f"{text}T00:00", zone)
    return text.strip()


def _whole(text: str) -> int | str:
    plain = number_text(text)
    return int(plain) if plain.lstrip("-").isdecimal() and len(plain) < 20 else text


def _moment(text: str, zone: str) -> str:
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (local if local.tzinfo else local.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC).isoformat()
