"""Secrets: made at random, stored as hashes, compared in constant time."""

from __future__ import annotations

import hashlib
import secrets
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher

__all__ = ["digest", "hash_password", "new_secret", "verify_password"]


def new_secret(prefix: str = "") -> str:
    """A new secret of 256 bits, safe in addresses."""
    return prefix + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is stored of a random secret: its SHA-256. Slow hashes are for what people choose."""
    return hashlib.sha256(_bytes(secret)).hexdigest()


def hash_password(password: str) -> str:
    """What is stored of a password: argon2id with the library's parameters (RFC 9106)."""
    return _hasher().hash(_bytes(password))


def verify_password(stored: str | None, password: str) -> bool:
    """Whether a password is the stored one; takes as long where there is none, so that time tells nothing."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        _hasher().verify(stored or _nobody(), _bytes(password))
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def _bytes(text: str) -> bytes:
    """Any text as bytes, also one that is no valid Unicode: such a secret is wrong, not an error."""
    return text.encode(errors="surrogatepass")


def _encoded(text: str) -> bytes:
    """The bytes of any text: what is typed on a console may hold halves of characters."""
    return text.encode(errors="surrogatepass")


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher()


@cache
def _nobody() -> str:
    return _hasher().hash(secrets.token_urlsafe(16))
