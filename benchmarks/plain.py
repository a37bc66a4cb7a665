"""The yardstick: plain tables with the same data, and the same works as bare SQL, nothing else.

They stand beside ours in the same database, with whole numbers for keys and the indexes that the works need.
"""

from __future__ import annotations

from sqlalchemy import text

from crm_core.db.engine import Database

__all__ = [
    "ADD_CONTACT",
    "ADD_EVENT",
    "ASSIGN",
    "ASSIGN_ONE",
    "IMPORT",
    "IMPORT_SQLITE",
    "KNOWN_EMAIL",
    "READS",
    "STAGE",
    "STAGE_ROW",
    "make",
]


def _number(column: str) -> str:
    """The row number that stands at the end of an id."""
    return f"CAST(substr(CAST({column} AS text), 25) AS integer)"


_USERS = f"SELECT {_number('id')}, name, email FROM core_user WHERE login LIKE 'user%'"
_ACCOUNTS = (
    f"SELECT {_number('a.id')}, a.name, {_number('a.owner_id')}, a.email, p.value, a.city, a.created_at "
    "FROM core_account a JOIN core_contact_point p ON p.account_id = a.id AND p.kind = 'phone'"
)
_CONTACTS = (
    f"SELECT {_number('c.id')}, {_number('c.account_id')}, {_number('c.id')} % 2, "
    "c.first_name, c.last_name, c.email, p.value, c.created_at "
    "FROM core_contact c JOIN core_contact_point p ON p.contact_id = c.id AND p.kind = 'phone'"
)
_HISTORY = (
    f"SELECT {_number('h.id')}, {_number('h.record_id')}, {_number('l.record_id')}, {_number('h.actor_id')}, "
    "h.kind, h.body, h.occurred_at "
    "FROM core_history h JOIN core_history_link l ON l.history_id = h.id AND l.entity = 'core.contact'"
)
_TABLES = {
    "plain_user": ("id integer PRIMARY KEY, name text, email text", _USERS),
    "plain_account": (
        "id integer PRIMARY KEY, name text NOT NULL, owner_id integer, email text, phone text, city text, "
        "created_at {at}",
        _ACCOUNTS,
    ),
    "plain_contact": (
        "id {serial}, account_id integer NOT NULL, is_primary integer, first_name text, last_name text, "
        "email text, phone text, created_at {at} DEFAULT CURRENT_TIMESTAMP",
        _CONTACTS,
    ),
    "plain_history": (
        "id {serial}, account_id integer, contact_id integer, user_id integer, kind text, body text, "
        "created_at {at} DEFAULT CURRENT_TIMESTAMP",
        _HISTORY,
    ),
}
_INDEXES = (
    "CREATE INDEX plain_account_name ON plain_account (name, id)",
    "CREATE INDEX plain_contact_account ON plain_contact (account_id)",
    "CREATE INDEX plain_contact_email ON plain_contact (email)",
    "CREATE INDEX plain_contact_phone ON plain_contact (phone)",
    "CREATE INDEX plain_history_account ON plain_history (account_id, created_at DESC)",
)
_FOR_SQLITE = (
    "CREATE VIRTUAL TABLE plain_account_fts USING fts5("
    "name, content='plain_account', content_rowid='id', tokenize='trigram')",
    "INSERT INTO plain_account_fts(rowid, name) SELECT id, name FROM plain_account",
    "ANALYZE",
)
_FOR_POSTGRESQL = (
    "CREATE INDEX plain_account_trgm ON plain_account USING gin (name gin_trgm_ops)",
    "SELECT setval('plain_contact_id_seq', (SELECT max(id) FROM plain_contact)), "
    "setval('plain_history_id_seq', (SELECT max(id) FROM plain_history))",
    "ANALYZE",
)


def make(database: Database) -> None:
    """Fill the plain tables anew from ours."""
    shape = {"at": "text", "serial": "integer PRIMARY KEY"}
    if not database.sqlite:
        shape = {"at": "timestamptz", "serial": "serial PRIMARY KEY"}
    extra = _FOR_SQLITE if database.sqlite else _FOR_POSTGRESQL
    with database.lane(), database.write.begin() as connection:
        for name, (columns, source) in _TABLES.items():
            connection.execute(text(f"DROP TABLE IF EXISTS {name}"))
            connection.execute(text(f"CREATE TABLE {name} ({columns.format(**shape)})"))
            names = ", ".join(column.split()[0] for column in columns.split(", "))
            connection.execute(text(f"INSERT INTO {name} ({names}) {source}"))
        if database.sqlite:
            connection.execute(text("DROP TABLE IF EXISTS plain_account_fts"))
        for statement in (*_INDEXES, *extra):
            connection.execute(text(statement))


_LIST = (
    "SELECT a.id, a.name, a.city, u.name AS owner, c.first_name, c.last_name, c.email "
    "FROM (SELECT * FROM plain_account {where} ORDER BY name, id LIMIT 50) a JOIN plain_user u ON u.id = a.owner_id "
    "LEFT JOIN plain_contact c ON c.account_id = a.id AND c.is_primary = 1 ORDER BY a.name, a.id"
)
_PEOPLE = (
    "SELECT c.id, c.first_name, c.last_name, c.email, c.phone, a.id AS account_id, a.name "
    "FROM plain_contact c JOIN plain_account a ON a.id = c.account_id WHERE c.{column} = ?"
)
READS = {
    "list": (_LIST.format(where=""),),
    "page": (_LIST.format(where="WHERE (name, id) > (?, ?)"),),
    "part": (_LIST.format(where="WHERE name ILIKE ?"),),
    "part_sqlite": (
        _LIST.format(where="WHERE id IN (SELECT rowid FROM plain_account_fts WHERE plain_account_fts MATCH ?)"),
    ),
    "point": (f"{_PEOPLE.format(column='email')} UNION ALL {_PEOPLE.format(column='phone')}",),
    "card": (
        "SELECT a.*, u.name AS owner FROM plain_account a JOIN plain_user u ON u.id = a.owner_id WHERE a.id = ?",
        "SELECT id, first_name, last_name, email, phone, is_primary FROM plain_contact "
        "WHERE account_id = ? ORDER BY id",
        "SELECT h.id, h.kind, h.body, h.created_at, u.name AS by, h.contact_id FROM plain_history h "
        "JOIN plain_user u ON u.id = h.user_id WHERE h.account_id = ? ORDER BY h.created_at DESC LIMIT 50",
    ),
}
"""The reads by work, each a tuple of statements; ``?`` stands for a value."""

KNOWN_EMAIL = "SELECT 1 FROM plain_contact WHERE email = ?"
ADD_CONTACT = (
    "INSERT INTO plain_contact (account_id, is_primary, first_name, last_name, email, phone) "
    "VALUES (?, 0, ?, ?, ?, ?) RETURNING id"
)
ADD_EVENT = "INSERT INTO plain_history (account_id, contact_id, user_id, kind, body) VALUES (?, ?, 1, ?, ?)"

ASSIGN = (
    "WITH changed AS (UPDATE plain_account SET owner_id = ? WHERE id = ANY(?) RETURNING id) "
    "INSERT INTO plain_history (account_id, user_id, kind, body) SELECT id, 1, 'owner', 'owner changed' FROM changed"
)
ASSIGN_ONE = (
    "UPDATE plain_account SET owner_id = ? WHERE id = ?",
    "INSERT INTO plain_history (user_id, account_id, kind, body) VALUES (?, ?, 'owner', 'owner changed')",
)
"""The same for SQLite, which has no statement for both: each is run for many rows."""

STAGE = "CREATE TEMPORARY TABLE staged (account_id integer, first_name text, last_name text, email text, phone text)"
STAGE_ROW = "INSERT INTO staged VALUES (?, ?, ?, ?, ?)"
_NEW = (
    "INSERT INTO plain_contact (account_id, is_primary, first_name, last_name, email, phone) "
    "SELECT account_id, 0, first_name, last_name, email, phone FROM staged "
    "WHERE NOT EXISTS (SELECT 1 FROM plain_contact c WHERE c.email = staged.email)"
)
_TOLD = "INSERT INTO plain_history (account_id, contact_id, user_id, kind, body)"
IMPORT = (
    f"WITH made AS ({_NEW} RETURNING id, account_id) {_TOLD} SELECT account_id, id, 1, 'import', 'imported' FROM made",
)
IMPORT_SQLITE = (
    "CREATE TEMPORARY TABLE made AS SELECT max(id) AS last FROM plain_contact",
    _NEW,
    f"{_TOLD} SELECT account_id, id, 1, 'import', 'imported' FROM plain_contact WHERE id > (SELECT last FROM made)",
    "DROP TABLE made",
)
