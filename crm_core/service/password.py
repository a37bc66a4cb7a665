"""What a password must be: long, and not one of those that everybody tries first."""

from __future__ import annotations

from crm_core.errors import Invalid, Problem
from crm_core.text import messages

__all__ = ["MAX_LENGTH", "MIN_LENGTH", "check_password"]

_ = messages("core")

MIN_LENGTH, MAX_LENGTH = 10, 256
_COMMON = frozenset(
    """
    1234567890 0123456789 12345678910 1q2w3e4r5t 1qaz2wsx3edc q1w2e3r4t5 qwertyuiop qwerty12345 qwerty123456 password12
    password123 password1234 passw0rd123 iloveyou12 1111111111 0000000000 9876543210 йцукенгшщз йцукен12345 пароль12345
    administrator adminadmin admin12345 admin123456 welcome123 letmein1234 zxcvbnm123 asdfghjkl1 qazwsxedcr monkey12345
    football123 baseball12 superman123 trustno1234 sunshine12 princess12 dragon12345 changeme123 default123
    """.split()  # noqa: SIM905 - words are read as words
)


def check_password(password: str, *, login: str = "", name: str = "") -> None:
    """Raise ``Invalid`` for a password that is too short or too easy to guess; there are no other rules."""
    lowered = password.lower()
    parts = [part for part in (login.lower(), *name.lower().split()) if len(part) >= 3]
    rest = lowered
    for part in parts:
        rest = rest.replace(part, "")
    if len(password) < MIN_LENGTH:
        message = _("The password needs at least %(least)s characters.", least=MIN_LENGTH)
    elif len(password) > MAX_LENGTH:
        message = _("The password may have at most %(most)s characters.", most=MAX_LENGTH)
    elif lowered in _COMMON or len(set(lowered)) < 4 or len(rest) < 4:
        message = _("This password is guessed too easily; several words make a better one.")
    else:
        return
    raise Invalid([Problem(id="core.weak_password", message=message, field="password")])
