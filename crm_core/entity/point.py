"""Normal forms of phones, e-mails and messenger names: what is stored for comparison."""

from __future__ import annotations

import re
from functools import lru_cache

from crm_core.text import fold

__all__ = ["DEFAULT_REGION", "display_phone", "normal_email", "normal_messenger", "normal_phone"]

DEFAULT_REGION = "RU"
_PLAIN_EMAIL = re.compile(r"[a-z0-9][a-z0-9._%+-]{0,62}[a-z0-9_]@([a-z0-9-]{1,63}\.)+[a-z]{2,24}")
_E164 = re.compile(r"\+[1-9]\d{6,14}")


def normal_email(text: str) -> str | None:
    """The address in lower case, or ``None`` when it is none (RFC 5321 by ``email-validator``)."""
    address = text.strip().lower()
    # Nearly every address in a client base is of this plain form; the library costs 30 times as much.
    if (
        _PLAIN_EMAIL.fullmatch(address)
        and ".." not in address
        and "-." not in address
        and ".-" not in address
        and "@-" not in address
    ):
        return address
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(address, check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return None


@lru_cache(maxsize=4096)
def normal_phone(text: str, region: str = DEFAULT_REGION) -> str | None:
    """The number in E.164 (``+79032365544``), or ``None`` when it cannot be one (libphonenumber).

    Numbers without a country code are read as of ``region``; an extension is left out.
    """
    import phonenumbers

    try:
        number = phonenumbers.parse(text, None if text.lstrip().startswith("+") else region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(maxsize=4096)
def display_phone(norm: str) -> str:
    """A number as people write it: ``+7 903 236-55-44``."""
    if not _E164.fullmatch(norm):
        return norm
    import phonenumbers

    number = phonenumbers.parse(norm, None)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def normal_messenger(text: str) -> str:
    """A messenger name without case, white space and the leading ``@``."""
    return fold(text).removeprefix("@")
