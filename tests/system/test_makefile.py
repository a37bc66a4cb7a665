"""What make would do, in a folder that holds only what make looks at: the Makefile, the locks, the stamps."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

STAMPS = ("venv", "runtime", "build", "node", "dev", "editable")
LONG_AGO, NOW = 1_000_000_000, 1_000_000_100


@pytest.fixture
def checkout(root: Path, tmp_path: Path) -> Path:
    """A checkout in which every step has been done after the last change."""
    shutil.copytree(root / "requirements", tmp_path / "requirements")
    for name in ("Makefile", "pyproject.toml", "web/pyproject.toml", "web/hatch_build.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(root / name, tmp_path / name)
    for path in tmp_path.rglob("*"):
        os.utime(path, (LONG_AGO, LONG_AGO))
    stamps = tmp_path / ".venv" / "stamps"
    stamps.mkdir(parents=True)
    for name in STAMPS:
        (stamps / name).touch()
        os.utime(stamps / name, (NOW, NOW))
    return tmp_path


def planned(checkout: Path, target: str) -> str:
    """The commands that `make target` would run."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "--dry-run", target]
    return subprocess.run(command, cwd=checkout, env=environ, capture_output=True, text=True, check=True).stdout


def test_a_fresh_clone_installs_with_hashes_and_without_looking_at_an_index_for_our_own(checkout: Path) -> None:
    shutil.rmtree(checkout / ".venv")
    commands = planned(checkout, "run").splitlines()
    own = [line for line in commands if " -e ." in line]
    assert any("--require-hashes -r requirements/runtime.txt" in line for line in commands)
    assert len(own) == 1
    assert "--no-index --no-deps --no-build-isolation" in own[0]
    assert commands[-1].endswith("crm start")


def test_a_second_run_starts_without_pip(checkout: Path) -> None:
    commands = planned(checkout, "run")
    assert commands.splitlines()[-1].endswith("crm start")
    assert "pip" not in commands


@pytest.mark.parametrize(
    ("changed", "consequence"),
    [("requirements/runtime.txt", "requirements/runtime.txt"), ("web/pyproject.toml", "-e . -e web")],
)
def test_a_change_is_installed_by_the_next_run(checkout: Path, changed: str, consequence: str) -> None:
    (checkout / changed).touch()
    assert consequence in planned(checkout, "run")


def test_a_run_for_users_needs_no_tools_of_developers(checkout: Path) -> None:
    shutil.rmtree(checkout / ".venv")
    assert "dev.txt" not in planned(checkout, "run")


def test_the_quick_round_leaves_browser_postgresql_and_slow_tests_out(checkout: Path) -> None:
    assert '-m "not browser and not postgresql and not slow"' in planned(checkout, "check")
    assert '-m "not' not in planned(checkout, "test")
