"""Measuring ours and the yardstick in turns, so that both meet the same neighbours on the machine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.client import Client
from benchmarks.machine import Server, cpu_ms
from benchmarks.work import Ask, Place, Work

__all__ = ["Cost", "Pair", "Result", "measure"]

WARM_UP = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one run of a work costs: processor milliseconds of application and database, and bytes."""

    app_ms: float
    database_ms: float
    bytes: int

    @property
    def cpu_ms(self) -> float:
        """Application and database."""
        return self.app_ms + self.database_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A work as measured; ``statements`` are those of one run of ours."""

    work: Work
    ours: Cost
    raw: Cost
    statements: int | None = None

    @property
    def ratio(self) -> float:
        """How many times the yardstick's processor time ours takes."""
        return self.ours.cpu_ms / max(self.raw.cpu_ms, 0.01)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The two servers, their clients, and the first process of the database server (``None``: it is embedded)."""

    ours: Server
    raw: Server
    token: Client
    cookie: Client
    plain: Client
    database: int | None


def measure(pair: Pair, work: Work, place: Place, rounds: int, turns: int) -> Result:
    """Run a work ``rounds`` times ``turns`` times on each of the two, taking turns."""
    client = pair.cookie if work.page else pair.token
    count = 1 if work.once else turns
    start = int(time.time() * 1000) % 1_000_000
    ours, raw = list[Cost](), list[Cost]()
    if not work.once:
        _run(pair, pair.raw, work.raw, pair.plain, place, range(start, start + WARM_UP))
        _run(pair, pair.ours, work.ours, client, place, range(start, start + WARM_UP))
    for number in range(rounds):
        first = start + WARM_UP + number * count
        raw.append(_run(pair, pair.raw, work.raw, pair.plain, place, range(first, first + count)))
        ours.append(_run(pair, pair.ours, work.ours, client, place, range(first, first + count)))
    return Result(work=work, ours=_mean(ours), raw=_mean(raw))


def _run(pair: Pair, server: Server, ask: Ask, client: Client, place: Place, turns: Sequence[int]) -> Cost:
    before, base = cpu_ms(server.pid), cpu_ms(pair.database) if pair.database else 0.0
    size = sum(ask(client, place, turn) for turn in turns)
    base = cpu_ms(pair.database) - base if pair.database else 0.0
    spent = cpu_ms(server.pid) - before
    return Cost(app_ms=spent / len(turns), database_ms=base / len(turns), bytes=size // len(turns))


def _mean(costs: Sequence[Cost]) -> Cost:
    count = len(costs)
    return Cost(
        app_ms=sum(cost.app_ms for cost in costs) / count,
        database_ms=sum(cost.database_ms for cost in costs) / count,
        bytes=sum(cost.bytes for cost in costs) // count,
    )
