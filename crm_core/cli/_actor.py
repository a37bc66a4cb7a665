"""Who acts on the command line."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import select

from crm_core.access.load import load_principal
from crm_core.access.principal import Principal, system
from crm_core.errors import ConfigurationError
from crm_core.model import User
from crm_core.text import messages

if TYPE_CHECKING:
    from crm_core.runtime import Crm

__all__ = ["acting"]

_ = messages("core")


def acting(crm: Crm, login: str | None) -> Principal:
    """The user with this login and their rights; the program itself where none is named."""
    program = replace(system("command line"), zone=crm.settings.zone, language=crm.settings.language)
    if login is None:
        return program
    users = User.__table__
    with crm.reading(program) as session:
        user_id = session.execute(select(users.c.id).where(users.c.login == login.lower(), users.c.is_active)).scalar()
        if user_id is None:
            raise ConfigurationError(_("There is no active user “%(name)s”.", name=login))
        return load_principal(session, user_id)
