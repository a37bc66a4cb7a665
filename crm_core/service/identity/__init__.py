"""Who signs in: passwords, sessions of browsers, tokens of programs, links that work once.

Only hashes of secrets are stored. Loading a session or a token is one statement; the rights behind it
are kept in the process until they change anywhere (``access.load``).
"""

from __future__ import annotations

from crm_core.service.identity.admission import LOGIN, sign_in
from crm_core.service.identity.credential import change_password, set_password
from crm_core.service.identity.event import note
from crm_core.service.identity.link import LINK_LIFE, create_link, use_link
from crm_core.service.identity.session import (
    NewSession,
    SessionInfo,
    forget_ended,
    load_session,
    open_session,
    revoke_all,
    revoke_session,
    sessions_of,
    sign_out,
    touch,
)
from crm_core.service.identity.token import create_token, load_token, revoke_token, tokens_of

__all__ = [
    "LINK_LIFE",
    "LOGIN",
    "NewSession",
    "SessionInfo",
    "change_password",
    "create_link",
    "create_token",
    "forget_ended",
    "load_session",
    "load_token",
    "note",
    "open_session",
    "revoke_all",
    "revoke_session",
    "revoke_token",
    "sessions_of",
    "set_password",
    "sign_in",
    "sign_out",
    "tokens_of",
    "touch",
    "use_link",
]
