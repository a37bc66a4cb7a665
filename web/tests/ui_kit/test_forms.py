"""Forms: sent once, nothing typed is lost, refusals are shown where they belong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from crm_web.testing import wait_until

pytestmark = pytest.mark.browser


def test_a_refused_dialog_keeps_its_place_and_a_good_one_ends_in_a_toast_with_undo(visitor: Any, site: Any) -> None:
    page = visitor.open("/")
    page.click(".page-head [data-dialog]")
    page.click("#dialog [data-primary]")
    expect(page.locator("#d-name[aria-invalid=true]")).to_be_focused()
    page.fill("#d-name", "Romashka")
    page.click("#dialog [data-primary]")
    expect(page.locator("#dialog")).to_be_hidden()
    expect(page.locator("#second-region")).to_have_text("Second region")
    expect(page.locator("#toasts")).to_contain_text("Account created")
    assert [post["csrf"] for post in site.posts] == ["token-1", "token-1"]
    page.keyboard.press("u")
    expect(page.locator("#toasts")).not_to_contain_text("Account created")
    wait_until(lambda: site.posts[-1]["path"] == "/undo", 10)
    assert "422" in visitor.complaints.pop()


def test_two_clicks_send_a_form_once(visitor: Any, site: Any) -> None:
    page = visitor.open("/card")
    page.evaluate("document.querySelector('.composer').action = '/slow'")
    page.fill(".composer textarea", "once")
    page.evaluate("() => { const b = document.querySelector('.composer [data-primary]'); b.click(); b.click() }")
    page.wait_for_url("**/list")
    assert [post["path"] for post in site.posts] == ["/slow"]


def test_a_server_error_is_said_and_not_swapped_in(visitor: Any) -> None:
    page = visitor.open("/list")
    page.click(".page-head [data-dialog]")
    page.locator("#dialog form").wait_for()
    page.evaluate(
        "() => { const f = document.querySelector('#dialog form'); f.setAttribute('hx-post', '/broken'); "
        "f.dispatchEvent(new Event('submit', {bubbles: true, cancelable: true})) }"
    )
    expect(page.locator("#toasts")).to_contain_text("could not do this")
    expect(page.locator("body")).not_to_contain_text("secret stack trace")
    expect(page.locator("#dialog [data-primary]")).to_be_enabled()
    assert "500" in visitor.complaints.pop()


def test_without_a_connection_a_form_is_not_sent_and_the_text_stays(visitor: Any, site: Any) -> None:
    page = visitor.open("/card")
    page.fill(".composer textarea", "on the train")
    page.context.set_offline(True)
    page.click(".composer [data-primary]")
    expect(page.locator("#connection")).to_contain_text("No connection")
    expect(page.locator(".composer textarea")).to_have_value("on the train")
    assert site.posts == []
    page.context.set_offline(False)
    expect(page.locator("#connection")).to_be_hidden()


def test_a_draft_comes_back_until_it_is_saved(visitor: Any) -> None:
    page = visitor.open("/card")
    page.fill(".composer textarea", "half a note")
    page.goto("/list")
    page.goto("/card")
    expect(page.locator(".composer textarea")).to_have_value("half a note")
    expect(page.locator(".draft-note")).to_be_visible()
    page.click(".composer [data-primary]")
    page.wait_for_url("**/list")
    page.goto("/card")
    expect(page.locator(".composer textarea")).to_have_value("")


def test_a_restored_draft_can_be_thrown_away(visitor: Any) -> None:
    page = visitor.open("/card")
    page.fill(".composer textarea", "not that")
    page.reload()
    page.click(".draft-note button")
    expect(page.locator(".composer textarea")).to_have_value("")
    page.reload()
    expect(page.locator(".draft-note")).to_have_count(0)


def test_a_dangerous_button_asks_first_in_its_own_words(visitor: Any, site: Any) -> None:
    page = visitor.open("/")
    page.click(".page-head form[data-confirm] button")
    expect(page.locator("#confirm")).to_contain_text("Delete 3 accounts with 12 history entries?")
    page.keyboard.press("Escape")
    assert site.posts == []
    page.click(".page-head form[data-confirm] button")
    page.click("#confirm [data-confirm-yes]")
    page.wait_for_url("**/list")
    assert site.posts[0]["form"]["idempotency_key"] == "key-1"


def test_a_reference_is_found_by_typing_and_chosen_by_enter(visitor: Any, site: Any) -> None:
    page = visitor.open("/")
    box = page.locator("#f-owner_id")
    box.fill("an")
    expect(page.locator("#f-owner_id-list [role=option]")).to_have_count(2)
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).to_have_value("Antonio")
    assert page.locator("input[name=owner_id]").input_value() == "1"
    team = page.locator("#f-team")
    team.fill("boris")
    expect(page.locator("#f-team-list [role=option]")).to_have_count(1)
    team.press("Enter")
    assert page.locator("input[name=team]").evaluate_all("all => all.map(one => one.value)") == ["1", "2"]
    page.locator("[data-ref-remove]").first.click()
    page.click("#kit-form [data-primary]")
    page.wait_for_url("**/list")
    assert site.posts[0]["form"]["team"] == "2"


def test_text_that_is_not_a_choice_clears_the_reference(visitor: Any) -> None:
    page = visitor.open("/")
    page.fill("#f-owner_id", "zzz")
    expect(page.locator("#f-owner_id-list")).to_contain_text("Nothing found")
    assert page.locator("input[name=owner_id]").input_value() == ""


def test_tags_are_made_by_typing(visitor: Any, site: Any) -> None:
    page = visitor.open("/")
    page.locator("#f-tags-ts-control").fill("новый")
    page.keyboard.press("Enter")
    expect(page.locator(".ts-control .item", has_text="новый")).to_be_visible()


def test_an_upload_shows_its_progress_and_goes_on(visitor: Any, site: Any, tmp_path: Path) -> None:
    big = tmp_path / "big.csv"
    big.write_bytes(b"x" * 3_000_000)
    page = visitor.open("/")
    page.evaluate(
        "() => { window.seen = 0; new MutationObserver(() => window.seen++)"
        ".observe(document.querySelector('[data-upload-text]'), {childList: true}) }"
    )
    page.set_input_files("#u-file", big)
    page.evaluate("() => document.querySelector('#upload-form').requestSubmit()")
    page.wait_for_url("**/list")
    assert site.posts[0]["path"] == "/upload"


def test_a_password_can_be_looked_at(visitor: Any) -> None:
    page = visitor.open("/")
    page.click("[data-reveal]")
    expect(page.locator("#f-secret")).to_have_attribute("type", "text")
    expect(page.locator("[data-reveal]")).to_have_attribute("aria-pressed", "true")


def test_leaving_a_changed_form_without_a_draft_warns(visitor: Any) -> None:
    page = visitor.open("/")
    asked: list[str] = []

    def stay(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.evaluate(
        "() => { const f = document.querySelector('#kit-form'); delete f.dataset.draft; f.dataset.guard = '' }"
    )
    page.fill("#f-name", "changed")
    page.click(".nav-item[href='/list']")
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]


def test_hints_come_while_one_types_and_the_guards_stay_out_of_the_address(visitor: Any) -> None:
    page = visitor.open("/")
    page.click(".page-head [data-dialog]")
    expect(page.locator("#d-name")).to_be_focused()
    with page.expect_request("**/lazy?*") as asked:
        page.keyboard.type("Roma")
    assert "name=Roma" in asked.value.url
    assert "token" not in asked.value.url
    assert "key-1" not in asked.value.url
    expect(page.locator("#dialog #lazy-done")).to_be_visible()
