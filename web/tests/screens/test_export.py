"""Exports of what a list shows: dialog, progress, file; only for the one who asked."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from crm_core.model import Audit
from crm_core.runtime import Crm
from crm_core.testing.factories import make_accounts, make_contacts

from .conftest import EVERYTHING, Browser, Page, SignIn, WorkOff, fetch

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def start(browser: Browser, base: str = "/accounts", query: str = "", **form: str) -> Page:
    """The answer to the dialog of a list."""
    return browser.post(f"{base}/export", {"list": query, "format": "csv", **form})


def test_the_dialog_says_what_will_be_in_the_file(crm: Crm, browser: Browser) -> None:
    make_accounts(crm, 3, city="Казань")
    make_accounts(crm, 2, city="Пермь")
    assert (
        f"/accounts/export?{'city=%D0%9A%D0%B0%D0%B7%D0%B0%D0%BD%D1%8C'}"
        in browser.get("/accounts?city=Казань").links()
    )
    page = browser.get("/accounts/export?city=Казань&fields=city,phone&sort=-name", htmx=True)
    assert "3 records that the filter finds, with these columns: Name, City, Phone" in page.text
    assert "vcf" not in page.html
    assert 'value="vcf"' in browser.get("/contacts/export").html


def test_the_file_holds_what_the_list_shows(crm: Crm, browser: Browser, work_off: WorkOff) -> None:
    make_accounts(crm, 3, city="Казань")
    make_accounts(crm, 2, city="Пермь")
    answer = start(browser, query="city=Казань&fields=name,city&sort=-name")
    assert "The file is being written" in browser.follow(answer).text
    work_off()
    page = browser.follow(answer)
    assert "3 records are in the file." in page.text
    (link,) = set(page.links(f"{answer.headers['Location']}/file"))
    file = fetch(browser, link)
    lines = file.content.decode("utf-8-sig").split()
    assert lines == ["Name;City", "Account", "3;Казань", "Account", "2;Казань", "Account", "1;Казань"]
    assert re.fullmatch(r'attachment; filename="Accounts \d{4}-\d\d-\d\d\.csv"', file.headers["Content-Disposition"])
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert file.headers["Cache-Control"] == "no-store"


def test_older_programs_get_their_encoding_and_separator(crm: Crm, browser: Browser, work_off: WorkOff) -> None:
    make_accounts(crm, 1, city="Казань")
    answer = start(browser, query="fields=name,city", encoding="cp1251", separator="\t")
    work_off()
    assert fetch(browser, f"{answer.headers['Location']}/file").content.decode("cp1251").splitlines()[1] == (
        "Account 1\tКазань"
    )


@pytest.mark.parametrize(("base", "kind", "start_of"), [("/accounts", "xlsx", b"PK"), ("/contacts", "vcf", b"BEGIN:V")])
def test_other_formats(crm: Crm, browser: Browser, work_off: WorkOff, base: str, kind: str, start_of: bytes) -> None:
    make_accounts(crm, 1)
    make_contacts(crm, 1)
    answer = start(browser, base, format=kind)
    work_off()
    assert fetch(browser, f"{answer.headers['Location']}/file").content.startswith(start_of)


def test_in_the_dialog_the_progress_takes_the_place_of_the_form(crm: Crm, browser: Browser, work_off: WorkOff) -> None:
    make_accounts(crm, 1)
    answer = browser.post("/accounts/export", {"list": "", "format": "csv"}, htmx=True)
    (progress,) = re.findall(r'hx-get="(/exports/[^"]*)"', answer.html)
    assert "dialog-head" in answer.html
    work_off()
    piece = browser.get(progress, htmx=True)
    assert "Download" in piece.text
    assert "dialog-head" not in piece.html
    assert browser.get(progress).headers["Location"] == progress.removesuffix("/progress")


@pytest.mark.parametrize("form", [{"format": "pdf"}, {"format": "vcf"}, {"encoding": "utf-7"}, {"separator": "x"}])
def test_what_is_not_offered_is_refused(browser: Browser, form: dict[str, str]) -> None:
    assert start(browser, **form).status == 404


def test_a_filter_that_does_not_fit_is_said_in_the_dialog(browser: Browser) -> None:
    assert start(browser, query="employees=many").status == 422
    assert browser.get("/accounts/export?employees=many").status == 422


def test_files_of_others_do_not_exist_even_for_administrators(
    crm: Crm, sign_in: SignIn, browser: Browser, work_off: WorkOff
) -> None:
    make_accounts(crm, 1)
    boris = sign_in("boris", permissions=())
    address = start(boris).headers["Location"]
    work_off()
    assert fetch(boris, f"{address}/file").status == 200
    assert fetch(browser, f"{address}/file").status == 404
    rita = sign_in("rita", permissions=())
    assert [rita.get(f"{address}{path}").status for path in ("", "/file")] == [404, 404]


def test_without_the_right_there_is_neither_button_nor_dialog(crm: Crm, sign_in: SignIn) -> None:
    make_accounts(crm, 1)
    rights = {key: scope for key, scope in EVERYTHING.items() if key[1] != "export"}
    rita = sign_in("rita", rights=rights, permissions=())
    assert rita.get("/accounts").links("/accounts/export") == []
    assert rita.get("/accounts/export").status == 403
    assert start(rita).status == 403


def test_every_export_is_written_down(crm: Crm, browser: Browser, work_off: WorkOff) -> None:
    make_accounts(crm, 2, city="Казань")
    start(browser, query="city=Казань")
    work_off()
    table = Audit.__table__
    with crm.database.read.connect() as connection:
        (line,) = connection.execute(select(table).where(table.c.action == "exported")).mappings()
    assert (line["origin"], line["changes"]["rows"]) == ("ui", 2)
    assert line["changes"]["view"] == [["city", "Казань"]]
