"""Rules of the whole test run: on a continuous-integration machine nothing is skipped in silence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = "shared data"
"""What the reason of a skip says when the files beside the repository are missing: the only excuse that CI accepts."""


def unexcused_skips(reasons: list[str], environ: dict[str, str]) -> list[str]:
    """The reasons for which a run with ``CI`` set counts as failed."""
    if environ.get("CI", "").lower() in {"", "0", "false"}:
        return []
    return [reason for reason in reasons if SHARED_DATA not in reason]


def skip_reasons(config: pytest.Config) -> list[str]:
    """One line for every skipped test of this run; empty in an xdist worker, because the controller has them all."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is None:
        return []
    return [f"{report.nodeid}: {report.longrepr[2]}" for report in terminal.stats.get("skipped", ())]


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if exitstatus == pytest.ExitCode.OK and unexcused_skips(skip_reasons(session.config), dict(os.environ)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    unexcused = unexcused_skips(skip_reasons(config), dict(os.environ))
    if unexcused:
        terminalreporter.section("skipped although CI is set: the run fails", red=True, bold=True)
        for line in unexcused:
            terminalreporter.line(line)


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the repository."""
    return ROOT
