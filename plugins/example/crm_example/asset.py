"""``example.asset``, described once: list, card, form, REST, import, export and search follow from it."""

from __future__ import annotations

from crm_core import Choice, Entity, Field, Section, messages
from crm_example.models import Asset

__all__ = ["ASSET"]

_ = messages("example")

STATUSES = (
    Choice(code="in_use", label=_("In use"), colour="green"),
    Choice(code="in_repair", label=_("In repair"), colour="yellow"),
    Choice(code="retired", label=_("Retired"), colour="secondary"),
)

ASSET = Entity(
    id="example.asset",
    model=Asset,
    label=_("Asset"),
    plural=_("Equipment"),
    new_label=_("New asset"),
    icon="tool",
    path="assets",
    sections=(Section(name="main", label=_("Main")), Section(name="service", label=_("Service"))),
    fields=(
        Field(name="name", label=_("Name"), required=True, listed=True, aliases=("equipment", "оборудование")),
        Field(
            name="serial",
            label=_("Serial number"),
            required=True,
            listed=True,
            aliases=("s/n", "serial no", "серийный номер", "зав. №"),
        ),
        Field(name="account_id", label=_("Account"), ref="core.account", required=True, listed=True),
        Field(name="status", label=_("Status"), choices=STATUSES, listed=True),
        Field(name="installed_on", label=_("Installed on"), section="service"),
        Field(name="next_service_on", label=_("Next service on"), section="service", listed=True),
        Field(name="description", label=_("Description"), kind="longtext", sortable=False),
    ),
    search=("name", "serial"),
    texts=("description",),
    match=("serial",),
    rolls_up=("account_id",),
)
