"""The words of a page: which language, and how templates ask for a text."""

from __future__ import annotations

from typing import Any

from flask import Request
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from crm_core.access.principal import Principal
from crm_core.runtime import Crm
from crm_core.text import Msg
from crm_core.translation import LANGUAGES

__all__ = ["Words", "language_of"]


def language_of(request: Request, actor: Principal, default: str) -> str:
    """The language of the one who reads: of the account, or else what the browser asks for."""
    if actor.kind not in {"anonymous", "system"}:
        return actor.language if actor.language in LANGUAGES else default
    return request.accept_languages.best_match(LANGUAGES, default) or default


class Words:
    """The texts of one language for templates: ``_``, ``ngettext`` and ``t``.

    A template in ``<module>/…`` reads the catalogue of that module, every other one that of the shell;
    what is not found there is looked for in the core's.
    """

    def __init__(self, crm: Crm, language: str) -> None:
        self.crm = crm
        self.language = language
        self._modules = frozenset(module.name for module in crm.modules) - {"core"}
        self._found: dict[tuple[str, str], str] = {}

    def names(self) -> dict[str, Any]:
        """What templates call these functions."""
        return {"_": self._gettext, "gettext": self._gettext, "ngettext": self._ngettext, "t": self.text}

    def text(self, message: Msg | str | None) -> str:
        """A message in this language."""
        return "" if message is None else self.crm.translate(message, self.language)

    @property
    def _gettext(self) -> Any:
        @pass_context
        def gettext(context: Context, msgid: str, /, **params: Any) -> str:
            template = self._look_up(context.name or "", msgid)
            return _fill(template, params) if params else template

        return gettext

    @property
    def _ngettext(self) -> Any:
        @pass_context
        def ngettext(context: Context, singular: str, plural: str, num: int, /, **params: Any) -> str:
            domain = self._domain(context.name or "")
            template = self.crm.translator.lookup(domain, singular, self.language, plural, num)
            return _fill(template, {"num": num, **params})

        return ngettext

    def _look_up(self, template: str, msgid: str) -> str:
        key = (template, msgid)
        text = self._found.get(key)
        if text is None:
            text = self.crm.translator.lookup(self._domain(template), msgid, self.language)
            self._found[key] = text
        return text

    def _domain(self, template: str) -> str:
        folder = template.partition("/")[0]
        return folder if folder in self._modules else "web"


def _fill(template: str, params: dict[str, Any]) -> Markup:
    """The text with its parameters, which are escaped unless they are mark-up already."""
    return Markup(template) % params  # noqa: S704 - the text comes from our own catalogues
