"""The tables and the modules on the command line, as an operator works with them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def crm(folder: Path, *words: str, said: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CRM_")}
    return subprocess.run(
        [sys.executable, "-m", "crm_core.cli", *words],
        env={**environ, "CRM_DATA_DIR": str(folder), **settings},
        input=said,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    done = crm(tmp_path, "db", "upgrade")
    assert "core: - -> core_0001" in done.stdout
    return tmp_path


def test_a_module_is_enabled_used_disabled_and_purged(folder: Path) -> None:
    assert "available" in crm(folder, "modules", "list").stdout
    enabled = crm(folder, "modules", "enable", "example", CRM_LANGUAGE="ru")
    assert "example" in enabled.stdout
    assert enabled.returncode == 0
    assert "enabled" in crm(folder, "modules", "list").stdout
    assert crm(folder, "example", "due").returncode == 0
    assert "example: example_0002 -> example_0002 (current)" in crm(folder, "db", "current").stdout
    disabled = crm(folder, "modules", "disable", "example", said="y\n")
    assert "NavItem: example.assets" in disabled.stdout
    assert crm(folder, "example", "due").returncode == 2
    purged = crm(folder, "modules", "purge", "example", said="example\n")
    assert purged.returncode == 0, purged.stderr
    assert len(list((folder / "exports").glob("example-*.zip"))) == 1
    assert "available" in crm(folder, "modules", "list").stdout


@pytest.mark.slow
def test_a_purge_without_the_right_name_removes_nothing(folder: Path) -> None:
    crm(folder, "modules", "enable", "example")
    crm(folder, "modules", "disable", "example", "--yes")
    refused = crm(folder, "modules", "purge", "example", said="exampel\n")
    assert refused.returncode == 1
    assert "example: Type the name of the module to confirm: example" in refused.stderr
    assert "disabled" in crm(folder, "modules", "list").stdout


@pytest.mark.slow
def test_going_back_wants_the_name_and_coming_again_brings_the_tables_back(folder: Path) -> None:
    crm(folder, "modules", "enable", "example")
    assert crm(folder, "db", "downgrade", "example", "example_0001", said="no\n").returncode == 1
    back = crm(folder, "db", "downgrade", "example", "example_0001", "--confirm", "example")
    assert "example: example_0002 -> example_0001" in back.stdout
    listed = crm(folder, "modules", "list", "--strict")
    assert "behind" in listed.stdout
    assert listed.returncode == 1
    assert crm(folder, "modules", "check").returncode == 1
    assert "example: example_0001 -> example_0002" in crm(folder, "db", "upgrade").stdout
    assert crm(folder, "modules", "check").returncode == 0


def test_what_is_refused_is_said_with_the_next_step_and_no_trace(folder: Path) -> None:
    refused = crm(folder, "modules", "enable", "nothing")
    assert refused.returncode == 1
    assert refused.stderr == "nothing: There is no module of this name.\nInstall its package first.\n"


def test_without_tables_the_command_that_makes_them_is_named(tmp_path: Path) -> None:
    refused = crm(tmp_path, "modules", "list")
    assert refused.returncode == 1
    assert "crm db upgrade" in refused.stderr


def test_help_imports_no_database(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom click.testing import CliRunner\nfrom crm_core.cli import cli\n"
        "assert CliRunner().invoke(cli, ['--help']).exit_code == 0\nsys.exit('sqlalchemy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
