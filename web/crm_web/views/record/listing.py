"""The list of an entity: filter, sort, pages, columns; everything that it shows stands in its address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import g, request

from crm_core.entity.descriptor import Entity
from crm_core.entity.query import count, query
from crm_core.entity.view import View, parse_view
from crm_core.errors import Invalid
from crm_core.text import messages
from crm_web.context import render
from crm_web.current import say
from crm_web.links import base_of, with_query
from crm_web.toast import toast
from crm_web.views.record.bulk import bulk_actions
from crm_web.views.record.chip import chips_of
from crm_web.views.record.column import Column, cells_of, columns_of, queried

__all__ = ["COUNT_CAP", "Address", "show"]

_ = messages("web")

COUNT_CAP = 10_000
_PAGE = frozenset({"cursor"})
_EXTRA = frozenset({"back"})


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a list, from which its links are made."""

    base: str
    pairs: tuple[tuple[str, str], ...]

    def without(self, *names: str) -> tuple[tuple[str, str], ...]:
        """The parameters except for the named ones and the page."""
        return tuple((name, value) for name, value in self.pairs if name not in names and name not in _PAGE)

    def change(self, **values: str | None) -> str:
        """The address with other values, on its first page."""
        kept = self.without(*values)
        return with_query(self.base, [*kept, *((name, value) for name, value in values.items() if value)])

    def page(self, cursor: str | None) -> str | None:
        """The address of another page of the same list."""
        return with_query(self.base, [*self.without(), ("cursor", cursor)]) if cursor else None

    def to(self, screen: str) -> str:
        """The address of a dialog that works on this list."""
        return with_query(f"{self.base}/{screen}", self.without())

    @property
    def query(self) -> str:
        """The parameters of the list as text, for what acts on «all by filter»."""
        return with_query("", self.without("sort", "fields", "limit")).removeprefix("?")


def show(entity: Entity) -> str:
    """The page of the list."""
    base = base_of(entity)
    address = Address(base, tuple(p for p in request.args.items(multi=True) if p[0] not in _EXTRA))
    view = _read(entity, address)
    with g.crm.reading(g.actor) as session:
        found = query(session, entity, replace(view, columns=queried(entity, view)))
        total = count(session, entity, replace(view, q=found.read_as or view.q), COUNT_CAP)
        chips = chips_of(session, entity, view, address)
    columns = columns_of(g.crm, entity, view)
    return render(
        "record/list.html",
        entity=entity,
        base=base,
        address=address,
        view=view,
        rows=found.rows,
        cells=cells_of(columns),
        heads=_headed(columns, view, entity, address),
        title=entity.title,
        bulk=bulk_actions(entity),
        total=min(total, COUNT_CAP),
        capped=total > COUNT_CAP,
        next_url=address.page(found.next),
        previous_url=address.page(found.previous),
        chips=chips,
        tabs=_tabs(entity, view, address),
        filtered=bool(view.filters or view.q),
        read_as=found.read_as,
    )


def _read(entity: Entity, address: Address) -> View:
    """The view of the address; what is wrong with it is said, and the rest is shown."""
    try:
        return parse_view(entity, address.pairs)
    except Invalid as error:
        wrong = {problem.field for problem in error.problems}
        for problem in error.problems:
            toast(problem.message, kind="warning")
        return parse_view(entity, [pair for pair in address.pairs if pair[0] not in wrong])


def _headed(columns: Sequence[Column], view: View, entity: Entity, address: Address) -> list[dict[str, Any]]:
    """The columns with the addresses that sort by them."""
    wanted = view.sort or entity.sort or entity.title
    heads = []
    for column in columns:
        now = "asc" if wanted == column.name else "desc" if wanted == f"-{column.name}" else None
        turned = f"-{column.name}" if now == "asc" else column.name
        heads.append(
            {"column": column, "sort_url": address.change(sort=turned) if column.sortable else None, "now": now}
        )
    return heads


def _tabs(entity: Entity, view: View, address: Address) -> list[dict[str, Any]]:
    mine = next((f.value for f in view.filters if f.field == "owner_id" and f.op == "eq"), None)
    me = g.actor.user_id
    tabs = [(_("All"), address.change(owner_id=None), mine is None)]
    if "owner_id" in entity.table.c and me:
        tabs.append((_("Mine"), address.change(owner_id=me), mine == me))
    return [{"label": say(label), "url": url, "active": active, "icon": None} for label, url, active in tabs]
