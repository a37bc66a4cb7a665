"""The documentation leads to where it says."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path


def pages(root: Path) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [root / name for name in listed.splitlines() if (root / name).is_file()]


def test_every_link_to_a_file_finds_it(root: Path) -> None:
    links = [
        (page, target)
        for page in pages(root)
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
        if "://" not in target and not target.startswith("mailto:")
    ]
    assert links
    dead = [f"{page.relative_to(root)} → {target}" for page, target in links if not (page.parent / target).exists()]
    assert dead == []


def test_every_make_verb_that_is_named_exists(root: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (root / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {
        (page.relative_to(root), verb)
        for page in pages(root)
        for verb in re.findall(r"(?:`|\$ )make ([a-z]+)", page.read_text("utf-8"))
    }
    assert named
    assert {(page, verb) for page, verb in named if verb not in targets} == set()
