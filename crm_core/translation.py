"""Catalogues: one gettext domain per module, so that no module can overwrite another's words."""

from __future__ import annotations

import gettext
import io
from collections.abc import Mapping
from pathlib import Path

from crm_core.text import Msg

__all__ = ["LANGUAGES", "Translator"]

LANGUAGES: Mapping[str, str] = {"en": "English", "ru": "Русский"}


class Translator:
    """Translates messages from ``<directory>/<language>/LC_MESSAGES/<domain>.po``.

    Catalogues are read when they are first asked for; a text without a translation stays English.
    Texts of a module that it shares with the core are found in the core's catalogue.
    """

    def __init__(self, directories: Mapping[str, Path]) -> None:
        self._directories = dict(directories)
        self._loaded: dict[tuple[str, str], gettext.NullTranslations] = {}

    def text(self, message: Msg | str, language: str) -> str:
        """The message in the language, its parameters filled in."""
        if isinstance(message, str):
            return message
        params = tuple(
            (key, self.text(value, language) if isinstance(value, Msg) else value) for key, value in message.params
        )
        template = self.lookup(message.domain, message.msgid, language, message.plural, message.n)
        return template % dict(params) if params else template

    def lookup(self, domain: str, msgid: str, language: str, plural: str | None = None, n: int = 1) -> str:
        """The translated template of a msgid, without filling."""
        for name in dict.fromkeys((domain, "core")):
            catalogue = self.catalogue(name, language)
            found = catalogue.gettext(msgid) if plural is None else catalogue.ngettext(msgid, plural, n)
            if found not in (msgid, plural):
                return found
        return msgid if plural is None or n == 1 else plural

    def catalogue(self, domain: str, language: str) -> gettext.NullTranslations:
        """The catalogue of a module in a language; an empty one where there is none."""
        key = (domain, language)
        if key not in self._loaded:
            self._loaded[key] = self._read(domain, language)
        return self._loaded[key]

    def _read(self, domain: str, language: str) -> gettext.NullTranslations:
        directory = self._directories.get(domain)
        path = directory / language / "LC_MESSAGES" / f"{domain}.po" if directory else None
        if path is None or not path.exists():
            return gettext.NullTranslations()
        # Imported here: English installations never need babel's readers.
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po

        compiled = io.BytesIO()
        with path.open("rb") as source:
            write_mo(compiled, read_po(source, locale=language))
        compiled.seek(0)
        return gettext.GNUTranslations(compiled)
