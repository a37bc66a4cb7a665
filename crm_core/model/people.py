"""The people who work with the program: users, teams, roles, and how they sign in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db.base import Base, new_id, now, personal, reference, regarding
from crm_core.db.policy import Public, SystemOnly
from crm_core.db.types import Folded, Id, Instant, Json

__all__ = [
    "Assignment",
    "Credential",
    "LoginAttempt",
    "Role",
    "RoleGrant",
    "SecurityEvent",
    "SignInSession",
    "Team",
    "TeamMember",
    "Token",
    "User",
    "UserRole",
]


class Team(Base):
    """A team in the tree of teams; ``path`` is the ids from the root, ``/a/b/``."""

    __tablename__ = "core_team"
    __policy__ = Public()

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(Text)
    parent_id: Mapped[str | None] = reference("core_team", ondelete="RESTRICT", nullable=True)
    path: Mapped[str] = mapped_column(Text)
    is_active: Mapped[bool] = mapped_column(default=True)


class User(Base):
    """Somebody of the staff who signs in."""

    __tablename__ = "core_user"
    __policy__ = Public()

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    login: Mapped[str] = mapped_column(String(120), unique=True)
    name: Mapped[str] = mapped_column(Text)
    name_fold: Mapped[str] = mapped_column(Folded)
    email: Mapped[str | None] = mapped_column(String(254))
    phone: Mapped[str | None] = mapped_column(String(20))
    language: Mapped[str] = mapped_column(String(8), default="en")
    zone: Mapped[str] = mapped_column(String(40), default="Europe/Moscow")
    team_id: Mapped[str | None] = reference("core_team", ondelete="SET NULL", nullable=True)
    is_active: Mapped[bool] = mapped_column(default=True)
    preferences: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    version: Mapped[int] = mapped_column(Integer, default=1)


class TeamMember(Base):
    """A user belongs to a team, perhaps as its head."""

    __tablename__ = "core_team_member"
    __policy__ = Public()

    team_id: Mapped[str] = mapped_column(Id, ForeignKey("core_team.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(
        Id, ForeignKey("core_user.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    is_head: Mapped[bool] = mapped_column(default=False)


class Role(Base):
    """A named set of rights; ``permissions`` are the named ones beyond the six of each entity."""

    __tablename__ = "core_role"
    __policy__ = Public()

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[dict[str, str]] = mapped_column(Json)
    permissions: Mapped[list[str]] = mapped_column(Json, default=list)
    is_builtin: Mapped[bool] = mapped_column(default=False)


class RoleGrant(Base):
    """How far a role's right for one action on one entity (``*``: all) reaches."""

    __tablename__ = "core_role_grant"
    __policy__ = Public()

    role_id: Mapped[str] = mapped_column(Id, ForeignKey("core_role.id", ondelete="CASCADE"), primary_key=True)
    entity: Mapped[str] = mapped_column(String(60), primary_key=True)
    action: Mapped[str] = mapped_column(String(10), primary_key=True)
    scope: Mapped[str] = mapped_column(String(10))


class UserRole(Base):
    """A user has a role."""

    __tablename__ = "core_user_role"
    __policy__ = Public()

    user_id: Mapped[str] = mapped_column(Id, ForeignKey("core_user.id", ondelete="CASCADE"), primary_key=True)
    role_id: Mapped[str] = mapped_column(
        Id, ForeignKey("core_role.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class Assignment(Base):
    """Who was responsible for a record, from when to when, and why it changed."""

    __tablename__ = "core_assignment"
    __policy__ = SystemOnly()
    __table_args__ = (Index("ix_core_assignment_record", "record_id", "since"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    entity: Mapped[str] = regarding("entity")
    record_id: Mapped[str] = regarding("record_id")
    owner_id: Mapped[str | None] = reference("core_user", ondelete="SET NULL", nullable=True)
    team_id: Mapped[str | None] = reference("core_team", ondelete="SET NULL", nullable=True)
    since: Mapped[datetime] = mapped_column(Instant)
    until: Mapped[datetime | None] = mapped_column(Instant)
    reason: Mapped[str | None] = mapped_column(Text)
    assigned_by: Mapped[str | None] = mapped_column(Id)


class Credential(Base):
    """One way of proving who one is; ``secret`` is an argon2id hash for kind ``password``."""

    __tablename__ = "core_credential"
    __policy__ = SystemOnly()

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    user_id: Mapped[str] = reference("core_user", ondelete="CASCADE", index=True)
    kind: Mapped[str] = mapped_column(String(16))
    secret: Mapped[str] = mapped_column(Text)
    must_change: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)


class SignInSession(Base):
    """A browser that is signed in; ``id`` is the SHA-256 of the cookie's value."""

    __tablename__ = "core_session"
    __policy__ = SystemOnly()

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    audience: Mapped[str] = mapped_column(String(10), default="staff")
    user_id: Mapped[str] = reference("core_user", ondelete="CASCADE", index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    seen_at: Mapped[datetime] = mapped_column(Instant, default=now)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    address: Mapped[str | None] = mapped_column(String(64), info=personal())
    agent: Mapped[str | None] = mapped_column(String(200), info=personal())


class Token(Base):
    """A bearer token of the API, or a one-time link; ``hash`` is the SHA-256 of the secret."""

    __tablename__ = "core_token"
    __policy__ = SystemOnly()

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(12), default="api")
    user_id: Mapped[str | None] = reference("core_user", ondelete="CASCADE", nullable=True, index=True)
    name: Mapped[str] = mapped_column(String(80), default="")
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class LoginAttempt(Base):
    """Failed attempts of one key (an account or an address): the counter that throttles sign-in."""

    __tablename__ = "core_login_attempt"
    __policy__ = SystemOnly()

    key: Mapped[str] = mapped_column(String(160), primary_key=True)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    first_at: Mapped[datetime] = mapped_column(Instant, default=now)
    blocked_until: Mapped[datetime | None] = mapped_column(Instant)


class SecurityEvent(Base):
    """Sign-ins, refusals, changes of rights: append-only."""

    __tablename__ = "core_security_event"
    __policy__ = SystemOnly()

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    at: Mapped[datetime] = mapped_column(Instant, default=now, index=True)
    kind: Mapped[str] = mapped_column(String(40))
    user_id: Mapped[str | None] = mapped_column(Id)
    address: Mapped[str | None] = mapped_column(String(64), info=personal())
    detail: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
