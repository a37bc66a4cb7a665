"""Jobs of the tests, found by import string as those of modules are; processes of the tests import this file too."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from crm_core.errors import NotAllowed
from crm_core.job.context import Cancelled, Context, Parked

EFFECT = text("INSERT INTO effect (job, n) VALUES (:job, :n)")


def once(context: Context, args: Mapping[str, Any]) -> None:
    """Does everything in its last step."""
    time.sleep(args.get("pause", 0))
    with context.step(last=True) as step:
        step.session.execute(EFFECT, {"job": context.job.id, "n": 0})
        step.result["by"] = context.actor.name


def chunks(context: Context, args: Mapping[str, Any]) -> dict[str, int]:
    """Counts to ``args["rows"]``, ten at a time."""
    while (start := context.cursor.get("next", 0)) < args["rows"]:
        if context.cancelled:
            raise Cancelled({"rows": context.done})
        with context.step() as step:
            for n in range(start, start + 10):
                step.session.execute(EFFECT, {"job": context.job.id, "n": n})
            time.sleep(args.get("pause", 0))
            step.cursor["next"] = start + 10
            step.done, step.total = start + 10, args["rows"]
    return {"rows": context.done}


def poison(context: Context, args: Mapping[str, Any]) -> None:
    """Writes, and always fails afterwards."""
    with context.step(last=True) as step:
        step.session.execute(EFFECT, {"job": context.job.id, "n": 0})
        raise RuntimeError("this never works")


def refused(context: Context, args: Mapping[str, Any]) -> None:
    """Is not allowed, today and tomorrow."""
    raise NotAllowed


def endless(context: Context, args: Mapping[str, Any]) -> None:
    """Hangs."""
    while True:
        time.sleep(0.01)


def huge(context: Context, args: Mapping[str, Any]) -> dict[str, str]:
    """Returns what belongs into a file."""
    return {"text": "x" * 1_000_000}


def odd(context: Context, args: Mapping[str, Any]) -> dict[str, object]:
    """Returns what cannot be kept."""
    return {"thing": object()}


def parked(context: Context, args: Mapping[str, Any]) -> None:
    """Needs something that is off."""
    raise Parked("the module is off")


def meet(context: Context, args: Mapping[str, Any]) -> None:
    """Ends when so many of its kind have begun: never, if they run one after the other."""
    with context.step() as step:
        step.session.execute(EFFECT, {"job": "meeting", "n": 0})
    while True:
        with context.crm.reading(context.actor) as session:
            if (session.scalar(text("SELECT count(*) FROM effect")) or 0) >= args["all"]:
                return
        time.sleep(0.02)


def who(context: Context, args: Mapping[str, Any]) -> dict[str, object]:
    """Tells who acts."""
    return {"id": context.actor.id, "may": context.actor.may("core.account.view")}


def deaf(context: Context, args: Mapping[str, Any]) -> None:
    """Waits inside of a C function, where no exception reaches it."""
    time.sleep(args["pause"])
