"""The people of the firm: users, teams, roles. Every change is in the audit and takes effect at once."""

from __future__ import annotations

from crm_core.service.people.profile import save_profile
from crm_core.service.people.role import SCOPES, create_role, delete_role, role, roles, save_role, seed_roles
from crm_core.service.people.team import close_team, create_team, team, teams, update_team
from crm_core.service.people.user import create_user, invite, reset_link, update_user, user, users

__all__ = [
    "SCOPES",
    "close_team",
    "create_role",
    "create_team",
    "create_user",
    "delete_role",
    "invite",
    "reset_link",
    "role",
    "roles",
    "save_profile",
    "save_role",
    "seed_roles",
    "team",
    "teams",
    "update_team",
    "update_user",
    "user",
    "users",
]
