"""Static files: those of the shell and of the enabled modules, under addresses that never change their content."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from wsgiref.headers import Headers

import brotli
from whitenoise import WhiteNoise

from crm_core.plugin.module import Module
from crm_web.environment import package_folder
from crm_web.headers import STATIC_HEADERS

__all__ = ["prepare_module_files", "serve_static"]

_COMPRESSED = frozenset({".js", ".mjs", ".css", ".svg", ".json", ".txt", ".map"})


def serve_static(application: object, dist: Path, module_files: dict[str, tuple[str, Path]]) -> WhiteNoise:
    """An application that answers for static files itself and hands all other requests on.

    ``module_files`` maps modules to the address and the folder of their files.
    """
    served = WhiteNoise(
        application,
        allow_all_origins=False,
        add_headers_function=_add_headers,
        immutable_file_test=lambda _path, _url: True,
    )
    served.add_files(str(dist), prefix="static/dist/")
    for address, folder in module_files.values():
        served.add_files(str(folder), prefix=address.strip("/"))
    return served


def prepare_module_files(module: Module, cache: Path) -> tuple[str, Path] | None:
    """Copy and compress the static files of a module into the cache once for each content.

    Gives the address under which they are served and their folder, or ``None`` when it has none.
    """
    package = package_folder(module.package)
    source = package / "static" if package else None
    if source is None or not source.is_dir():
        return None
    files = sorted(path for path in source.rglob("*") if path.is_file())
    digest = _digest(source, files)
    folder = cache / module.name / digest
    if not folder.is_dir():
        _fill(folder, source, files)
    return f"/static/{module.name}/{digest}/", folder


def _digest(source: Path, files: list[Path]) -> str:
    seen = hashlib.sha256()
    for path in files:
        seen.update(path.relative_to(source).as_posix().encode() + b"\0")
        seen.update(hashlib.sha256(path.read_bytes()).digest())
    return seen.hexdigest()[:12]


def _fill(folder: Path, source: Path, files: list[Path]) -> None:
    """Build the folder beside its place and move it there whole: other workers may be doing the same."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".draft-"))
    for path in files:
        target = draft / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        content = path.read_bytes()
        target.write_bytes(content)
        if path.suffix in _COMPRESSED:
            target.with_name(f"{target.name}.br").write_bytes(brotli.compress(content))
            target.with_name(f"{target.name}.gz").write_bytes(gzip.compress(content, mtime=0))
    try:
        os.rename(draft, folder)
    except OSError:  # somebody else was faster
        shutil.rmtree(draft)


def _add_headers(headers: Headers, _path: str, _url: str) -> None:
    for name, value in STATIC_HEADERS.items():
        headers[name] = value
