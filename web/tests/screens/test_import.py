"""The import wizard from page to page: file, columns, dry run, run, report, undo."""

from __future__ import annotations

import csv
import html
import io
import re
from typing import Any

import pytest
from sqlalchemy import func, select

from crm_core.model import Account, Contact
from crm_core.runtime import Crm
from crm_core.testing.factories import make_user

from .conftest import Browser, Page, SignIn, Upload, WorkOff, fetch

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

PEOPLE = (
    "Фамилия;Имя;Телефон;E-mail;Компания\r\n"
    "Соловьёв;Пётр;8 (903) 111-22-33;petr@elki.example;Ёлки\r\n"
    "Ким;Анна;;anna@;Ёлки\r\n"
).encode("cp1251")
FIRMS = b"Name,City,Employees\r\nElki,Kazan,10\r\nLampa,Perm,many\r\nKabel,Omsk,7\r\n"


def count(crm: Crm, model: Any = Account) -> int:
    """How many live records there are."""
    table = model.__table__
    with crm.database.read.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table).where(table.c.deleted_at.is_(None))) or 0


def settings(page: Page) -> dict[str, Any]:
    """What the form of the second step would send as it is."""
    form: dict[str, Any] = {}
    for name, body in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', page.html, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', body)
        form[name] = html.unescape(chosen[1]) if chosen else ""
    for tag in re.findall(r"<input[^>]*>", page.html):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        known = {"keys", "on_match", "create_missing", "asks_missing", "chosen", "system"}
        if name and name[1] in known and ('type="hidden"' in tag or "checked" in tag or 'type="text"' in tag):
            form.setdefault(name[1], []).append(value[1] if value else "")
    return form


def checked(browser: Browser, page: Page, work_off: WorkOff, **changes: Any) -> Page:
    """The page of the dry run of what was uploaded."""
    setup = browser.follow(page)
    target = page.headers["Location"]
    answer = browser.post(target, {**settings(setup), **changes, "do": "check"})
    assert answer.status == 303, answer.text
    work_off()
    return browser.follow(answer)


def test_a_file_in_an_old_encoding_is_shown_as_it_was_understood(browser: Browser, upload: Upload) -> None:
    page = browser.follow(upload(browser, PEOPLE, entity="core.contact"))
    chosen = settings(page)
    assert (chosen["shape.encoding"], chosen["shape.separator"], chosen["shape.header"]) == ("cp1251", ";", "yes")
    assert [chosen[f"column.{n}"] for n in range(5)] == ["last_name", "first_name", "phones", "emails", "account_id"]
    assert "8 (903) 111-22-33" in page.text


def test_columns_come_from_file_to_list_and_back(crm: Crm, browser: Browser, upload: Upload, work_off: WorkOff) -> None:
    started = upload(browser, FIRMS)
    page = checked(browser, started, work_off)
    assert "Will be added 2" in page.text
    assert "With errors 1" in page.text
    assert "2 3 Employees: “many” is not a number." in page.text
    assert count(crm) == 0
    base = started.headers["Location"].removesuffix("/setup")
    browser.post(f"{base}/run")
    assert "Records are being written" in browser.get(base).text
    work_off()
    report = browser.get(base)
    assert "Added 2" in report.text
    (records,) = set(report.links("/accounts?import_batch_id="))
    assert "1–2 of 2" in browser.get(records).text
    assert "2 added records disappear" in browser.get(f"{base}/undo", htmx=True).text
    browser.post(f"{base}/undo")
    work_off()
    assert "2 records are gone" in browser.get(base).text
    assert count(crm) == 0


def test_the_dialog_of_an_undo_tells_what_stays(crm: Crm, browser: Browser, upload: Upload, work_off: WorkOff) -> None:
    started = upload(browser, FIRMS)
    checked(browser, started, work_off)
    base = started.headers["Location"].removesuffix("/setup")
    browser.post(f"{base}/run")
    work_off()
    with crm.database.read.connect() as connection:
        elki = connection.scalar(select(Account.__table__.c.id).where(Account.__table__.c.name == "Elki"))
    browser.post(f"/accounts/{elki}/facts/city", {"city": "Moscow", "version": "1"})
    assert "1 record stays" in browser.get(f"{base}/undo").text
    browser.post(f"{base}/undo")
    work_off()
    page = browser.get(base)
    assert "1 record is gone" in page.text
    assert f"/accounts/{elki}" in page.links()


def test_the_rows_with_errors_are_a_file_that_can_be_corrected(
    browser: Browser, upload: Upload, work_off: WorkOff
) -> None:
    started = upload(browser, FIRMS, "firms, 2026.csv")
    checked(browser, started, work_off)
    answer = fetch(browser, started.headers["Location"].replace("/setup", "/errors.csv"))
    assert answer.headers["Content-Disposition"] == 'attachment; filename="firms, 2026 - errors.csv"'
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows == [
        ["Name", "City", "Employees", "Why it was not imported"],
        ["Lampa", "Perm", "many", "Employees: “many” is not a number."],
    ]


def test_a_column_can_be_left_out_and_another_chosen(
    crm: Crm, browser: Browser, upload: Upload, work_off: WorkOff
) -> None:
    started = upload(browser, FIRMS)
    page = checked(browser, started, work_off, **{"column.2": "", "column.1": "region"})
    assert "Will be added 3" in page.text
    browser.post(started.headers["Location"].replace("/setup", "/run"))
    work_off()
    with crm.database.read.connect() as connection:
        table = Account.__table__
        assert set(connection.execute(select(table.c.region)).scalars()) == {"Kazan", "Perm", "Omsk"}


def test_values_for_all_rows_fill_what_the_file_leaves_open(
    crm: Crm, browser: Browser, upload: Upload, work_off: WorkOff
) -> None:
    boris = make_user(crm, "boris", name="Boris").user_id
    started = upload(browser, FIRMS)
    values = {"default.owner_id": boris, "default.category": "customer", "default.tags": "expo, 2026"}
    checked(browser, started, work_off, **{"column.2": "", **values})
    browser.post(started.headers["Location"].replace("/setup", "/run"))
    work_off()
    with crm.database.read.connect() as connection:
        table = Account.__table__
        assert set(connection.execute(select(table.c.owner_id)).scalars()) == {boris}
        elki = connection.scalar(select(table.c.id).where(table.c.name == "Elki"))
    assert "expo" in browser.get(f"/accounts/{elki}").text.lower()


def test_two_columns_for_one_field_are_refused_and_nothing_is_lost(browser: Browser, upload: Upload) -> None:
    started = upload(browser, FIRMS)
    form = settings(browser.follow(started))
    page = browser.post(
        started.headers["Location"], {**form, "column.2": "name", "default.source": "expo", "do": "check"}
    )
    assert page.status == 422
    assert "Another column goes into “Name” already." in page.text
    assert (settings(page)["column.2"], page.value("default.source")) == ("name", "expo")


def test_a_table_without_any_column_is_refused(browser: Browser, upload: Upload) -> None:
    started = upload(browser, FIRMS)
    form = settings(browser.follow(started)) | {f"column.{n}": "" for n in range(3)}
    page = browser.post(started.headers["Location"], {**form, "do": "check"})
    assert page.status == 422
    assert "Choose a field for at least one column" in page.text


def test_a_field_that_does_not_exist_is_refused(browser: Browser, upload: Upload) -> None:
    started = upload(browser, FIRMS)
    form = settings(browser.follow(started))
    assert browser.post(started.headers["Location"], {**form, "column.0": "deleted_at", "do": "check"}).status == 422


def test_another_encoding_reads_the_file_anew(browser: Browser, upload: Upload) -> None:
    started = upload(browser, PEOPLE, entity="core.contact")
    target = started.headers["Location"]
    form = settings(browser.follow(started))
    answer = browser.post(target, {**form, "shape.encoding": "koi8-r"})
    assert answer.status == 303, answer.text
    page = browser.follow(answer)
    assert settings(page)["shape.encoding"] == "koi8-r"
    assert "Фамилия" not in page.text
    back = browser.follow(browser.post(target, {**settings(page), "shape.encoding": "cp1251"}))
    assert settings(back)["column.0"] == "last_name"


def test_what_was_set_stays_when_the_columns_are_still_the_same(browser: Browser, upload: Upload) -> None:
    started = upload(browser, FIRMS)
    form = settings(browser.follow(started))
    changes = {"column.1": "region", "on_match": "skip", "default.source": "expo", "shape.decimal_mark": ","}
    page = browser.follow(browser.post(started.headers["Location"], {**form, **changes}))
    assert (settings(page)["column.1"], settings(page)["on_match"]) == ("region", ["skip"])
    assert page.value("default.source") == "expo"


def test_cards_need_no_columns_and_bad_ones_are_told(
    crm: Crm, browser: Browser, upload: Upload, work_off: WorkOff
) -> None:
    cards = "BEGIN:VCARD\nVERSION:3.0\nFN:Пётр Соловьёв\nTEL:+79031112233\nEND:VCARD\n" * 1
    broken = "BEGIN:VCARD\nVERSION:3.0\nNOTE:nobody\nEND:VCARD\n"
    started = upload(browser, (cards + broken).encode(), "phone.vcf", entity="core.contact")
    assert "Goes into" not in browser.follow(started).text
    page = checked(browser, started, work_off)
    assert "Will be added 1" in page.text
    assert "Card 2 (line 6) has neither a name nor a phone nor an e-mail." in page.text
    browser.post(started.headers["Location"].replace("/setup", "/run"))
    work_off()
    assert count(crm, Contact) == 1


def test_rows_that_were_left_out_are_listed_with_the_reason(
    browser: Browser, upload: Upload, work_off: WorkOff
) -> None:
    base = ""
    links: list[str] = []
    for _time in range(2):
        started = upload(browser, FIRMS)
        links = checked(browser, started, work_off).links()
        base = started.headers["Location"].removesuffix("/setup")
        browser.post(f"{base}/run")
        work_off()
    assert f"{base}?show=skipped" in links
    assert "Nothing new in this row. Elki" in browser.get(f"{base}?show=skipped").text


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "The file is empty."),
        (b"%PDF-1.7 \x00\x01\x02", "neither a table, nor a workbook"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "old Excel format"),
        (b"PK\x03\x04" + b"\0" * 60, "workbook is damaged"),
        (b"<!DOCTYPE html><html></html>", "web page"),
    ],
)
def test_a_file_that_cannot_be_read_keeps_one_on_the_page(
    crm: Crm, browser: Browser, upload: Upload, content: bytes, reason: str
) -> None:
    page = upload(browser, content, entity="core.contact")
    assert page.status == 422
    assert reason in page.text
    assert 'value="core.contact" selected' in page.html


def test_a_calendar_that_is_named_as_cards_is_refused(browser: Browser, upload: Upload) -> None:
    page = upload(browser, b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n", "all.vcf", entity="core.contact")
    assert (page.status, "The file holds no vCard." in page.text) == (422, True)


def test_a_form_without_a_file_is_told_so(browser: Browser, upload: Upload) -> None:
    page = upload(browser, b"", "")
    assert (page.status, "Choose a file first." in page.text) == (422, True)


def test_a_double_click_imports_once(crm: Crm, browser: Browser, upload: Upload, work_off: WorkOff) -> None:
    started = upload(browser, FIRMS)
    checked(browser, started, work_off)
    base = started.headers["Location"].removesuffix("/setup")
    for _time in range(2):
        assert browser.post(f"{base}/run", {"idempotency_key": "one"}).status == 303
    browser.post(f"{base}/run")
    work_off()
    browser.post(f"{base}/run")
    work_off()
    assert count(crm) == 2


def test_the_progress_is_asked_for_until_the_work_has_ended(
    browser: Browser, upload: Upload, work_off: WorkOff
) -> None:
    started = upload(browser, FIRMS)
    base = started.headers["Location"].removesuffix("/setup")
    browser.post(f"{base}/setup", {**settings(browser.follow(started)), "do": "check"})
    piece = browser.get(f"{base}/progress", htmx=True)
    assert f'hx-get="{base}/progress"' in piece.html
    assert "<main" not in piece.html
    work_off()
    assert browser.get(f"{base}/progress", htmx=True).headers["HX-Redirect"] == base
    assert browser.get(f"{base}/progress").headers["Location"] == base


def test_work_can_be_stopped(crm: Crm, browser: Browser, upload: Upload, work_off: WorkOff) -> None:
    started = upload(browser, FIRMS)
    checked(browser, started, work_off)
    base = started.headers["Location"].removesuffix("/setup")
    browser.post(f"{base}/run")
    browser.post(f"{base}/cancel")
    work_off()
    assert "Stopped before the end" in browser.get(base).text
    assert count(crm) == 0


def test_an_import_that_was_run_cannot_be_changed(browser: Browser, upload: Upload, work_off: WorkOff) -> None:
    started = upload(browser, FIRMS)
    form = settings(browser.follow(started))
    checked(browser, started, work_off)
    base = started.headers["Location"].removesuffix("/setup")
    browser.post(f"{base}/run")
    work_off()
    assert browser.get(f"{base}/setup").headers["Location"] == base
    assert browser.post(f"{base}/setup", {**form, "do": "check"}).status == 409


def test_imports_of_others_do_not_exist(browser: Browser, sign_in: SignIn, upload: Upload) -> None:
    base = upload(browser, FIRMS).headers["Location"].removesuffix("/setup")
    boris = sign_in("boris", permissions=("core.import",))
    for path in ("", "/setup", "/progress", "/undo", "/errors.csv"):
        assert boris.get(base + path).status == 404
    for path in ("/setup", "/run", "/cancel", "/undo"):
        assert boris.post(base + path, {"do": "check"}).status == 404
    assert "clients.csv" not in boris.get("/imports").text
    assert "clients.csv" in browser.get("/imports").text


def test_without_the_right_nothing_is_taken_in(sign_in: SignIn, upload: Upload) -> None:
    rita = sign_in("rita", permissions=())
    assert rita.get("/import").status == 403
    assert upload(rita, FIRMS).status == 403
    reader = sign_in("olga", rights={("*", "view"): "all"}, permissions=("core.import",))
    assert "You may not add records" in reader.get("/import").text
    assert upload(reader, FIRMS).status == 404


def test_the_list_of_imports_tells_what_came_of_each(browser: Browser, upload: Upload, work_off: WorkOff) -> None:
    assert "Nothing was imported yet" in browser.get("/imports").text
    started = upload(browser, FIRMS)
    checked(browser, started, work_off)
    base = started.headers["Location"].removesuffix("/setup")
    browser.post(f"{base}/run")
    work_off()
    page = browser.get("/imports")
    assert "clients.csv Accounts Anna Petrova" in page.text
    assert f"{base}/undo" in page.links()
    browser.post(f"{base}/undo")
    work_off()
    page = browser.get("/imports")
    assert "Undone" in page.text
    assert f"{base}/undo" not in page.links()


def test_a_long_list_of_imports_needs_no_more_statements_than_a_short_one(
    browser: Browser, upload: Upload, count_statements: Any
) -> None:
    needed = []
    for _time in range(2):
        upload(browser, FIRMS)
        with count_statements() as seen:
            browser.get("/imports")
        needed.append(len(seen))
    assert needed[0] == needed[1]


@pytest.mark.modules("example")
def test_the_records_of_a_module_come_in_the_same_way(
    crm: Crm, browser: Browser, upload: Upload, work_off: WorkOff
) -> None:
    entity = crm.entities["example.asset"]
    heading = next(str(field.label) for field in entity.fields if field.name == entity.title)
    assert 'value="example.asset"' in browser.get("/import").html
    content = f"{heading},Serial number,Account\nLathe,A-1,Elki\nDrill,,Elki\n".encode()
    started = upload(browser, content, entity="example.asset")
    assert settings(browser.follow(started))["column.0"] == entity.title
    page = checked(browser, started, work_off)
    assert "Will be added 1" in page.text
    assert "2 3 Serial number: This is needed. Drill" in page.text
    browser.post(started.headers["Location"].replace("/setup", "/run"))
    work_off()
    assert (count(crm, entity.model), count(crm)) == (1, 1)


def test_russian_readers_get_russian_reasons(sign_in: SignIn, upload: Upload, work_off: WorkOff) -> None:
    olga = sign_in("olga", name="Ольга", language="ru")
    page = checked(olga, upload(olga, FIRMS), work_off)
    assert "«many» — не число." in page.text
    assert not re.search(r"[A-Za-z]{4,}", re.sub(r"many|Lampa|clients\.csv", "", _main(page)))


def _main(page: Page) -> str:
    found = re.search(r"<main.*?</main>", page.html, re.DOTALL)
    assert found
    return " ".join(re.sub(r"<[^>]*>", " ", found[0]).split())
