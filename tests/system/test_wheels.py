"""Every distribution works when it comes out of a wheel, in an environment that knows nothing of this checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

# One worker builds and installs for all tests of this file.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheels")]

PIP = (sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", "--quiet")
HEALTH = """
from crm_core.runtime import build
from crm_core.settings import read_settings
from crm_web import create_app

print(create_app(build(read_settings())).test_client().get("/healthz").status_code)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A virtual environment with a working folder and a database of its own."""

    folder: Path
    links: tuple[Path, ...]

    @property
    def work(self) -> Path:
        return self.folder / "work"

    def install(self, *distributions: str) -> None:
        """Installs from wheels on this disk only, with what they require."""
        links = [f"--find-links={link}" for link in self.links]
        command = [*PIP, f"--python={self.folder}", "install", "--no-index", "--no-compile", *links, *distributions]
        subprocess.run(command, check=True)

    def run(self, program: str, *arguments: str) -> str:
        """What a program of this environment prints. Nothing of the tests' own environment reaches it."""
        environ = {"PATH": os.defpath, "LANG": "C.UTF-8", "CRM_DATA_DIR": str(self.work / "var"), "CRM_STRICT": "1"}
        command = [str(self.folder / "bin" / program), *arguments]
        done = subprocess.run(command, cwd=self.work, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{program} {' '.join(arguments)}\n{done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def wheelhouse(root: Path) -> Path:
    """Wheels of everything that the program requires; made by `make build`, else now: the one step with network."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    subprocess.run(["make", "--silent", "wheelhouse"], cwd=root, env=environ, check=True)
    return root / "dist" / "wheelhouse"


@pytest.fixture(scope="module")
def wheels(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel of every distribution of this repository."""
    folder = tmp_path_factory.mktemp("wheels")
    patterns = ("web/pyproject.toml", "plugin_*/pyproject.toml", "plugins/*/pyproject.toml")
    sources = [root, *sorted(path.parent for pattern in patterns for path in root.glob(pattern))]
    options = ("--no-index", "--no-deps", "--no-build-isolation", f"--wheel-dir={folder}")
    subprocess.run([*PIP, "wheel", *options, *map(str, sources)], check=True)
    assert len(list(folder.glob("*.whl"))) == len(sources)
    return folder


def make_environment(folder: Path, *links: Path) -> Environment:
    venv.create(folder, with_pip=False, symlinks=True)
    (folder / "work").mkdir()
    return Environment(folder=folder, links=links)


@pytest.fixture(scope="module")
def core(wheels: Path, wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with crm-core alone."""
    environment = make_environment(tmp_path_factory.mktemp("core"), wheels, wheelhouse)
    environment.install("crm-core")
    return environment


@pytest.fixture(scope="module")
def shell(wheels: Path, wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with crm-web and what it requires."""
    environment = make_environment(tmp_path_factory.mktemp("shell"), wheels, wheelhouse)
    environment.install("crm-web")
    return environment


def contents(wheels: Path, distribution: str) -> set[str]:
    """The files in a wheel, without its metadata."""
    (wheel,) = wheels.glob(f"{distribution}-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_the_core_ships_its_package_with_revisions_and_translations(wheels: Path) -> None:
    files = contents(wheels, "crm_core")
    assert {name.split("/")[0] for name in files} == {"crm_core"}
    assert "crm_core/py.typed" in files
    assert any(name.startswith("crm_core/migrations/versions/core_") for name in files)
    assert "crm_core/locale/ru/LC_MESSAGES/core.po" in files


def test_the_shell_ships_templates_and_built_assets_but_not_their_sources(wheels: Path) -> None:
    files = contents(wheels, "crm_web")
    assert {name.split("/")[0] for name in files} == {"crm_web"}
    assert {"crm_web/py.typed", "crm_web/static/dist/manifest.json", "crm_web/templates/base.html"} <= files
    assert "crm_web/locale/ru/LC_MESSAGES/web.po" in files


def test_the_source_archive_of_the_root_holds_the_core_only(root: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    with tarfile.open(next(tmp_path.glob("crm_core-*.tar.gz"))) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames()}
    outside = {name for name in names if not name.startswith("crm_core/")}
    assert outside <= {"LICENSE", "README.md", "pyproject.toml", "PKG-INFO", ".gitignore"}


def test_the_core_works_alone(core: Environment) -> None:
    assert "0.1.0" in core.run("crm", "--version")
    core.run("crm", "db", "upgrade")
    assert (core.work / "var" / "crm.db").stat().st_size > 0
    core.run("crm", "db", "upgrade")
    assert "absent" in core.run("python", "-c", "import importlib.util as u; print(u.find_spec('flask') or 'absent')")


def test_the_shell_answers_from_its_wheel(shell: Environment) -> None:
    shell.run("crm", "db", "upgrade")
    assert shell.run("python", "-c", HEALTH).strip() == "200"


def test_the_example_plugin_is_found_once_it_is_installed(shell: Environment) -> None:
    shell.run("crm", "db", "upgrade")
    assert "example" not in shell.run("crm", "modules", "list")
    shell.install("crm-example")
    assert "example" in shell.run("crm", "modules", "list")
    shell.run("crm", "modules", "enable", "example")
    assert shell.run("python", "-c", HEALTH).strip() == "200"
