"""What the databases have beyond the metadata: full-text and trigram indexes, per dialect.

A revision calls ``create`` and ``drop`` by name. A published definition never changes: an index that
must differ gets a new name. Comparing models with the database leaves these out by their names, which
end in ``_fts`` (SQLite FTS5, with its shadow tables), ``_trgm`` (PostgreSQL trigram) or ``_cf``
(expression index of a custom field); modules name theirs likewise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from crm_core.errors import ConfigurationError
from crm_core.text import messages

__all__ = ["OBJECTS", "Physical", "create", "drop", "is_physical"]

_ = messages("core")
_NAME = re.compile(r".+(_fts(_(data|idx|content|docsize|config))?|_trgm|_cf)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Physical:
    """One object that only one dialect has; ``trigram`` says that it needs PostgreSQL's ``pg_trgm``."""

    dialect: str
    create: str
    drop: str
    trigram: bool = False


OBJECTS: Mapping[str, Physical] = {
    # External content: the text stays in core_search alone. DELETE reads the old text from there, so it
    # must come before the row changes, INSERT after it. Names are folded already: no second folding.
    "core_search_fts": Physical(
        dialect="sqlite",
        create="CREATE VIRTUAL TABLE core_search_fts USING fts5("
        "names, content='core_search', content_rowid='id', tokenize='trigram case_sensitive 1')",
        drop="DROP TABLE core_search_fts",
    ),
    "ix_core_search_names_trgm": Physical(
        dialect="postgresql",
        create="CREATE INDEX ix_core_search_names_trgm ON core_search USING gin (names gin_trgm_ops)",
        drop="DROP INDEX ix_core_search_names_trgm",
        trigram=True,
    ),
}


def is_physical(name: str | None) -> bool:
    """Whether a table or index is one of those that the metadata does not know."""
    return name is not None and _NAME.fullmatch(name) is not None


def create(connection: Connection, *names: str) -> None:
    """Create the named objects that this dialect has; raises ``ConfigurationError`` without ``pg_trgm``."""
    for wanted in (OBJECTS[name] for name in names):
        if wanted.dialect == connection.dialect.name:
            if wanted.trigram:
                _require_trigrams(connection)
            connection.execute(text(wanted.create))


def drop(connection: Connection, *names: str) -> None:
    """Drop the named objects that this dialect has."""
    for wanted in (OBJECTS[name] for name in names):
        if wanted.dialect == connection.dialect.name:
            connection.execute(text(wanted.drop))


def _require_trigrams(connection: Connection) -> None:
    installed = connection.scalar(text("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'"))
    if not installed:
        try:
            connection.execute(text("CREATE EXTENSION pg_trgm"))
        except DBAPIError as error:
            raise ConfigurationError(
                _("The search needs the PostgreSQL extension pg_trgm, which could not be created."),
                hint=_(
                    "Install the package postgresql-contrib on the database server, run «CREATE EXTENSION pg_trgm» "
                    "in this database as its administrator, and try again."
                ),
            ) from error
    if not connection.scalar(text("SELECT cardinality(show_trgm('иванов'))")):
        raise ConfigurationError(
            _("This PostgreSQL database does not know Cyrillic letters, so the search would not find them."),
            hint=_("Create the database with a UTF-8 locale: CREATE DATABASE … TEMPLATE template0 LOCALE 'C.UTF-8'."),
        )
