"""The tutorials are true: their files are written and their commands run, in order, as they stand there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TUTORIALS = ROOT / "docs" / "tutorials"
BLOCK = re.compile(r"```(\w+)([^\n]*)\n(.*?)```", re.DOTALL)
LIMIT = 300
PROGRAMS = {
    "crm": ("-m", "crm_core.cli"),
    "pytest": ("-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "-p", "no:cacheprovider"),
    # What an editable installation unpacks, without touching the environment that this runs in.
    "make": ("-c", "import zipfile, hatchling.build as b; zipfile.ZipFile(b.build_editable('.')).extractall()"),
}
SLOW = {"module"}


def run(folder: Path, command: str) -> tuple[int, str]:
    words = shlex.split(command, comments=True)
    places = [path.parent for path in sorted(folder.glob("plugins/*/pyproject.toml")) if path.parent.name != "example"]
    if words == ["make", "dev"]:
        return max(start(place, PROGRAMS["make"], folder, [])[0] for place in places), ""
    return start(folder, (*PROGRAMS[words[0]], *words[1:]), folder, places)


def start(cwd: Path, arguments: tuple[str, ...], folder: Path, places: list[Path]) -> tuple[int, str]:
    """Run Python there; ``places`` are the folders of the distributions that the tutorial has made."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("CRM_", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**environ, "CRM_DATA_DIR": str(folder / "var"), "PYTHONPATH": os.pathsep.join(map(str, places))},
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT,
    )
    return done.returncode, done.stdout + done.stderr


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


def paths() -> list[object]:
    found = sorted(TUTORIALS.glob("*.md"))
    return [pytest.param(path, id=path.stem, marks=[pytest.mark.slow] if path.stem in SLOW else []) for path in found]


@pytest.mark.parametrize("path", paths())
def test_a_tutorial_does_what_it_says(path: Path, tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "plugins" / "example", tmp_path / "plugins" / "example", ignore=shutil.ignore_patterns("__pycache__")
    )
    for kind, options, text in BLOCK.findall(path.read_text("utf-8")):
        file = re.search(r"file=(\S+)", options)
        if file:
            encoding = re.search(r"encoding=(\S+)", options)
            target = tmp_path / file[1]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode(encoding[1] if encoding else "utf-8"))
        elif kind == "sh":
            subprocess.run(["sh", "-e", "-c", text], cwd=tmp_path, check=True)
        elif kind == "console" and "skip" not in options:
            console(tmp_path, text)
