"""The first administrator: made on the console or through a link that works once; there is no default password."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_core.db.session import actor_of
from crm_core.errors import NotFound
from crm_core.model import Role, User, UserRole
from crm_core.service import identity, people

__all__ = ["create_administrator", "needs_setup", "setup_link"]


def needs_setup(session: Session) -> bool:
    """Whether nobody can administer the program yet."""
    held, roles, users = UserRole.__table__, Role.__table__, User.__table__
    statement = (
        select(func.count())
        .select_from(held)
        .join(roles, roles.c.id == held.c.role_id)
        .join(users, users.c.id == held.c.user_id)
        .where(roles.c.key == "admin", users.c.is_active)
    )
    return not session.execute(statement).scalar_one()


def setup_link(session: Session) -> str:
    """The secret of the link by which the first administrator is made. Raises ``NotFound`` when there is one."""
    if not needs_setup(session):
        raise NotFound
    return identity.create_link(session, "setup", None)


def create_administrator(
    session: Session, login: str, name: str, password: str, language: str = "en", zone: str = "Europe/Moscow"
) -> str:
    """Make the first administrator; gives the user id.

    Raises ``Invalid`` for bad input, ``NotFound`` when there is an administrator already.
    """
    if actor_of(session).kind != "system":
        raise NotFound
    # This locks the counter of rights: of two that are made at once the second sees the first.
    people.seed_roles(session)
    if not needs_setup(session):
        raise NotFound
    user_id = people.create_user(
        session, {"login": login, "name": name, "language": language, "zone": zone, "roles": ["admin"]}
    )
    identity.set_password(session, user_id, password)
    return user_id
