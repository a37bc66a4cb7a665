"""The headless core of Stepwise CRM: records, ownership, history, and the engine that runs modules.

The names below are the interface for authors of modules: they follow semantic versioning, everything else
may change with any release. They are imported when they are first used, so that a command that needs three
of them does not pay for all.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crm_core.access.principal import Principal, system
    from crm_core.db.base import Base, Record, new_id, now, personal, reference, regarding, unique_live
    from crm_core.db.bulk import insert_rows, values_list
    from crm_core.db.policy import Audience, ChildOf, Owned, Public, Regarding, SystemOnly
    from crm_core.db.session import actor_of, crm_of, origin_of
    from crm_core.db.types import Day, Folded, Id, Instant, Json, Localised, Money, Quantity
    from crm_core.entity.descriptor import Entity, Field, Part, Section
    from crm_core.entity.query import Page, count, fetch, fetch_many, matching_ids, query
    from crm_core.entity.schema import load_input
    from crm_core.entity.trash import restore, trash
    from crm_core.entity.view import Filter, View, parse_view
    from crm_core.entity.write import assign, create, update
    from crm_core.errors import (
        Busy,
        ConfigurationError,
        Conflict,
        CrmError,
        Invalid,
        ModuleError,
        NotAllowed,
        NotFound,
        Problem,
        Refused,
    )
    from crm_core.job.context import Cancelled, Context
    from crm_core.job.ledger import enqueue
    from crm_core.plugin.contributions import (
        Choice,
        Command,
        Contribution,
        EventType,
        FieldExtension,
        Grant,
        HistoryKind,
        Job,
        ListColumn,
        ListFilter,
        NavItem,
        PaletteItem,
        Panel,
        Permission,
        RecordAction,
        Report,
        Routes,
        SettingsSchema,
        Widget,
    )
    from crm_core.plugin.hookspecs import Batch, Issue, PublishedEvent, hookimpl
    from crm_core.plugin.module import Module
    from crm_core.runtime import Crm
    from crm_core.service.history import log, timeline
    from crm_core.service.setting import setting
    from crm_core.text import Msg, fold, messages

_PLACES: Mapping[str, str] = {
    "access.principal": "Principal system",
    "db.base": "Base Record new_id now personal reference regarding unique_live",
    "db.bulk": "insert_rows values_list",
    "db.policy": "Audience ChildOf Owned Public Regarding SystemOnly",
    "db.session": "actor_of crm_of origin_of",
    "db.types": "Day Folded Id Instant Json Localised Money Quantity",
    "entity.descriptor": "Entity Field Part Section",
    "entity.query": "Page count fetch fetch_many matching_ids query",
    "entity.schema": "load_input",
    "entity.trash": "restore trash",
    "entity.view": "Filter View parse_view",
    "entity.write": "assign create update",
    "errors": "Busy ConfigurationError Conflict CrmError Invalid ModuleError NotAllowed NotFound Problem Refused",
    "job.context": "Cancelled Context",
    "job.ledger": "enqueue",
    "plugin.contributions": "Choice Command Contribution EventType FieldExtension Grant HistoryKind Job ListColumn "
    "ListFilter NavItem PaletteItem Panel Permission RecordAction Report Routes SettingsSchema Widget",
    "plugin.hookspecs": "Batch Issue PublishedEvent hookimpl",
    "plugin.module": "Module",
    "runtime": "Crm",
    "service.history": "log timeline",
    "service.setting": "setting",
    "text": "Msg fold messages",
}
_HOME = {name: f"{__name__}.{place}" for place, names in _PLACES.items() for name in names.split()}

__all__ = [
    "Audience",
    "Base",
    "Batch",
    "Busy",
    "Cancelled",
    "ChildOf",
    "Choice",
    "Command",
    "ConfigurationError",
    "Conflict",
    "Context",
    "Contribution",
    "Crm",
    "CrmError",
    "Day",
    "Entity",
    "EventType",
    "Field",
    "FieldExtension",
    "Filter",
    "Folded",
    "Grant",
    "HistoryKind",
    "Id",
    "Instant",
    "Invalid",
    "Issue",
    "Job",
    "Json",
    "ListColumn",
    "ListFilter",
    "Localised",
    "Module",
    "ModuleError",
    "Money",
    "Msg",
    "NavItem",
    "NotAllowed",
    "NotFound",
    "Owned",
    "Page",
    "PaletteItem",
    "Panel",
    "Part",
    "Permission",
    "Principal",
    "Problem",
    "Public",
    "PublishedEvent",
    "Quantity",
    "Record",
    "RecordAction",
    "Refused",
    "Regarding",
    "Report",
    "Routes",
    "Section",
    "SettingsSchema",
    "SystemOnly",
    "View",
    "Widget",
    "actor_of",
    "assign",
    "count",
    "create",
    "crm_of",
    "enqueue",
    "fetch",
    "fetch_many",
    "fold",
    "hookimpl",
    "insert_rows",
    "load_input",
    "log",
    "matching_ids",
    "messages",
    "new_id",
    "now",
    "origin_of",
    "parse_view",
    "personal",
    "query",
    "reference",
    "regarding",
    "restore",
    "setting",
    "system",
    "timeline",
    "trash",
    "unique_live",
    "update",
    "values_list",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_HOME[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
