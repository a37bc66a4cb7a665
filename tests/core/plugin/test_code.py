"""A process notices that other distributions are installed than those it has loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_core.plugin.code import CodeWatch


def install(site: Path, name: str) -> None:
    folder = site / f"{name}.dist-info"
    folder.mkdir(exist_ok=True)
    (folder / "RECORD").write_text(name)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_an_installation_is_noticed_when_it_has_come_to_rest(site: Path) -> None:
    watch = CodeWatch(every_seconds=0)
    assert not watch.changed()
    install(site, "crm_sales-1.0")
    assert not watch.changed(), "the installer may still be at work"
    assert watch.changed()
    watch.accept()
    assert not watch.changed()


def test_other_files_beside_the_distributions_mean_nothing(site: Path) -> None:
    watch = CodeWatch(every_seconds=0)
    (site / "notes.txt").write_text("x")
    assert [watch.changed(), watch.changed()] == [False, False]


def test_a_second_look_too_soon_is_spared(site: Path) -> None:
    watch = CodeWatch(every_seconds=3600)
    install(site, "crm_sales-1.0")
    assert [watch.changed(), watch.changed()] == [False, False]
