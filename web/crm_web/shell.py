"""``Shell``: what the web adds to a running ``Crm``; one for each built app."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flask import Flask, current_app, g
from markupsafe import Markup

from crm_core.runtime import Crm
from crm_web.assets import Assets
from crm_web.i18n import Words
from crm_web.policy import Policy

__all__ = ["Failure", "Shell", "current_shell", "shell_of"]

_KEPT = 50
_MOST_PIECES = 500
_log = logging.getLogger("crm.web")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An error of a module that was kept from spreading; ``ref`` is the number that the user was shown."""

    module: str
    what: str
    text: str
    ref: str
    at: datetime


@dataclass(slots=True, eq=False)
class Shell:
    """The web side of a running program.

    ``broken`` names modules whose web part could not be mounted, with the reason; ``failures`` are the last errors
    of their panels and widgets in this process.
    """

    crm: Crm
    assets: Assets
    policies: Mapping[str, Policy] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    failures: deque[Failure] = field(default_factory=lambda: deque(maxlen=_KEPT))
    static: Mapping[str, str] = field(default_factory=dict)
    _words: dict[str, Words] = field(default_factory=dict)
    _pieces: dict[tuple[Any, ...], Markup] = field(default_factory=dict)

    def words(self, language: str) -> Words:
        """The texts of a language."""
        found = self._words.get(language)
        if found is None:
            found = self._words[language] = Words(self.crm, language)
        return found

    def piece(self, key: tuple[Any, ...], make: Callable[[], Markup]) -> Markup:
        """A piece of the frame, drawn once for each key: what the piece depends on."""
        found = self._pieces.get(key)
        if found is None:
            if len(self._pieces) >= _MOST_PIECES:
                self._pieces.clear()
            found = self._pieces[key] = make()
        return found

    def record_failure(self, module: str, what: str, error: Exception) -> str:
        """Log and keep an isolated error once; gives the number under which it is found."""
        ref: str = g.request_id
        _log.error("module %s failed in %s (request %s)", module, what, ref, exc_info=error)
        text = f"{type(error).__name__}: {error}"[:500]
        self.failures.append(Failure(module=module, what=what, text=text, ref=ref, at=datetime.now(UTC)))
        return ref


def shell_of(app: Flask) -> Shell:
    """The shell of an app."""
    shell: Shell = app.extensions["crm"]
    return shell


def current_shell() -> Shell:
    """The shell of the app that answers this request."""
    return shell_of(current_app)
