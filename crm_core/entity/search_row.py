"""The search rows of records, kept by the write path in the same transaction, never by triggers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from crm_core.db.bulk import insert_rows, values_list
from crm_core.db.session import crm_of
from crm_core.entity.descriptor import Entity
from crm_core.model import SearchRow
from crm_core.text import fold

__all__ = ["add", "remove", "replace", "row_of"]

_MAX_NAMES = 2_000
_MAX_STEMS = 8_000


def add(session: Session, entity: Entity, records: Mapping[str, Mapping[str, Any]]) -> None:
    """Make new records findable; the values are their fields and parts."""
    insert_rows(session, SearchRow.__table__, [row_of(entity, key, values) for key, values in records.items()])
    _index(session, list(records), "INSERT INTO core_search_fts(rowid, names) SELECT id, names")


def replace(session: Session, entity: Entity, records: Mapping[str, Mapping[str, Any]]) -> None:
    """Make changed records findable by what they hold now."""
    remove(session, list(records))
    add(session, entity, records)


def remove(session: Session, ids: Sequence[str]) -> None:
    """Make records unfindable."""
    _index(session, ids, "INSERT INTO core_search_fts(core_search_fts, rowid, names) SELECT 'delete', id, names")
    rows = SearchRow.__table__
    session.execute(delete(rows).where(rows.c.record_id.in_(select(values_list(session, ids).c.id))))


def row_of(entity: Entity, record_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The search row of one record."""
    names = fold(" ".join(_texts(entity, entity.search, values)))[:_MAX_NAMES]
    stems = " ".join(_stems(_texts(entity, entity.texts, values)))[:_MAX_STEMS] if entity.texts else ""
    digest = hashlib.blake2b(f"{names}\0{stems}".encode(), digest_size=8).hexdigest()
    return {"entity": entity.id, "record_id": record_id, "names": names, "stems": stems, "payload_hash": digest}


def _texts(entity: Entity, names: Sequence[str], values: Mapping[str, Any]) -> Iterable[str]:
    for name in names:
        value = values.get(name)
        if not value:
            continue
        part = entity.part(name)
        if part is None:
            yield str(value)
        else:
            yield from part.texts(value)


def _index(session: Session, ids: Sequence[str], statement: str) -> None:
    """Tell the full-text index of SQLite about search rows that come or go."""
    if not ids or not crm_of(session).database.sqlite:
        return
    chosen = text(f"{statement} FROM core_search WHERE record_id IN (SELECT value FROM json_each(:ids))")  # noqa: S608 - fixed texts of this module
    session.execute(chosen, {"ids": _json(ids)})


def _json(ids: Sequence[str]) -> str:
    return "[" + ",".join(f'"{key}"' for key in ids) + "]"


@lru_cache(maxsize=2)
def _stemmer(language: str) -> Any:
    # Imported on use: the package loads the rules of all its languages, a quarter of a second.
    import snowballstemmer

    return snowballstemmer.stemmer(language)


def _stems(texts: Iterable[str]) -> list[str]:
    """The stems of the words of a prose text (Snowball), Russian and English."""
    words = [word for text_ in texts for word in fold(text_).split()]
    return [_stemmer("english" if word.isascii() else "russian").stemWord(word) for word in words[:1_000]]
