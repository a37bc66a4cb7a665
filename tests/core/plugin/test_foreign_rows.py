"""Rows of modules that are off, and tables of modules that were never on, stand in nobody's way."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from crm_core.access.principal import Principal
from crm_core.plugin.lifecycle import disable, enable
from crm_core.runtime import Crm, build
from crm_core.service.purge import purge
from crm_core.testing.factories import make_accounts
from crm_core.testing.module import ModuleMaker

MODELS = """
from sqlalchemy.orm import Mapped, mapped_column
from crm_core import Base, Id, Regarding, regarding
class Star(Base):
    __tablename__ = "star_star"
    __policy__ = Regarding()
    entity: Mapped[str] = regarding("entity", primary_key=True)
    record_id: Mapped[str] = regarding("record_id", primary_key=True)
"""
TABLE = """
op.create_table('star_star', sa.Column('entity', sa.String(60), primary_key=True),
    sa.Column('record_id', types.Id(), primary_key=True))
"""


@pytest.fixture
def star(tmp_module: ModuleMaker) -> ModuleMaker:
    tmp_module.make("star", files={"models.py": MODELS}, revisions=[TABLE], tried=True)
    return tmp_module


def test_a_record_is_removed_while_a_module_was_never_enabled(crm: Crm, actor: Principal, star: ModuleMaker) -> None:
    program = build(crm.settings, crm.database, registry=star)
    account = make_accounts(program)[0]
    with program.writing(actor) as session:
        purge(session, program.entities["core.account"], [account])
        assert session.scalar(text("SELECT count(*) FROM core_account")) == 0


def test_a_record_takes_what_regards_it_along_while_the_module_is_off(
    crm: Crm, actor: Principal, star: ModuleMaker
) -> None:
    program = build(crm.settings, crm.database, registry=star)
    enable(program, "star", actor)
    account, other = make_accounts(program, 2)
    with program.writing(actor) as session:
        for record_id in (account, other):
            session.execute(text("INSERT INTO star_star VALUES ('core.account', :id)"), {"id": record_id})
    disable(build(crm.settings, crm.database, registry=star), "star", actor)
    with program.writing(actor) as session:
        purge(session, program.entities["core.account"], [account])
        assert [str(row) for row in session.scalars(text("SELECT record_id FROM star_star"))] == [other]
