"""The firm's own people: six users in three teams."""

from __future__ import annotations

from sqlalchemy import insert
from sqlalchemy.orm import Session

from crm_core.db.base import new_id
from crm_core.model import Team, TeamMember, User
from crm_core.text import fold

__all__ = ["DEMO_LOGIN", "make_people"]

# Demo users are told by their logins: they cannot sign in, for they have no password.
DEMO_LOGIN = "demo."

_TEAMS = (
    (
        "Отдел продаж",
        (
            ("demo.anna", "Анна Королёва", "ru", True),
            ("demo.pavel", "Павел Громов", "ru", False),
            ("demo.vera", "Вера Лебедева", "ru", False),
        ),
    ),
    ("Export sales", (("demo.emma", "Emma Fletcher", "en", True), ("demo.tom", "Tom Barker", "en", False))),
    ("Сервис", (("demo.oleg", "Олег Тихонов", "ru", True),)),
)


def make_people(session: Session) -> list[tuple[str, str, str]]:
    """Make the teams and users; gives ``(user id, team id, language)`` of each user."""
    made: list[tuple[str, str, str]] = []
    for team_name, members in _TEAMS:
        team_id = new_id()
        session.execute(insert(Team.__table__), {"id": team_id, "name": team_name, "path": f"/{team_id}/"})
        for login, name, language, is_head in members:
            user = {
                "id": new_id(),
                "login": login,
                "name": name,
                "name_fold": fold(name),
                "language": language,
                "team_id": team_id,
            }
            session.execute(insert(User.__table__), user)
            session.execute(
                insert(TeamMember.__table__), {"team_id": team_id, "user_id": user["id"], "is_head": is_head}
            )
            made.append((str(user["id"]), team_id, language))
    return made
