"""Normal forms of identifiers, by library (python-stdnum); ``None`` means that the text is none."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

__all__ = ["inn", "kpp", "ogrn", "uuid_text", "vat", "web_address"]

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_KPP = re.compile(r"\d{4}[0-9A-Z]{2}\d{3}")


def uuid_text(text: str) -> str | None:
    """A UUID in lower case with hyphens (RFC 9562)."""
    lower = text.lower()
    return lower if _UUID.fullmatch(lower) else None


def inn(text: str) -> str | None:
    """A Russian tax number of ten digits (organisation) or twelve (person) with right check digits."""
    from stdnum.exceptions import ValidationError
    from stdnum.ru import inn as library

    try:
        return str(library.validate(text))
    except ValidationError:
        return None


def ogrn(text: str) -> str | None:
    """A Russian registration number: OGRN of 13 digits or OGRNIP of 15."""
    from stdnum.exceptions import ValidationError
    from stdnum.ru import ogrn as library

    try:
        return str(library.validate(text))
    except ValidationError:
        return None


def kpp(text: str) -> str | None:
    """A Russian code of the reason for registration: nine characters (order MMV-7-6/435@ of the tax service)."""
    upper = text.replace(" ", "").upper()
    return upper if _KPP.fullmatch(upper) else None


def vat(text: str) -> str | None:
    """A VAT number of a member state of the European Union, with its country code."""
    from stdnum.eu import vat as library
    from stdnum.exceptions import ValidationError

    try:
        return str(library.validate(text))
    except ValidationError:
        return None


def web_address(text: str) -> str | None:
    """A web address with its scheme; ``example.com`` becomes ``https://example.com``."""
    address = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    host = parts.hostname or ""
    plain = parts.scheme in {"http", "https"} and "." in host.strip(".") and not re.search(r"[\s<>\"'\\]", address)
    return address if plain else None
