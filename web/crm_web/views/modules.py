"""The administrator's page of modules: what there is, switching on and off, removing data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, request, send_file
from flask.typing import ResponseReturnValue

from crm_core.errors import CrmError, ModuleError, NotFound
from crm_core.plugin.lifecycle import disable, enable
from crm_core.plugin.overview import ModuleInfo, consequences, health, overview
from crm_core.plugin.purge import export, preview, purge
from crm_core.runtime import Crm
from crm_core.text import Msg, messages
from crm_web.context import render
from crm_web.current import actor, crm, say
from crm_web.policy import require
from crm_web.shell import current_shell
from crm_web.submission import lead_to
from crm_web.switch import SWITCH
from crm_web.toast import toast

__all__ = ["blueprint"]

_ = messages("web")
blueprint = Blueprint("modules", __name__, url_prefix="/modules")
admin = require("core.admin")

STATES: Mapping[str, tuple[Msg, str]] = {
    "enabled": (_("On"), "success"),
    "disabled": (_("Off"), "neutral"),
    "available": (_("Not used yet"), "neutral"),
    "failed": (_("Broken"), "danger"),
    "blocked": (_("Blocked"), "danger"),
    "behind": (_("Needs an update of the database"), "warning"),
    "ahead": (_("Older than its data"), "warning"),
    "missing": (_("Not installed any more"), "danger"),
}
# What a module brings, in words; kinds that nobody sees are left out.
_KINDS: Mapping[str, Msg] = {
    "Entity": _("Records"),
    "NavItem": _("Menu"),
    "Panel": _("Blocks on cards"),
    "Widget": _("On the first page"),
    "FieldExtension": _("Fields"),
    "HistoryKind": _("Kinds of history"),
    "RecordAction": _("Actions"),
    "Report": _("Reports"),
    "Job": _("Background work"),
    "Permission": _("Rights"),
    "SettingsSchema": _("Settings"),
    "PaletteItem": _("Commands"),
}


@blueprint.get("")
@admin
def show() -> str:
    """All modules with their states."""
    found = overview(crm())
    issues: dict[str, list[Any]] = {}
    for name, issue in health(crm(), actor()):
        issues.setdefault(name, []).append(issue)
    switch = request.environ.get(SWITCH)
    return render(
        "modules/modules.html",
        modules=[_card(info, issues.get(info.name, [])) for info in found],
        stuck=switch.error if switch is not None else None,
    )


@blueprint.get("/<name>/enable")
@admin
def plan(name: str) -> str:
    """What switching the module on means."""
    info = _info(name)
    known = {module.name for module in crm().modules}
    together = [need for need in info.requires if need not in known and need != "core"]
    return render(
        "modules/enable.html",
        module=_card(info, []),
        together=together,
        first=info.revision is None,
        added=_brings(_with(crm(), {name, *together}), name),
    )


@blueprint.post("/<name>/enable")
@admin
def switch_on(name: str) -> ResponseReturnValue:
    """Switches the module on for everybody."""
    return _attempt(name, lambda: enable(crm(), name, actor(), check=_check), _("The module “%(name)s” is on"))


@blueprint.get("/<name>/disable")
@admin
def what_goes(name: str) -> str:
    """What disappears with the module."""
    info = _info(name)
    return render("modules/disable.html", module=_card(info, []), removed=_brings(crm(), name))


@blueprint.post("/<name>/disable")
@admin
def switch_off(name: str) -> ResponseReturnValue:
    """Switches the module off for everybody; its data stay."""
    done = _("The module “%(name)s” is off; its data are kept")
    return _attempt(name, lambda: disable(crm(), name, actor(), check=_check), done)


@blueprint.get("/<name>/purge")
@admin
def what_is_lost(name: str) -> str:
    """What removing the module's data would remove, and the offer of a copy."""
    info = _info(name)
    return render("modules/purge.html", module=_card(info, []), preview=preview(crm(), name), error=None)


@blueprint.post("/<name>/export")
@admin
def copy_data(name: str) -> ResponseReturnValue:
    """A file with all rows of the module's tables."""
    _info(name)
    path = export(crm(), name, crm().settings.data_dir / "exports")
    return send_file(path, as_attachment=True, download_name=path.name)


@blueprint.post("/<name>/purge")
@admin
def remove_data(name: str) -> ResponseReturnValue:
    """Removes the module's data for good, when its name was typed."""
    info = _info(name)
    try:
        purge(crm(), name, request.form.get("confirmation", "").strip())
    except ModuleError as error:
        values = {"module": _card(info, []), "preview": preview(crm(), name), "error": say(error.message)}
        return Response(render("modules/purge.html", **values), 422)
    toast(_("The data of “%(name)s” are removed", name=_title(info)))
    _refresh()
    return lead_to("/modules")


def _attempt(name: str, work: Callable[[], None], done: Msg) -> ResponseReturnValue:
    """Do it, and say on the page of modules how it went."""
    title = _title(_info(name))
    try:
        work()
    except CrmError as error:
        reason = " ".join(filter(None, (say(error.message), say(error.hint))))
        toast(_("“%(name)s”: %(reason)s", name=title, reason=reason), kind="danger")
    else:
        toast(Msg(done.domain, done.msgid, (("name", title),)))
        _refresh()
    return lead_to("/modules")


def _refresh() -> None:
    """Let this process serve the new set of modules from the next request on; the others follow within a second."""
    switch = request.environ.get(SWITCH)
    if switch is not None:
        switch.refresh()


def _check(candidate: Crm) -> None:
    """Build the app that would run, so that a module with bad routes is refused while the old one serves."""
    from crm_web.app import build_app

    build_app(candidate, strict=True)


def _info(name: str) -> ModuleInfo:
    found = next((info for info in overview(crm()) if info.name == name), None)
    if found is None:
        raise NotFound
    return found


def _with(running: Crm, more: set[str]) -> Crm | None:
    """The program as it would be; ``None`` when that cannot be told before it is tried."""
    if not more <= running.installed.keys():
        return None
    return running.rebuilt({module.name for module in running.modules} - {"core"} | more)


def _title(info: ModuleInfo) -> str:
    return say(info.title) or info.name


def _brings(found: Crm | None, name: str) -> list[tuple[str, list[str]]]:
    """What the module adds, by kind, each with the words that people see."""
    if found is None:
        return []
    ids = consequences(found, name)
    by_kind = {kind.__name__: {item.id: item for item in items} for kind, items in found.contributions.items()}
    return [
        (say(label), sorted(_words(by_kind[kind][item_id]) for item_id in ids[kind]))
        for kind, label in _KINDS.items()
        if kind in ids
    ]


def _words(item: Any) -> str:
    return say(getattr(item, "label", None) or getattr(item, "title", None)) or str(item.id)


def _card(info: ModuleInfo, issues: list[Any]) -> dict[str, Any]:
    label, tone = STATES.get(info.state, (_("Unknown"), "neutral"))
    failures = [failure for failure in current_shell().failures if failure.module == info.name]
    broken = current_shell().broken.get(info.name)
    return {
        "name": info.name,
        "title": _title(info),
        "summary": say(info.summary),
        "state": info.state,
        "state_label": say(_("Broken")) if broken else say(label),
        "tone": "danger" if broken else tone,
        "enabled": info.enabled,
        "version": info.version,
        "distribution": info.distribution,
        "requires": info.requires,
        "dependents": info.dependents,
        "tables": info.tables,
        "failure": say(info.failure.message) if info.failure else broken,
        "hint": say(info.failure.hint) if info.failure else "",
        "last_error": info.last_error if not info.enabled else None,
        "failures": failures[-3:],
        "issues": [(issue.level, say(issue.message), say(issue.hint)) for issue in issues if info.failure is None],
        "brings": _brings(crm(), info.name) if crm().has(info.name) else [],
        "can_enable": info.state in {"available", "disabled", "failed", "behind"} and not info.enabled,
        "can_disable": info.enabled and not info.dependents,
        "can_purge": not info.enabled and (bool(info.tables) or info.revision is not None),
    }
