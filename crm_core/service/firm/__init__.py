"""The firm itself: its settings, its own legal entities, currency rates and number series."""

from __future__ import annotations

from crm_core.service.firm.legal_entity import create_legal_entity, legal_entities, legal_entity, update_legal_entity
from crm_core.service.firm.number import define_series, next_number
from crm_core.service.firm.profile import FIRM_SCHEMA, firm, save_firm
from crm_core.service.firm.rate import delete_rate, rate_on, rates, set_rate

__all__ = [
    "FIRM_SCHEMA",
    "create_legal_entity",
    "define_series",
    "delete_rate",
    "firm",
    "legal_entities",
    "legal_entity",
    "next_number",
    "rate_on",
    "rates",
    "save_firm",
    "set_rate",
    "update_legal_entity",
]
