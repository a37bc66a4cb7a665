"""Running one claimed job to its end, whatever its function does. A marked isolation point."""

from __future__ import annotations

import logging
import pkgutil
import traceback
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from crm_core.access.load import load_principal
from crm_core.access.principal import Principal, system
from crm_core.errors import Busy, Conflict, Invalid, NotAllowed, NotFound, Refused
from crm_core.job import lease
from crm_core.job.context import Cancelled, Context, Parked, Stopped
from crm_core.job.lease import Claimed, Lost
from crm_core.text import messages

if TYPE_CHECKING:
    from crm_core.runtime import Crm

__all__ = ["Overrun", "perform"]

_ = messages("core")
_log = logging.getLogger("crm.job")

Run = Callable[[Context, Mapping[str, Any]], Mapping[str, Any] | None]


class Overrun(Exception):
    """Raised inside a job function that has made no step for longer than its kind may."""

    def __str__(self) -> str:
        return "it made no step for longer than its kind may"


def perform(crm: Crm, job: Claimed, target: str, lease_seconds: float, started: Callable[[Context], None]) -> None:
    """Run a job's function and note in the ledger what came of it; raises only what the ledger raises.

    ``started`` is told of the context, so that somebody else may renew the lease.
    """
    context = Context(crm, system(job.kind), job, lease_seconds)
    started(context)
    try:
        _note(context, _outcome(context, target))
    except Lost:
        _log.warning("job %s (%s) was given to another worker; this one changed nothing more", job.id, job.kind)


Outcome = Callable[[Session], object]


def _outcome(context: Context, target: str) -> Outcome:
    """Run the function; gives what is to be written about it."""
    job = context.job
    held = (job.id, job.token)
    try:
        context.actor = _actor(context.crm, job)
        run: Run = pkgutil.resolve_name(target)
        result = run(context, job.args) or {}
        return lambda session: lease.finish(session, *held, result)
    except Lost:
        raise
    except Cancelled as stop:
        result = stop.result or {}
        return lambda session: lease.cancel(session, *held, result)
    except Parked as reason:
        text = str(reason)
        return lambda session: lease.put_aside(session, *held, text)
    except Stopped:
        return lambda session: lease.release(session, *held)
    except Exception as error:  # noqa: BLE001 - the isolation point of jobs: their code is anybody's
        return _failure(context, error)


def _failure(context: Context, error: Exception) -> Outcome:
    job = context.job
    _log.error("job %s (%s) failed in attempt %s", job.id, job.kind, job.attempts, exc_info=error)
    # A refusal will be the same next time, unless it was about what others do at the same moment.
    again = not isinstance(error, Refused) or isinstance(error, Busy | Conflict)
    text = _said(context, error) if isinstance(error, Refused) else "".join(traceback.format_exception(error))
    return lambda session: lease.fail(session, job.id, job.token, text, again=again)


def _said(context: Context, error: Refused) -> str:
    """A refusal in the words and the language of the person who asked for the job."""
    messages = [problem.message for problem in error.problems] if isinstance(error, Invalid) else [error.message]
    return " ".join(context.crm.translate(message, context.actor.language) for message in messages)


def _note(context: Context, outcome: Outcome) -> None:
    if context.ended:
        return
    actor = system(context.job.kind)
    try:
        with context.crm.writing(actor, origin="job") as session:
            outcome(session)
    except ValueError as error:  # the result is too big, or no plain data
        with context.crm.writing(actor, origin="job") as session:
            lease.fail(session, context.job.id, context.job.token, str(error))


def _actor(crm: Crm, job: Claimed) -> Principal:
    if job.principal_id is None:
        return system(job.kind)
    try:
        with crm.reading(system(job.kind)) as session:
            return load_principal(session, job.principal_id)
    except NotFound as gone:
        raise NotAllowed(_("The person who asked for this has no access any more.")) from gone
