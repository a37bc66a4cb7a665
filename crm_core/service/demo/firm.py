"""The demo firm: made through the write path like everything else, and removed in one step."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from crm_core.db.base import new_id, now
from crm_core.db.session import actor_of, crm_of
from crm_core.entity.schema import load_input
from crm_core.entity.trail import record_history
from crm_core.entity.write import create
from crm_core.errors import NotAllowed
from crm_core.model import History, ImportBatch, Tag, TagLink, Team, User
from crm_core.service.demo.clients import account, contact, language_of
from crm_core.service.demo.people import DEMO_LOGIN, make_people
from crm_core.service.demo.words import ENGLISH, RUSSIAN, Language
from crm_core.service.purge import purge
from crm_core.text import fold

__all__ = ["demo_batch", "make_demo", "remove_demo"]

ACCOUNTS, CONTACTS, EVENTS = 2_000, 5_000, 30_000
_CHUNK = 500
_SEED = 20_26


def make_demo(session: Session, *, accounts: int = ACCOUNTS, contacts: int = CONTACTS, events: int = EVENTS) -> str:
    """Make the demo firm; gives the id of its batch. All of it is told from real data by that batch."""
    batch_id = new_id()
    batch = {
        "id": batch_id,
        "kind": "demo",
        "entity": "core.account",
        "state": "done",
        "principal_id": actor_of(session).id,
    }
    session.execute(insert(ImportBatch.__table__), batch)
    random = Random(_SEED)  # noqa: S311 - the same invented firm everywhere
    people = make_people(session)
    firms = _make_accounts(session, random, batch_id, people, accounts)
    persons = _make_contacts(session, random, batch_id, firms, contacts)
    _forget_creation(session, batch_id)
    _make_history(session, random, batch_id, firms, persons, events)
    return batch_id


def demo_batch(session: Session) -> str | None:
    """The id of the demo firm's batch, or ``None`` when there is none."""
    table = ImportBatch.__table__
    statement = select(table.c.id).where(table.c.kind == "demo", table.c.undone_at.is_(None))
    return session.execute(statement).scalars().first()


def remove_demo(session: Session) -> dict[str, int]:
    """Remove the demo firm with everything that regards it; gives how many records went. Needs ``core.admin``."""
    if not actor_of(session).may("core.admin"):
        raise NotAllowed
    batch_id = demo_batch(session)
    removed = {}
    for entity in reversed(list(crm_of(session).entities.values())):
        table = entity.table
        ids = (
            list(session.execute(select(table.c.id).where(table.c.import_batch_id == batch_id)).scalars())
            if batch_id
            else []
        )
        purge(session, entity, ids)
        removed[entity.id] = len(ids)
    session.execute(delete(History.__table__).where(History.__table__.c.import_batch_id == batch_id))
    tags, links = Tag.__table__, TagLink.__table__
    names = [fold(name) for name in (*RUSSIAN.tags, *ENGLISH.tags)]
    session.execute(delete(tags).where(tags.c.name_fold.in_(names), tags.c.id.not_in(select(links.c.tag_id))))
    _remove_people(session)
    batches = ImportBatch.__table__
    session.execute(update(batches).where(batches.c.id == batch_id).values(state="undone", undone_at=now()))
    return removed


def _forget_creation(session: Session, batch_id: str) -> None:
    """The clients are to look as if they had been there for long: no event says that they came today."""
    events = History.__table__
    session.execute(delete(events).where(events.c.import_batch_id == batch_id))


def _remove_people(session: Session) -> None:
    users, teams = User.__table__, Team.__table__
    mine = users.c.login.startswith(DEMO_LOGIN, autoescape=True)
    theirs = list(session.execute(select(users.c.team_id).where(mine).distinct()).scalars())
    session.execute(delete(users).where(mine))
    session.execute(delete(teams).where(teams.c.id.in_([team for team in theirs if team])))


def _make_accounts(
    session: Session, random: Random, batch_id: str, people: Sequence[tuple[str, str, str]], number: int
) -> list[dict[str, Any]]:
    entity = crm_of(session).entities["core.account"]
    made: list[dict[str, Any]] = []
    for start in range(0, number, _CHUNK):
        rows, languages = [], []
        for n in range(start, min(start + _CHUNK, number)):
            words = language_of(random)
            owner = random.choice([person for person in people if person[2] == words.code])[0]
            rows.append(load_input(session, entity, {**account(random, n, words), "owner_id": owner}))
            languages.append(words)
        records = create(session, entity, rows, batch_id=batch_id)
        made += [{**record, "words": words} for record, words in zip(records, languages, strict=True)]
    return made


def _make_contacts(
    session: Session, random: Random, batch_id: str, firms: Sequence[dict[str, Any]], number: int
) -> list[dict[str, Any]]:
    entity = crm_of(session).entities["core.contact"]
    made: list[dict[str, Any]] = []
    for start in range(0, number, _CHUNK):
        rows = []
        for n in range(start, min(start + _CHUNK, number)):
            # Every firm has somebody; the others go to some firms more than to others.
            firm = firms[n] if n < len(firms) else firms[int(len(firms) * random.random() ** 2)]
            host = firm["emails"][0]["value"].partition("@")[2]
            rows.append(
                load_input(
                    session,
                    entity,
                    {**contact(random, n, firm["words"], firm["id"], host), "owner_id": firm["owner_id"]},
                )
            )
        made += create(session, entity, rows, batch_id=batch_id)
    return made


def _make_history(
    session: Session,
    random: Random,
    batch_id: str,
    firms: Sequence[dict[str, Any]],
    persons: Sequence[dict[str, Any]],
    number: int,
) -> None:
    by_id = {firm["id"]: firm for firm in firms}
    today = now()
    for start in range(0, number, _CHUNK * 4):
        events, links = [], []
        for _n in range(start, min(start + _CHUNK * 4, number)):
            person = persons[int(len(persons) * random.random() ** 1.5)]
            firm = by_id[person["account_id"]]
            event = _event(random, batch_id, firm["words"], person, today)
            events.append({**event, "actor_id": firm["owner_id"]})
            links += [(event["id"], "core.contact", person["id"]), (event["id"], "core.account", firm["id"])]
        record_history(session, events, links)


def _event(random: Random, batch_id: str, words: Language, person: dict[str, Any], today: datetime) -> dict[str, Any]:
    kind = random.choices(("call", "note", "meeting", "letter"), (50, 25, 10, 15))[0]
    subject, body = (
        random.choice(words.letters) if kind == "letter" else (None, random.choice(getattr(words, f"{kind}s")))
    )
    moment = today - timedelta(days=random.random() ** 2 * 540, minutes=random.randint(0, 540))
    return {
        "id": new_id(),
        "entity": "core.contact",
        "record_id": person["id"],
        "label": person["name"],
        "kind": f"core.{kind}",
        "direction": random.choice(("in", "out")) if kind in {"call", "letter"} else None,
        "outcome": {"call": random.choice(("reached", "reached", "no_answer", "callback")), "meeting": "held"}.get(
            kind
        ),
        "duration": random.randint(1, 25) * 60 if kind == "call" else None,
        "subject": subject,
        "body": body,
        "importance": 2 if kind != "note" else 1,
        "occurred_at": moment,
        "created_at": moment,
        "import_batch_id": batch_id,
        "version": 1,
    }
