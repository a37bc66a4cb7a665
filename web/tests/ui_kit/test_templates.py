"""Rules that every template keeps, read from the files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
KIT = ROOT / "web" / "crm_web" / "templates" / "ui"


def templates() -> list[Path]:
    found = [*ROOT.glob("web/crm_web/templates/**/*.html"), *ROOT.glob("plugin*/**/templates/**/*.html")]
    return sorted(path for path in found if "node_modules" not in path.parts)


@pytest.mark.parametrize("path", templates(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_holds_no_inline_code_and_leaves_htmx_to_the_kit(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)", source), "a script without src"
    assert not re.search(r"<style\b|\sstyle=", source), "an inline style"
    assert not re.search(r"\son[a-z]+=|javascript:|hx-on|js:", source), "an inline handler"
    if KIT not in path.parents:
        assert not re.search(r"\bhx-[a-z]+", source.replace('name="htmx-config"', "")), "hx-* outside of the kit"


def test_the_kit_page_names_every_public_macro() -> None:
    exported = set(re.findall(r"set (\w+) = ", (KIT / "kit.html").read_text(encoding="utf-8")))
    pages = "".join(path.read_text(encoding="utf-8") for path in (Path(__file__).parent / "templates").glob("*.html"))
    assert exported - set(re.findall(r"\bui\.(\w+)", pages)) == set()


def test_every_public_macro_is_documented() -> None:
    page = (ROOT / "docs" / "reference" / "ui-kit.md").read_text(encoding="utf-8")
    exported = set(re.findall(r"set (\w+) = ", (KIT / "kit.html").read_text(encoding="utf-8")))
    assert exported - set(re.findall(r"`(\w+)", page)) == set()
