"""The rule of tests/conftest.py, tried on a small test run of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import pytest

def test_that_runs():
    assert True

@pytest.mark.skipif(True, reason={reason!r})
def test_that_is_skipped():
    assert True
"""


def run_tests(folder: Path, reason: str, *, ci: str, workers: bool) -> subprocess.CompletedProcess[str]:
    shutil.copy(Path(__file__).parents[1] / "conftest.py", folder / "conftest.py")
    (folder / "test_sample.py").write_text(TESTS.format(reason=reason), encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *(["-n", "2"] if workers else [])]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(command, cwd=folder, env=inherited | {"CI": ci}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("workers", [False, True], ids=["one process", "workers"])
def test_a_skip_fails_the_run_on_a_ci_machine(tmp_path: Path, workers: bool) -> None:
    done = run_tests(tmp_path, "no chromium on this machine", ci="true", workers=workers)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout
    assert "test_that_is_skipped: Skipped: no chromium on this machine" in done.stdout


def test_a_skip_is_allowed_on_the_machine_of_a_developer(tmp_path: Path) -> None:
    done = run_tests(tmp_path, "no chromium on this machine", ci="", workers=False)
    assert done.returncode == pytest.ExitCode.OK, done.stdout


def test_missing_shared_data_is_the_one_excuse(tmp_path: Path) -> None:
    done = run_tests(tmp_path, "the shared data is not beside the repository", ci="true", workers=False)
    assert done.returncode == pytest.ExitCode.OK, done.stdout
