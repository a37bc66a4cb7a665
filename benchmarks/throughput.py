"""Requests a second with two workers and eight clients, asked by wrk where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

import click

from benchmarks.firm import busy_account, record_id
from benchmarks.run import Run

__all__ = ["Target", "throughput"]

_WARM_UP, _SECONDS, _CLIENTS, _WORKERS = 2, 8, 8, 2
_SCRIPT = """
local turn = 0
function request()
  turn = turn + 1
  local card = cards[turn % #cards + 1]
  local path = method == "GET" and path:gsub("CARD", card) or path
  local body = body and body:gsub("TURN", tostring(turn)):gsub("CARD", card) or nil
  if body then headers["Idempotency-Key"] = run .. turn end
  return wrk.format(method, path, headers, body)
end
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is asked for, and how many a second it shall be; ``CARD`` stands for the id of an account."""

    label: str
    path: str
    least: int
    body: str | None = None


_TARGETS = (
    Target(
        label="list",
        path="/api/v1/core/accounts?fields=name,city,primary_contact_id,email,owner_id&limit=50",
        least=500,
    ),
    Target(label="card", path="/api/v1/core/accounts/CARD/card", least=250),
    Target(
        label="create",
        path="/api/v1/core/contacts",
        least=250,
        body='{"account_id":"CARD","last_name":"Person","emails":["load.RUN.TURN@example.com"]}',
    ),
)


def throughput(session: Run) -> list[str]:
    """Ask as fast as the server answers; prints the rates and gives those that are too low or had errors."""
    program = shutil.which("wrk")
    if program is None:
        raise click.ClickException("wrk is not installed.")
    low = []
    with session.servers(_WORKERS) as pair:
        for target in _TARGETS:
            _rate(program, target, session, pair.ours.port, _WARM_UP)
            rate, errors = _rate(program, target, session, pair.ours.port, _SECONDS)
            click.echo(f"{target.label}: {rate:,.0f} a second (at least {target.least}), {errors} errors")
            if rate < target.least or errors:
                low.append(f"{target.label}: {rate:,.0f} a second, {errors} errors")
    return low


def _rate(program: str, target: Target, session: Run, port: int, seconds: int) -> tuple[float, int]:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_variables(target, session) + _SCRIPT)
        script.flush()
        size = ["-t1", f"-c{_CLIENTS}", f"-d{seconds}s", "--timeout", "30s"]
        command = [program, *size, "-s", script.name, f"http://127.0.0.1:{port}"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    lost = re.search(r"Socket errors: .*", said)
    return float(rate[1]) if rate else 0.0, (int(bad[1]) if bad else 0) + (1 if lost else 0)


def _variables(target: Target, session: Run) -> str:
    """The part of the script that says what is asked."""
    accounts = session.place.accounts
    cards = ", ".join(f'"{record_id("account", busy_account(turn, accounts))}"' for turn in range(1_000))
    run = uuid4().hex[:12]
    headers: Mapping[str, str] = {**session.by_token, "Content-Type": "application/json"}
    body = f"[[{target.body.replace('RUN', run)}]]" if target.body else "nil"
    return "\n".join(
        (
            f"cards = {{{cards}}}",
            f'run = "{run}."',
            f'method = "{"POST" if target.body else "GET"}"',
            f'path = "{target.path}"',
            f"body = {body}",
            f"headers = {{{', '.join(f'[{_quoted(n)}] = {_quoted(v)}' for n, v in headers.items())}}}",
            "",
        )
    )


def _quoted(value: str) -> str:
    return f'"{value}"'
