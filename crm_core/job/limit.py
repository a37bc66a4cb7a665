"""How big a job may be: the ledger holds references and counts, the matter itself stands in tables and files."""

from __future__ import annotations

from typing import TypeVar

import orjson

__all__ = ["MAX_BYTES", "MAX_ERROR", "within_limits"]

MAX_BYTES = 256 * 1024
"""For the arguments, the cursor and the result each."""
MAX_ERROR = 8_000
"""Characters of an error that are kept: the last ones, because a traceback ends with the cause."""

T = TypeVar("T")


def within_limits(what: str, value: T) -> T:
    """The value, if it is plain data and small enough as JSON; raises ``ValueError`` if not."""
    try:
        size = len(orjson.dumps(value))
    except TypeError as error:
        raise ValueError(f"the {what} of a job must be plain data: {error}") from error
    if size > MAX_BYTES:
        raise ValueError(f"the {what} of a job may have {MAX_BYTES} bytes, not {size}")
    return value
