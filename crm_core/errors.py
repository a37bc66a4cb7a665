"""Every error that this program raises on purpose.

    CrmError
     ├── ConfigurationError      the installation is not set up right; the operator acts
     ├── ModuleError             a module cannot be used; ``module`` names it
     └── Refused                 a person asked for something that is not done; nothing was changed
          ├── Invalid            the input has problems; ``problems`` lists them all
          ├── NotAllowed         the actor lacks the right
          ├── NotFound           there is no such record for this actor
          ├── Conflict           somebody else changed the record meanwhile; ``current`` holds it
          ├── Busy               the same thing is being done right now; try again
          └── TooMany            this was tried too often; ``seconds`` says how long to wait

``message`` is for people (translated where it is shown); ``str(error)`` is for developers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crm_core.text import Msg, messages

__all__ = [
    "Busy",
    "ConfigurationError",
    "Conflict",
    "CrmError",
    "Invalid",
    "ModuleError",
    "NotAllowed",
    "NotFound",
    "Problem",
    "Refused",
    "TooMany",
]

_ = messages("core")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with an input, and where.

    ``field`` is the name used in forms and in the API (dotted inside parts, ``None`` for the whole
    record); ``row`` is the index within the batch.
    """

    id: str
    message: Msg
    field: str | None = None
    hint: Msg | None = None
    row: int = 0


class CrmError(Exception):
    """Base of all errors raised on purpose; ``module`` is the culprit, ``hint`` the next step."""

    def __init__(self, message: Msg, *, module: str = "core", hint: Msg | None = None) -> None:
        super().__init__(str(message))
        self.message = message
        self.module = module
        self.hint = hint


class ConfigurationError(CrmError):
    """The installation is not set up right."""


class ModuleError(CrmError):
    """A module cannot be used as asked."""


class Refused(CrmError):
    """Something asked for is not done; nothing was changed."""


class Invalid(Refused):
    """The input has problems; all of them are in ``problems``."""

    def __init__(self, problems: Sequence[Problem], *, module: str = "core") -> None:
        super().__init__(problems[0].message if problems else _("The input is not valid."), module=module)
        self.problems = tuple(problems)


class NotAllowed(Refused):
    """The actor lacks the right for this action."""

    def __init__(self, message: Msg | None = None) -> None:
        super().__init__(message or _("You do not have the right to do this."), hint=_("Ask your administrator."))


class NotFound(Refused):
    """There is no such record, or not for this actor: both look the same."""

    def __init__(self) -> None:
        super().__init__(_("There is no such record."), hint=_("It may have been deleted or moved."))


class Conflict(Refused):
    """The record was changed since the actor read it; ``current`` is what it holds now."""

    def __init__(self, current: Mapping[str, Any], *, message: Msg | None = None) -> None:
        super().__init__(message or _("Somebody else has changed this record in the meantime."))
        self.current = dict(current)


class Busy(Refused):
    """The same request is being handled at this moment."""

    def __init__(self, message: Msg | None = None) -> None:
        super().__init__(message or _("This is being done right now."), hint=_("Wait a moment and try again."))


class TooMany(Refused):
    """Something was tried too often; after ``seconds`` it may be tried again."""

    def __init__(self, seconds: int) -> None:
        minutes = -(-seconds // 60)
        hint = _.plural("Try again in a minute.", "Try again in %(n)s minutes.", minutes)
        super().__init__(_("Too many attempts."), hint=hint)
        self.seconds = seconds
