"""Everything that the interface does: the table from which routes, OpenAPI and the browsable page are made."""

from __future__ import annotations

from collections.abc import Iterator

from crm_core.entity.descriptor import Entity
from crm_core.runtime import Crm
from crm_core.text import messages
from crm_web.api import bulk, imports, lookup, record, timeline
from crm_web.api.openapi import answers, parameters
from crm_web.api.operation import Operation, ref

__all__ = ["GENERAL", "PREFIX", "RECORDS", "each_operation", "entity_path"]

_ = messages("web")

PREFIX = "/api/v1"

RECORDS: tuple[Operation, ...] = (
    Operation(
        id="list", method="GET", path="", run=record.list_records, summary=_("A page of records"),
        parameters=parameters.list_parameters, answer=lambda name: answers.page(ref(name)), problems=(403, 422),
    ),
    Operation(
        id="create", method="POST", path="", run=record.create_record, summary=_("Create a record"), status=201,
        body=lambda name: ref(f"{name}.new"), answer=ref,
        needs=("Idempotency-Key",), problems=(403, 409, 422),
    ),
    Operation(
        id="bulk", method="POST", path="/bulk", run=bulk.change_many, summary=_("Set the same fields of many records"),
        body=lambda name: answers.bulk(ref(f"{name}.change")), answer=lambda _name: answers.UPDATED,
        needs=("Idempotency-Key",), problems=(403, 404, 409, 422),
    ),
    Operation(
        id="read", method="GET", path="/{record_id}", run=record.read_record,
        summary=_("One record with all its parts"),
        answer=ref, needs=("If-None-Match",), problems=(403, 404),
    ),
    Operation(
        id="change", method="PATCH", path="/{record_id}", run=record.change_record,
        summary=_("Change fields of a record"),
        body=lambda name: ref(f"{name}.change"), answer=ref,
        needs=("If-Match",), problems=(403, 404, 412, 422, 428),
    ),
    Operation(
        id="trash", method="DELETE", path="/{record_id}", run=record.trash_record,
        summary=_("Put a record into the trash"),
        status=204, needs=("If-Match",), problems=(403, 404, 412, 422, 428),
    ),
    Operation(
        id="restore", method="POST", path="/{record_id}/restore", run=record.restore_record,
        summary=_("Bring a record back from the trash"), answer=ref, problems=(403, 404, 422),
    ),
    Operation(
        id="card", method="GET", path="/{record_id}/card", run=timeline.read_card,
        summary=_("A record with the people and events around it"), answer=answers.card, problems=(403, 404),
    ),
    Operation(
        id="timeline", method="GET", path="/{record_id}/timeline", run=timeline.list_events,
        summary=_("What happened with a record, the newest first"), parameters=parameters.timeline_parameters,
        answer=lambda _name: answers.page(ref("Event"), both_ways=False), problems=(403, 404, 422),
    ),
    Operation(
        id="log", method="POST", path="/{record_id}/timeline", run=timeline.log_event,
        summary=_("Log a call, a meeting, a note …"), status=201, body=lambda _name: ref("EventInput"),
        answer=lambda _name: ref("Event"), needs=("Idempotency-Key",), problems=(403, 404, 409, 422),
    ),
)  # fmt: skip

GENERAL: tuple[Operation, ...] = (
    Operation(
        id="core.search", method="GET", path="/core/search", run=lookup.find_records,
        summary=_("Find records of all kinds by a part of their name, by phone or e-mail"),
        parameters=parameters.search_parameters, answer=lambda _name: answers.HITS, problems=(422,),
    ),
    Operation(
        id="core.similar", method="POST", path="/core/similar", run=lookup.find_similar,
        summary=_("Find the records that a draft may repeat"), body=lambda _name: answers.DRAFT,
        answer=lambda _name: answers.SIMILAR, problems=(422,),
    ),
    Operation(
        id="core.users", method="GET", path="/core/users", run=lookup.list_users, summary=_("The people of the staff"),
        answer=lambda _name: answers.USERS,
    ),
    Operation(
        id="core.teams", method="GET", path="/core/teams", run=lookup.list_teams, summary=_("The teams"),
        answer=lambda _name: answers.TEAMS,
    ),
    Operation(
        id="core.imports.open", method="POST", path="/core/imports", run=imports.open_import, status=201,
        summary=_("Send a file to import"), parameters=parameters.import_parameters, body=lambda _name: {},
        content="application/octet-stream", answer=lambda _name: ref("Import"), problems=(403, 413, 422),
    ),
    Operation(
        id="core.imports.read", method="GET", path="/core/imports/{batch_id}", run=imports.read_import,
        summary=_("How far an import is"), answer=lambda _name: ref("Import"), problems=(404,),
    ),
    Operation(
        id="core.imports.change", method="PATCH", path="/core/imports/{batch_id}", run=imports.change_import,
        summary=_("Change how a file is imported"), body=lambda _name: ref("ImportPlan"),
        answer=lambda _name: ref("Import"), problems=(404, 409, 422),
    ),
    Operation(
        id="core.imports.check", method="POST", path="/core/imports/{batch_id}/check", run=imports.check_import,
        summary=_("Try an import without writing anything"), status=202, answer=lambda _name: ref("Import"),
        problems=(404, 409, 422),
    ),
    Operation(
        id="core.imports.run", method="POST", path="/core/imports/{batch_id}/run", run=imports.run_import,
        summary=_("Run an import"), status=202, answer=lambda _name: ref("Import"), problems=(404, 409, 422),
    ),
    Operation(
        id="core.imports.cancel", method="POST", path="/core/imports/{batch_id}/cancel", run=imports.cancel_import,
        summary=_("Stop an import at its next step"), status=202, answer=lambda _name: ref("Import"),
        problems=(404,),
    ),
    Operation(
        id="core.imports.undo", method="POST", path="/core/imports/{batch_id}/undo", run=imports.undo_import,
        summary=_("Take an import back"), status=202, answer=lambda _name: ref("Import"), problems=(404, 409),
    ),
    Operation(
        id="core.imports.errors", method="GET", path="/core/imports/{batch_id}/errors", run=imports.list_errors,
        summary=_("The rows that were not imported, and why"), parameters=parameters.error_parameters,
        answer=lambda _name: answers.page(ref("RefusedRow"), both_ways=False), problems=(404, 422),
    ),
)  # fmt: skip


def entity_path(entity: Entity) -> str:
    """Where the records of an entity are, below ``/api/v1``."""
    return f"/{entity.module}/{entity.path}"


def each_operation(crm: Crm) -> Iterator[tuple[str, Operation, Entity | None]]:
    """Every operation with its path below ``/api/v1`` and the entity whose records it is about."""
    for operation in GENERAL:
        yield operation.path, operation, None
    for entity in crm.entities.values():
        for operation in RECORDS:
            yield f"{entity_path(entity)}{operation.path}", operation, entity
