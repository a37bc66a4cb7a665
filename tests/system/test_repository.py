"""What holds for the repository as a whole: nothing of one machine in it, and its first page is true."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

# Written with brackets, so that this file does not contain what it looks for.
FORBIDDEN = {
    "the address of a package index": r"pypi[.]org/simple|files[.]pythonhosted|registry[.]npmjs|registry[.]yarnpkg"
    r"|[-]-(extra-)?index[-]url|[-]-find-links[= ]https?:|[-]-trusted[-]host|\"resolved\": \"http",
    "a path of one machine": r"(?<![\w.])/(work|root|home/\w+|Users/\w+)/\w|/tmp/\w+/\w|(?<![\w.])/opt/\w",
    "a private key": r"BEGIN (RSA |EC |OPENSSH |)PRIVATE[ ]KEY",
    "a token of a service": r"\b(ghp|gho|github_pat|glpat|xox[abp]|sk_live|AKIA)[_-]?[A-Za-z0-9]{16,}",
}
BINARY = {".png", ".ico", ".woff2", ".xlsx", ".ods", ".gz", ".br", ".zip"}
FIRST_SCREEN = 40
ALLOWED_LICENCES = re.compile(r"MIT|BSD|Apache|ISC|PSF|Unlicense|MPL|LGPL|Lesser General", re.IGNORECASE)
COPYLEFT = re.compile(r"(?<!L)(?<!Lesser )(A?GPL|General Public License)", re.IGNORECASE)
REQUIREMENT = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*", re.MULTILINE)


def files_of(root: Path) -> list[Path]:
    """All files that are in the repository or would be after the next commit."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    paths = [root / name for name in listed.split("\0") if name]
    return [path for path in paths if path.is_file() and path.suffix not in BINARY]


def distributions(root: Path) -> list[Path]:
    """The folder of every distribution."""
    patterns = ("pyproject.toml", "web/pyproject.toml", "plugin_*/pyproject.toml", "plugins/*/pyproject.toml")
    return sorted(path.parent for pattern in patterns for path in root.glob(pattern))


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def required(path: Path) -> set[str]:
    """The names of the packages in a requirements file."""
    return {normalised(name) for name in REQUIREMENT.findall(path.read_text(encoding="utf-8"))}


def documented(root: Path) -> dict[str, tuple[str, str]]:
    """Licence and reason by package, from the tables of docs/dependencies.md."""
    rows = re.findall(
        r"^\| ([a-z0-9-]+) \| ([^|]+) \| ([^|]+) \|$", (root / "docs/dependencies.md").read_text("utf-8"), re.MULTILINE
    )
    return {name: (licence.strip(), reason.strip()) for name, licence, reason in rows if name != "package"}


def declared_licence(package: str) -> str:
    """What an installed package says about its licence, in its metadata or in its classifiers."""
    metadata = importlib.metadata.metadata(package)
    classifiers = [line for line in metadata.get_all("Classifier", []) if line.startswith("License")]
    fields = [metadata[field] for field in ("License-Expression", "License") if field in metadata]
    return " ".join([*fields, *classifiers])


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_contains(root: Path, what: str) -> None:
    pattern = re.compile(FORBIDDEN[what])
    found = [
        f"{path.relative_to(root)}:{number}: {line.strip()[:120]}"
        for path in files_of(root)
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, f"{what} in\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("the address of a package index", "-" + "-extra-index-url https://packages.example.com"),
        ("a path of one machine", "see " + "/ho" + "me/maria/notes.txt"),
        ("a path of one machine", 'open("/' + 'tmp/maria/notes.txt")'),
        ("a private key", "-----BEGIN PRIVATE" + " KEY-----"),
        ("a token of a service", "gh" + "p_0123456789abcdefABCDEF"),
    ],
)
def test_the_search_finds_what_it_is_for(what: str, line: str) -> None:
    assert re.search(FORBIDDEN[what], line)


def test_locks_hold_names_versions_and_hashes_only(root: Path) -> None:
    allowed = re.compile(r"[a-z0-9-]+==[\w.+!-]+( ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?")
    locks = sorted((root / "requirements").glob("*.txt"))
    odd = [line for lock in locks for line in lock.read_text("utf-8").splitlines() if not allowed.fullmatch(line)]
    assert locks
    assert not odd


def test_all_locks_agree_on_versions(root: Path) -> None:
    pinned: dict[str, set[str]] = {}
    for lock in (root / "requirements").glob("*.txt"):
        for name, version in re.findall(r"^([a-z0-9-]+)==(\S+)", lock.read_text("utf-8"), re.MULTILINE):
            pinned.setdefault(name, set()).add(version)
    assert {name: versions for name, versions in pinned.items() if len(versions) > 1} == {}


def test_the_first_screen_of_the_readme_names_the_two_commands(root: Path) -> None:
    first_screen = "\n".join((root / "README.md").read_text("utf-8").splitlines()[:FIRST_SCREEN])
    for promised in ("make run", "make test", "What you get", "The map of the house"):
        assert promised in first_screen


def test_every_distribution_is_typed_and_introduces_itself(root: Path) -> None:
    found = distributions(root)
    assert root in found
    for folder in found:
        project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
        packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
        assert (folder / project["project"]["readme"]).stat().st_size > 0
        assert [package for package in packages if not (folder / package / "py.typed").exists()] == []


def test_the_distributions_require_what_is_locked(root: Path) -> None:
    declared = {
        normalised(match.group())
        for folder in (root, root / "web")
        for line in tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
        if (match := REQUIREMENT.match(line))
    }
    assert declared - {"crm-core"} == required(root / "requirements" / "runtime.in")


def test_every_dependency_is_documented_with_licence_and_reason(root: Path) -> None:
    table = documented(root)
    assert set(table) == required(root / "requirements" / "runtime.in")
    assert [name for name, (licence, reason) in table.items() if len(licence) < 3 or len(reason) < 20] == []


def test_everything_installed_with_the_program_has_a_licence_that_allows_it(root: Path) -> None:
    locked = required(root / "requirements" / "runtime.txt")
    licences = {name: declared_licence(name) for name in locked}
    refused = {
        name: licence
        for name, licence in licences.items()
        if COPYLEFT.search(licence) or not ALLOWED_LICENCES.search(licence)
    }
    assert locked
    assert refused == {}


@pytest.mark.parametrize(
    ("licence", "refused"),
    [
        ("GPL-3.0-only", True),
        ("AGPL-3.0", True),
        ("GNU General Public License v2", True),
        ("LGPL-3.0-only", False),
        ("GNU Lesser General Public License v2 or later (LGPLv2+)", False),
    ],
)
def test_gpl_is_told_from_lgpl(licence: str, refused: bool) -> None:
    assert bool(COPYLEFT.search(licence)) is refused
