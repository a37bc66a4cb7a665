"""Bring a client list in: look at the file, try it, run it, take it back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crm_core.text import Msg, messages

if TYPE_CHECKING:
    from crm_core.access.principal import Principal
    from crm_core.runtime import Crm

__all__ = ["command"]

_ = messages("core")


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--entity", default="core.contact", show_default=True, help="What the rows are: core.account, core.contact …"
)
@click.option("--dry-run", is_flag=True, help="Say what would happen; write nothing.")
@click.option("--key", "keys", multiple=True, help="Find known records by: external_id, email, phone, inn, name.")
@click.option("--on-match", type=click.Choice(["update", "skip", "create"]), help="What to do with known records.")
@click.option(
    "--map",
    "mapped",
    multiple=True,
    metavar="COLUMN=FIELD",
    help="Put a column (from 1) into a field; FIELD may be empty.",
)
@click.option("--as", "login", help="The login of the user who imports.")
def command(
    file: Path,
    entity: str,
    dry_run: bool,
    keys: tuple[str, ...],
    on_match: str | None,
    mapped: tuple[str, ...],
    login: str | None,
) -> None:
    """Import a CSV, XLSX or vCard FILE; the columns are recognised by their headings."""
    from crm_core.cli._actor import acting
    from crm_core.cli._context import running, say

    with running() as crm:
        actor = acting(crm, login)
        batch = _opened(crm, actor, file, entity, _changes(keys, on_match), mapped)
        _describe(crm, batch)
        if dry_run:
            failed = _try(crm, actor, batch)
        else:
            failed = _run(crm, actor, batch)
            say(_("Undo with: %(command)s", command=f"crm undo {batch['id']}"))
    sys.exit(1 if failed else 0)


def _changes(keys: tuple[str, ...], on_match: str | None) -> dict[str, Any]:
    return {**({"keys": list(keys)} if keys else {}), **({"on_match": on_match} if on_match else {})}


def _opened(
    crm: Crm, actor: Principal, file: Path, entity: str, changes: dict[str, Any], mapped: tuple[str, ...]
) -> dict[str, Any]:
    from crm_core.service.transfer import batch as batches

    with crm.writing(actor, origin="cli") as session, file.open("rb") as stream:
        batch = batches.open_batch(session, entity, stream, file.name)
        if mapped:
            changes["columns"] = _columns(batch["plan"]["columns"], mapped)
        return batches.configure(session, batch["id"], plan=changes) if changes else batch


def _columns(proposed: list[dict[str, Any]], mapped: tuple[str, ...]) -> list[dict[str, Any]]:
    columns = {column["column"]: column for column in proposed}
    for pair in mapped:
        number, _sign, target = pair.partition("=")
        if not number.isdigit():
            raise click.BadParameter(pair, param_hint="--map")
        columns.pop(int(number) - 1, None)
        if target:
            columns[int(number) - 1] = {"column": int(number) - 1, "target": target, "label": ""}
    return [columns[number] for number in sorted(columns)]


def _describe(crm: Crm, batch: dict[str, Any]) -> None:
    from crm_core.service.transfer.batch import preview

    plan = batch["plan"]
    if plan["shape"]:
        shape = {name: guess["value"] for name, guess in plan["shape"].items() if isinstance(guess, dict)}
        click.echo("  ".join(f"{name}={value!r}" for name, value in shape.items()))
        headings = preview(crm, batch, rows=1)["headings"]
        for column in plan["columns"]:
            number = column["column"]
            click.echo(f"  {number + 1}. {headings[number]} -> {column['target']} {column['label']}".rstrip())
    click.echo(f"keys: {', '.join(plan['keys']) or '-'}  on match: {plan['on_match']}")


def _try(crm: Crm, actor: Principal, batch: dict[str, Any]) -> bool:
    from crm_core.service.transfer.apply import message_from_json
    from crm_core.service.transfer.batch import dry_run

    found = dry_run(crm, actor, batch)
    for row in found["problems"]:
        texts = [_text(crm, message_from_json(problem)) for problem in row["problems"]]
        click.echo(f"{row['row']} ({row['line']}): {'; '.join(texts)}", err=True)
    _show_counts(found["counts"])
    return bool(found["counts"].get("error"))


def _run(crm: Crm, actor: Principal, batch: dict[str, Any]) -> bool:
    from crm_core.cli._job import finish_job
    from crm_core.service.transfer.job import ask_run

    with crm.writing(actor, origin="cli") as session:
        job_id = ask_run(session, batch["id"])
    ended = finish_job(crm, actor, job_id)
    if ended.error:
        click.echo(ended.error, err=True)
    _show_counts(ended.result or {})
    return ended.state != "done" or bool((ended.result or {}).get("error"))


def _show_counts(counts: Any) -> None:
    click.echo("  ".join(f"{name}: {number}" for name, number in counts.items()))


def _text(crm: Crm, message: Msg) -> str:
    return crm.translate(message, crm.settings.language)
