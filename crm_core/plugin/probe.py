"""Trying modules in a process of their own: what half an import leaves behind cannot be undone.

One class whose mapper cannot be configured makes every query of the whole program fail, so no unknown
code is imported before it was tried. What was good is remembered by the code's fingerprint, so that a
start costs nothing; what failed is tried again each time.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import configure_mappers

import crm_core.model  # noqa: F401 - modules point to its tables
from crm_core.db.base import Base
from crm_core.db.policy import require_policies
from crm_core.errors import CrmError, ModuleError
from crm_core.plugin.discover import Installed, Loaded, broken, by_dependency, load
from crm_core.plugin.failure import Failure
from crm_core.text import Msg, messages

__all__ = ["examine", "probe"]

_ = messages("core")

_SECONDS = 60
"""How long one import may take; something that waits for the network at import is a mistake too."""


def probe(candidates: Sequence[Installed], memory: Path, *, again: bool = False) -> dict[str, Failure]:
    """The failures of the given modules; those that are imported already, or remembered as good, cost nothing.

    ``memory`` is a folder; ``again`` tries all, whatever is remembered.
    """
    remembered = memory / "probed.json"
    prints = {one.name: _fingerprint(one) for one in candidates}
    known = {} if again else _read(remembered)
    unknown = [one for one in by_dependency(candidates) if again or _unknown(one, known, prints)]
    failures = _try(unknown, candidates)
    if unknown:
        good = {one.name: prints[one.name] for one in unknown if one.name not in failures}
        _write(remembered, {**_read(remembered), **good})
    return failures


def examine(one: Installed) -> Loaded:
    """Import a module and check what can only be checked on the imported code; for a process that may fail."""
    before = set(Base.metadata.tables)
    loaded = load(one)
    try:
        configure_mappers()
    except SQLAlchemyError as error:
        raise ModuleError(_("Its models cannot be used: %(error)s", error=str(error)), module=one.name) from error
    require_policies()
    foreign = sorted(name for name in set(Base.metadata.tables) - before if not loaded.schema.owns(name))
    # Models of modules that this one requires come with it: they belong to whoever's name they carry.
    stray = [name for name in foreign if name.split("_", 1)[0] not in loaded.module.requires + loaded.module.uses]
    if stray:
        raise ModuleError(
            _("Its tables must be called %(prefix)s_…: %(tables)s.", prefix=one.name, tables=", ".join(stray)),
            module=one.name,
        )
    return loaded


def _try(unknown: Sequence[Installed], candidates: Sequence[Installed]) -> dict[str, Failure]:
    """Run the probe until the rest is good: a process that met a bad module tells nothing more."""
    failures: dict[str, Failure] = {}
    rest = list(unknown)
    while rest:
        failure = _run(rest, candidates, failures)
        if failure is None:
            break
        failures[failure.module] = failure
        rest = [one for one in rest if one.name not in failures]
    return failures


def _run(rest: Sequence[Installed], candidates: Sequence[Installed], known: Mapping[str, Failure]) -> Failure | None:
    question = {
        "path": [entry for entry in sys.path if entry],
        "try": [dataclasses.asdict(one) for one in rest],
        "all": [dataclasses.asdict(one) for one in candidates],
        "failed": sorted(known),
    }
    try:
        process = subprocess.run(
            [sys.executable, "-m", __name__],
            input=json.dumps(question),
            capture_output=True,
            text=True,
            timeout=_SECONDS * len(rest),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _silent(rest[0], _("It does not come to an end of its import."), "")
    lines = process.stdout.splitlines()
    answer = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else None
    if answer is None or process.returncode:
        return _silent(_current(rest, lines), _("Importing it ends the process."), process.stderr)
    failure: dict[str, Any] | None = answer["failure"]
    return None if failure is None else Failure(**{**failure, "message": _message(failure["message"])})


def _current(rest: Sequence[Installed], lines: Sequence[str]) -> Installed:
    """Which module the process was at when it died: it says each name before it imports it."""
    names = {one.name: one for one in rest}
    return next((names[line] for line in reversed(lines) if line in names), rest[0])


def _silent(one: Installed, message: Msg, detail: str) -> Failure:
    return Failure(module=one.name, stage="import", message=message, detail=detail[-4000:])


def _message(packed: Mapping[str, Any]) -> Msg:
    return Msg(packed["domain"], packed["msgid"], tuple((key, value) for key, value in packed["params"]))


def _answer(question: Mapping[str, Any]) -> Failure | None:
    """What the child does: the first failure, or ``None`` when all modules are good."""
    candidates = [_installed(packed) for packed in question["all"]]
    failed = {name: Failure(module=name, stage="import", message=_("failed")) for name in question["failed"]}
    for one in map(_installed, question["try"]):
        print(one.name, flush=True)  # noqa: T201 - the parent reads it when the process dies here
        try:
            examine(one)
        except CrmError as error:
            return Failure(module=one.name, stage="models", message=error.message, detail=traceback.format_exc())
        except (Exception, SystemExit) as error:  # noqa: BLE001 - isolation point: why this is its own process
            return broken(one, candidates, failed, error)
    return None


def _installed(packed: Mapping[str, Any]) -> Installed:
    return Installed(**{**packed, "requires": tuple(packed["requires"])})


def _unknown(one: Installed, known: Mapping[str, str], prints: Mapping[str, str]) -> bool:
    return one.target not in sys.modules and known.get(one.name) != prints[one.name]


def _fingerprint(one: Installed) -> str:
    """Changes when any file of the module's package changes."""
    package = one.target.split(".", 1)[0]
    spec = importlib.util.find_spec(package)
    digest = hashlib.sha256(repr((one, sys.version_info[:3])).encode())
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for path in sorted(Path(folder).rglob("*.py")):
            stat = path.stat()
            digest.update(f"{path}:{stat.st_mtime_ns}:{stat.st_size}".encode())
    return digest.hexdigest()


def _read(path: Path) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return found


def _write(path: Path, known: Mapping[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.write_text(json.dumps(dict(known)), encoding="utf-8")
    unfinished.replace(path)


def _packed(failure: Failure) -> dict[str, Any]:
    message = failure.message
    params = [(key, str(value)) for key, value in message.params]
    packed = {"domain": message.domain, "msgid": message.msgid, "params": params}
    return {"module": failure.module, "stage": failure.stage, "message": packed, "detail": failure.detail}


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    sys.path[:] = asked["path"]
    found = _answer(asked)
    print(json.dumps({"failure": None if found is None else _packed(found)}))  # noqa: T201 - the answer
