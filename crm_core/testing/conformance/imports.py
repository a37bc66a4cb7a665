"""Which names a package takes from where: read from the syntax tree, nothing is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Import", "imports_of"]


@dataclass(frozen=True, slots=True)
class Import:
    """``from source import name`` (``name`` is empty for ``import source``) in a file at a line."""

    source: str
    name: str
    file: str
    line: int

    @property
    def package(self) -> str:
        """The first part of the source."""
        return self.source.split(".", 1)[0]

    def __str__(self) -> str:
        taken = f"from {self.source} import {self.name}" if self.name else f"import {self.source}"
        return f"{self.file}:{self.line}: {taken}"


def imports_of(folder: Path) -> Iterator[Import]:
    """Every import in the Python files below the folder, those that only annotations need left out."""
    for path in sorted(folder.rglob("*.py")):
        relative = path.relative_to(folder).as_posix()
        for node in _executed(ast.parse(path.read_text(encoding="utf-8"))):
            yield from _taken(node, folder.name, relative)


def _executed(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node
        yield from _executed(node)


def _taken(node: ast.AST, package: str, file: str) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        yield from (Import(alias.name, "", file, node.lineno) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        source = node.module or ""
        if node.level:
            source = f"{package}.{source}".rstrip(".")
        yield from (Import(source, alias.name, file, node.lineno) for alias in node.names)
