"""The tutorials are true: their files are written and their commands run, in order, as they stand there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

TUTORIALS = Path(__file__).parents[2] / "docs" / "tutorials"
BLOCK = re.compile(r"```(\w+)([^\n]*)\n(.*?)```", re.DOTALL)
LIMIT = 120


def run(folder: Path, command: str) -> tuple[int, str]:
    words = shlex.split(command, comments=True)
    assert words[0] == "crm"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CRM_")}
    done = subprocess.run(
        [sys.executable, "-m", "crm_core.cli", *words[1:]],
        cwd=folder,
        env={**environ, "CRM_DATA_DIR": str(folder / "var")},
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT,
    )
    return done.returncode, done.stdout


def matches(expected: list[str], got: str) -> bool:
    """Line by line; ``...`` stands for anything, on a line of its own for any lines."""
    pattern = "\n".join(expected)
    parts = re.split(r"\.\.\.", pattern)
    return re.search(".*".join(re.escape(part) for part in parts), got, re.DOTALL) is not None


def console(folder: Path, text: str) -> None:
    for session in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *expected = session.rstrip("\n").split("\n")
        code = int(found[1]) if (found := re.search(r"# exit (\d+)", command)) else 0
        status, output = run(folder, command)
        assert status == code, f"{command}: exit {status}\n{output}"
        assert matches([line for line in expected if line], output), f"{command}:\n{output}"


@pytest.mark.parametrize("path", sorted(TUTORIALS.glob("*.md")), ids=lambda path: path.stem)
def test_a_tutorial_does_what_it_says(path: Path, tmp_path: Path) -> None:
    for kind, options, text in BLOCK.findall(path.read_text("utf-8")):
        file = re.search(r"file=(\S+)", options)
        if file:
            encoding = re.search(r"encoding=(\S+)", options)
            (tmp_path / file[1]).write_bytes(text.encode(encoding[1] if encoding else "utf-8"))
        elif kind == "console" and "skip" not in options:
            console(tmp_path, text)
