"""The public interface of the core is what it says it is."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import crm_core


def test_every_public_name_is_there_and_is_listed_once() -> None:
    assert len(set(crm_core.__all__)) == len(crm_core.__all__)
    assert set(crm_core.__all__) == set(crm_core._HOME)
    for name in crm_core.__all__:
        assert getattr(crm_core, name) is not None


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(crm_core.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name: f"{node.module}" for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert seen == crm_core._HOME


def test_importing_the_package_imports_nothing_else() -> None:
    program = "import crm_core, sys; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
