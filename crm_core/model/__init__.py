"""The tables of the core."""

from crm_core.model.client import Account, Address, Affiliation, Contact, ContactPoint, ExternalId, Tag, TagLink
from crm_core.model.firm import LegalEntity, Meta, ModuleState, NumberSeries, Rate, Setting
from crm_core.model.history import Audit, Event, History, HistoryLink, Idempotency, SearchRow
from crm_core.model.people import (
    Assignment,
    Credential,
    LoginAttempt,
    Role,
    RoleGrant,
    SecurityEvent,
    SignInSession,
    Team,
    TeamMember,
    Token,
    User,
    UserRole,
)
from crm_core.model.work import ImportBatch, ImportEffect, Job

__all__ = [
    "Account",
    "Address",
    "Affiliation",
    "Assignment",
    "Audit",
    "Contact",
    "ContactPoint",
    "Credential",
    "Event",
    "ExternalId",
    "History",
    "HistoryLink",
    "Idempotency",
    "ImportBatch",
    "ImportEffect",
    "Job",
    "LegalEntity",
    "LoginAttempt",
    "Meta",
    "ModuleState",
    "NumberSeries",
    "Rate",
    "Role",
    "RoleGrant",
    "SearchRow",
    "SecurityEvent",
    "Setting",
    "SignInSession",
    "Tag",
    "TagLink",
    "Team",
    "TeamMember",
    "Token",
    "User",
    "UserRole",
]
