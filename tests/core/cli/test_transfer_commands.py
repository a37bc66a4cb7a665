"""Import, undo and export on the command line, as an operator runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert crm(tmp_path, "db", "upgrade").returncode == 0
    return tmp_path


def crm(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CRM_")}
    return subprocess.run(
        [sys.executable, "-m", "crm_core.cli", *words],
        env={**environ, "CRM_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def clients(folder: Path) -> Path:
    path = folder / "clients.csv"
    path.write_bytes("Фамилия;Имя;E-mail\r\nКоролёв;Пётр;petr@elki.example\r\nБез;Почты;nobody\r\n".encode("cp1251"))
    return path


def test_the_dry_run_says_what_the_run_then_does(folder: Path) -> None:
    path = clients(folder)
    dry = crm(folder, "import", str(path), "--dry-run")
    assert "rows: 2  created: 1  updated: 0  skipped: 0  error: 1" in dry.stdout
    assert dry.stderr.startswith("2 (3):")
    run = crm(folder, "import", str(path))
    assert "rows: 2  created: 1  updated: 0  skipped: 0  error: 1" in run.stdout
    assert run.returncode == 1
    batch = run.stdout.split("crm undo ")[1].split()[0]
    written = crm(folder, "export", "core.contact", str(folder / "out.csv"))
    assert written.returncode == 0
    assert "Королёв Пётр" in (folder / "out.csv").read_text("utf-8-sig")
    assert "removed: 1" in crm(folder, "undo", batch).stdout
    crm(folder, "export", "core.contact", str(folder / "out.csv"))
    assert "Королёв" not in (folder / "out.csv").read_text("utf-8-sig")


def test_a_column_can_be_mapped_by_hand_or_left_out(folder: Path) -> None:
    path = clients(folder)
    run = crm(folder, "import", str(path), "--map", "3=", "--map", "2=middle_name")
    assert "rows: 2  created: 2" in run.stdout


def test_what_is_wrong_is_said_in_one_line_without_a_trace(folder: Path) -> None:
    picture = folder / "picture.csv"
    picture.write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 8)
    refused = crm(folder, "import", str(picture))
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    assert crm(folder, "import", str(clients(folder)), "--as", "nobody").returncode == 1
    assert crm(folder, "undo", "no-such-batch").returncode == 1
    assert crm(folder, "export", "core.nothing", str(folder / "x.csv")).returncode == 2
