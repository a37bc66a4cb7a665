"""The first administrator and lost passwords on the command line, as an operator meets them."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

PASSWORD = "lamps over the old harbour"


def environ(folder: Path) -> dict[str, str]:
    rest = {name: value for name, value in os.environ.items() if not name.startswith("CRM_")}
    return {**rest, "CRM_DATA_DIR": str(folder), "CRM_LANGUAGE": "en"}


def crm(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "crm_core.cli", *words]
    return subprocess.run(command, env=environ(folder), capture_output=True, text=True, check=False, timeout=120)


def answer(folder: Path, *lines: str) -> tuple[int, str]:
    """Run ``crm init`` on a terminal and type the lines, each when it is asked for; gives the code and the screen."""
    mine, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "crm_core.cli", "init"], env=environ(folder), stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    screen = ""
    for line in (*lines, None):
        screen += read_until_asked(mine, process)
        if line is not None and process.poll() is None:
            os.write(mine, f"{line}\n".encode())
    code = process.wait(60)
    os.close(mine)
    return code, screen


def read_until_asked(handle: int, process: subprocess.Popen[bytes]) -> str:
    """What stands on the screen until the cursor waits behind a question, or the program ends."""
    seen, until = b"", time.monotonic() + 60
    while time.monotonic() < until:
        try:
            seen += os.read(handle, 1000)
        except OSError:  # the other side was closed
            break
        if seen.endswith(b": ") or (process.poll() is not None and not seen):
            break
    return seen.decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert crm(tmp_path, "db", "upgrade").returncode == 0
    return tmp_path


def test_the_first_administrator_is_asked_for_and_the_password_is_not_shown(folder: Path) -> None:
    code, screen = answer(folder, "Anna", "Anna Petrova", "short", "short", PASSWORD, PASSWORD)
    assert code == 0, screen
    assert "at least 10 characters" in screen
    assert "sign in" in screen
    assert PASSWORD not in screen
    assert "anna\tAnna Petrova\tadmin" in crm(folder, "user", "list").stdout
    again = crm(folder, "init")
    assert again.returncode == 1
    assert "crm user link" in again.stderr
    assert "Traceback" not in again.stderr


def test_passwords_are_neither_arguments_nor_options(folder: Path) -> None:
    assert "assword" not in re.sub(r"chooses login and\s+password", "", crm(folder, "init", "--help").stdout)


def test_links_are_printed_for_those_who_are_there(folder: Path) -> None:
    link = crm(folder, "init", "--link")
    assert re.search(r"^http://\S+/setup/[\w-]{40,}$", link.stdout, re.MULTILINE)
    assert answer(folder, "anna", "Anna", PASSWORD, PASSWORD)[0] == 0
    assert crm(folder, "init", "--link").returncode == 1
    assert re.fullmatch(r"http://\S+/reset/[\w-]{40,}\n", crm(folder, "user", "link", "ANNA").stdout)
    missing = crm(folder, "user", "link", "nobody")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "crm user list" in missing.stderr


def test_the_last_administrator_is_not_shut_out(folder: Path) -> None:
    assert answer(folder, "anna", "Anna", PASSWORD, PASSWORD)[0] == 0
    refused = crm(folder, "user", "deactivate", "anna")
    assert refused.returncode == 1
    assert "last administrator" in refused.stderr
