"""A new user's first hour: files in, a client found, a call written down, files out, everything taken back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select

from crm_core.model import Account, Contact, ContactPoint, SearchRow
from crm_web.testing import LOGIN, PASSWORD, Site, accessible, opened_page

DATA = Path(__file__).parents[4] / "shared" / "data"
PEOPLE = (
    "Фамилия;Имя;Отчество;Телефон;E-mail;Компания;Дата рождения\r\n"
    "Соловьёв;Пётр;Ильич;8 (903) 111-22-33;petr@elki.example;ООО «Ёлки»;05.03.1980\r\n"
    "Ким;Анна;;+7 495 000-00-01;anna@;ООО «Ёлки»;31.12.1979\r\n"
    "Орлова;Ольга;;+44 20 7946 0958;olga@vector.example;ЗАО «Вектор»;01.02.1990\r\n"
)
CARDS = (
    "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D0=9B=D0=B8=D0=BF=D0=B0;;;;\r\n"
    "TEL;CELL:+79160000002\r\nEND:VCARD\r\n"
    "BEGIN:VCARD\r\nVERSION:4.0\r\nNOTE:nobody\r\nEND:VCARD\r\n"
)


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    """The page of the administrator, who has just signed in through the form."""
    with opened_page(chromium, site, sign_in=False) as opened:
        opened.goto("/")
        opened.fill("[name=login]", LOGIN)
        opened.fill("[name=password]", PASSWORD)
        opened.click("[data-primary]")
        expect(opened.locator("h1")).to_contain_text("Мария")
        yield opened


def written(folder: Path, name: str, content: str, encoding: str = "utf-8") -> Path:
    """A file on the user's disk."""
    path = folder / name
    path.write_bytes(content.encode(encoding))
    return path


def chosen(page: Page, file: Path, entity: str) -> None:
    """Choose a file on the first page of the wizard and go on."""
    page.goto(f"/import?entity={entity}")
    page.set_input_files("#f-file", file)
    page.click("#upload [data-primary]")


def tried(page: Page, file: Path, entity: str) -> None:
    """The same, up to what the dry run says."""
    chosen(page, file, entity)
    page.wait_for_url("**/setup")
    page.click("#setup [data-primary]")
    expect(page.locator(".stats")).to_be_visible()


def imported(page: Page, file: Path, entity: str) -> dict[str, str]:
    """Import a file all the way; gives the figures of the report, which are those of the dry run."""
    tried(page, file, entity)
    foretold = figures(page)
    page.click("form[action$='/run'] button")
    expect(page.get_by_text("Открыть записи")).to_be_visible()
    assert figures(page) == foretold
    return foretold


def figures(page: Page) -> dict[str, str]:
    """Added, changed, left out, with errors."""
    texts = page.locator(".stat-value").all_inner_texts()
    return dict(zip(("added", "changed", "left out", "errors"), texts, strict=True))


def undone(page: Page, address: str) -> None:
    """Undo an import from its page."""
    page.goto(address)
    page.click("a[href$='/undo']")
    page.click("#dialog form button.btn-danger")
    expect(page.get_by_text("Это отменено")).to_be_visible()


def left(site: Site) -> dict[str, int]:
    """How many live clients, contact points and search rows there are."""
    with site.crm.database.read.connect() as connection:
        counts = {}
        for model in (Account, Contact, ContactPoint, SearchRow):
            table = model.__table__
            statement = select(func.count()).select_from(table)
            if "deleted_at" in table.c:
                statement = statement.where(table.c.deleted_at.is_(None))
            counts[table.name] = connection.scalar(statement) or 0
        return counts


def found_by(page: Page, *typed: str) -> None:
    """Each of the texts, typed into the palette, finds Solovyov."""
    page.keyboard.press("Control+k")
    for text in typed:
        page.locator("#palette [name=q]").fill("")
        expect(page.locator("#palette .palette-item", has_text="Соловьёв")).to_have_count(0)
        page.locator("#palette [name=q]").fill(text)
        expect(page.locator("#palette .palette-item").first).to_contain_text("Соловьёв")


def test_clients_come_in_are_found_called_taken_out_and_taken_back(page: Page, site: Site, tmp_path: Path) -> None:
    file = written(tmp_path, "люди.csv", PEOPLE, "cp1251")
    tried(page, file, "core.contact")
    assert figures(page) == {"added": "2", "changed": "0", "left out": "0", "errors": "1"}
    expect(page.get_by_text("«anna@» — не адрес электронной почты.")).to_be_visible()
    with page.expect_download() as errors:
        page.click("a[href$='/errors.csv']")
    assert "Ким;Анна" in Path(errors.value.path()).read_text("utf-8-sig")
    page.click("form[action$='/run'] button")
    expect(page.get_by_text("Открыть записи")).to_be_visible()
    batch = page.url
    found_by(page, "соловьев", "ловьё", "cjkjdmtd", "9031112233")
    page.locator("#palette .palette-item").first.click()
    expect(page.locator("h1")).to_contain_text("Соловьёв Пётр Ильич")
    page.locator("form.composer label.kind", has_text="Звонок").click()
    page.locator("form.composer [name=body]").fill("Договорились о встрече")
    page.click("form.composer [data-primary]")
    expect(page.locator(".events")).to_contain_text("Договорились о встрече")
    assert exported(page) == ["Орлова Ольга", "Соловьёв Пётр Ильич"]
    undone(page, batch)
    expect(page.locator("main")).to_contain_text("2 — в корзине, потому что у них появилась история")
    page.goto("/contacts")
    expect(page.get_by_text("Здесь пока пусто")).to_be_visible()
    assert {name: number for name, number in left(site).items() if name in {"core_account", "core_contact"}} == {
        "core_account": 0,
        "core_contact": 0,
    }


def exported(page: Page) -> list[str]:
    """Export the list of people through the dialog; gives the names in the file."""
    page.goto("/contacts?sort=name")
    page.click("a[href*='/contacts/export']")
    page.locator("#dialog [value=csv]").check()
    page.click("#dialog [data-primary]")
    with page.expect_download() as download:
        page.click("#dialog >> text=Скачать")
    assert re.fullmatch(r"Контакты \d{4}-\d\d-\d\d\.csv", download.value.suggested_filename)
    lines = Path(download.value.path()).read_text("utf-8-sig").splitlines()
    return [line.partition(";")[0] for line in lines[1:]]


def test_bad_cards_are_told_one_by_one_and_good_ones_come_in(page: Page, tmp_path: Path) -> None:
    tried(page, written(tmp_path, "phone.vcf", CARDS), "core.contact")
    assert figures(page)["errors"] == "1"
    expect(page.get_by_text("В визитке 2 (строка 6) нет ни имени")).to_be_visible()
    page.click("form[action$='/run'] button")
    page.click("text=Открыть записи")
    expect(page.locator("tbody")).to_contain_text("Липа")


def test_a_file_that_is_none_is_refused_where_one_is(page: Page, tmp_path: Path) -> None:
    chosen(page, written(tmp_path, "page.csv", "<!DOCTYPE html><html></html>"), "core.contact")
    expect(page.locator("#upload .notice-danger")).to_contain_text("Это веб-страница")
    page.set_input_files("#f-file", written(tmp_path, "люди.csv", PEOPLE, "cp1251"))
    page.click("#upload [data-primary]")
    page.wait_for_url("**/setup")
    expect(page.locator("[name='shape.encoding']")).to_have_value("cp1251")


def test_another_encoding_is_tried_as_soon_as_it_is_chosen(page: Page, tmp_path: Path) -> None:
    chosen(page, written(tmp_path, "люди.csv", PEOPLE, "cp1251"), "core.contact")
    page.wait_for_url("**/setup")
    page.select_option("[name='shape.encoding']", "koi8-r")
    page.wait_for_url("**chosen=encoding")
    expect(page.locator(".import-columns")).not_to_contain_text("Соловьёв")
    page.select_option("[name='shape.encoding']", "cp1251")
    expect(page.locator(".import-columns")).to_contain_text("Соловьёв")


def test_every_page_of_the_wizard_is_accessible(page: Page, tmp_path: Path) -> None:
    found = {}
    page.goto("/import")
    found["upload"] = accessible(page)
    chosen(page, written(tmp_path, "люди.csv", PEOPLE, "cp1251"), "core.contact")
    page.wait_for_url("**/setup")
    found["setup"] = accessible(page)
    page.click("#setup [data-primary]")
    expect(page.locator(".stats")).to_be_visible()
    found["checked"] = accessible(page)
    for path in ("/imports", "/jobs"):
        page.goto(path)
        found[path] = accessible(page)
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_without_scripts_everything_works_too(chromium: Browser, site: Site, tmp_path: Path) -> None:
    with site.session() as client:
        cookie = str(client.cookies["crm_staff"])
    context = chromium.new_context(java_script_enabled=False, base_url=site.url)
    context.add_cookies([{"name": "crm_staff", "value": cookie, "url": site.url}])
    page = context.new_page()
    chosen(page, written(tmp_path, "люди.csv", PEOPLE, "cp1251"), "core.contact")
    page.select_option("[name='shape.date_order']", "ymd")
    page.click("noscript button[value=shape]")
    expect(page.locator("[name='shape.date_order']")).to_have_value("ymd")
    page.select_option("[name='shape.date_order']", "dmy")
    page.select_option("[name='column.6']", "")
    page.click("text=Проверить файл")
    # The page asks again by itself, scripts or not.
    expect(page.locator(".stats")).to_be_visible()
    page.click("form[action$='/run'] button")
    expect(page.get_by_text("Открыть записи")).to_be_visible()
    page.click("text=Отменить")
    page.click("main form button.btn-danger")
    expect(page.get_by_text("Это отменено")).to_be_visible()
    context.close()
    assert left(site)["core_contact"] == 0


def test_a_long_import_can_be_left_watched_and_stopped(page: Page, site: Site, tmp_path: Path) -> None:
    rows = "".join(f"Firm {n};Town {n};+7 495 {n // 100:03}-{n % 100:02}-00\n" for n in range(40_000))
    tried(page, written(tmp_path, "many.csv", "Name;City;Phone\n" + rows), "core.account")
    assert figures(page)["added"].replace("\xa0", "") == "40000"
    page.click("form[action$='/run'] button")
    expect(page.locator(".import-progress progress")).to_be_visible()
    address = page.url
    page.goto("/imports")
    expect(page.locator("tbody tr").first).to_contain_text("Выполняется")
    page.goto(address)
    expect(page.locator(".import-progress")).to_contain_text(re.compile(r"[1-9][\d\s]* из 40"))
    page.click("form[action$='/cancel'] button")
    expect(page.get_by_text("Остановлено до конца")).to_be_visible()
    added = int(figures(page)["added"].replace("\xa0", ""))
    assert 0 < added < 40_000
    assert left(site)["core_account"] == added
    undone(page, address)
    assert left(site)["core_account"] == 0


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared data are not beside this checkout")
def test_real_exports_come_in_and_go_without_a_trace(page: Page, site: Site) -> None:
    nothing = left(site)
    batches = []
    for name, entity, added in (
        ("maven_crm_sales/accounts.csv", "core.account", "85"),
        ("russian_csv_encodings/people_cases.cp1251_semicolon.csv", "core.contact", "16"),
        ("salesforce_dataloader/samples/data/accountData.csv", "core.account", None),
    ):
        report = imported(page, DATA / name, entity)
        assert added in {None, report["added"]}
        assert report["errors"] == "0"
        batches.append(page.url)
    refused = []
    for path in sorted((DATA / "vcards").rglob("*.vcf")):
        chosen(page, path, "core.contact")
        page.locator("#setup, #upload .notice-danger").wait_for()
        if page.locator("#upload").count():
            refused.append(path.name)
            continue
        page.click("#setup [data-primary]")
        expect(page.locator(".stats")).to_be_visible()
        if page.locator("form[action$='/run']").count():
            page.click("form[action$='/run'] button")
            expect(page.get_by_text("Открыть записи")).to_be_visible()
            batches.append(page.url)
    assert refused == ["user-cal.vcf"]
    assert left(site)["core_contact"] > 16
    for address in reversed(batches):
        undone(page, address)
    assert left(site) == nothing
