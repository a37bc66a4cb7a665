"""The request that is being answered: who asks, in which words, of which program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import g

from crm_core.text import Msg

if TYPE_CHECKING:
    from crm_core.access.principal import Principal
    from crm_core.runtime import Crm

__all__ = ["actor", "crm", "say"]


def actor() -> Principal:
    """Who asks."""
    found: Principal = g.actor
    return found


def crm() -> Crm:
    """The running program."""
    found: Crm = g.crm
    return found


def say(message: Msg | str | None) -> str:
    """A message in the language of the one who asks; nothing is an empty text."""
    text: str = g.words.text(message)
    return text
