"""The page of background work: one's own, everybody's for administrators, trying again, stopping."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import update

from crm_core.model import Job
from crm_core.runtime import Crm
from crm_core.testing.factories import make_accounts

from .conftest import Browser, SignIn, WorkOff

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def export(browser: Browser) -> str:
    """Ask for an export; gives the id of its job."""
    address = browser.post("/accounts/export", {"list": "", "format": "csv"}).headers["Location"]
    return address.rsplit("/", 1)[1]


def break_jobs(crm: Crm) -> None:
    """Let all jobs fail for the last time."""
    with crm.database.lane(), crm.database.write.begin() as connection:
        values = {"state": "dead", "error": "Traceback (most recent call last):\n  secret line\nOSError: disk full"}
        connection.execute(update(Job.__table__).values(values))


def test_everybody_sees_their_own_jobs_and_administrators_all(
    crm: Crm, browser: Browser, sign_in: SignIn, work_off: WorkOff
) -> None:
    make_accounts(crm, 1)
    boris = sign_in("boris", permissions=(), name="Boris Ivanov")
    job = export(boris)
    assert f"/exports/{job}" in boris.get("/jobs").links()
    assert "Boris Ivanov" in browser.get("/jobs").text
    assert "Nothing was done lately" in browser.get("/jobs?mine=1").text
    assert "Nothing was done lately" in sign_in("rita", permissions=()).get("/jobs").text
    work_off()
    assert "Export" in boris.get("/jobs?group=done").text


def test_waiting_jobs_are_watched(crm: Crm, browser: Browser) -> None:
    make_accounts(crm, 1)
    export(browser)
    assert 'hx-get="/jobs?group=waiting' in browser.get("/jobs").html
    piece = browser.get("/jobs?group=waiting&mine=1", htmx=True)
    assert 'hx-get="/jobs?group=waiting&amp;mine=1"' in piece.html
    assert "<main" not in piece.html
    assert "hx-get" not in re.sub(r".*<main", "", browser.get("/jobs?group=done", htmx=True).html)


def test_a_failed_job_shows_its_reason_and_is_tried_again(
    crm: Crm, browser: Browser, sign_in: SignIn, work_off: WorkOff
) -> None:
    make_accounts(crm, 1)
    boris = sign_in("boris", permissions=())
    job = export(boris)
    break_jobs(crm)
    assert "OSError: disk full" in boris.get("/jobs").text
    assert "secret line" not in boris.get("/jobs").text
    assert "secret line" in browser.get("/jobs").text
    assert sign_in("rita", permissions=()).post(f"/jobs/{job}/again").status == 404
    page = boris.follow(boris.post(f"/jobs/{job}/again", {"mine": "1"}))
    assert "It is being tried again" in page.text
    work_off()
    assert "1 record is in the file." in boris.get(f"/exports/{job}").text


def test_a_job_is_stopped(crm: Crm, browser: Browser, sign_in: SignIn, work_off: WorkOff) -> None:
    job = export(browser)
    assert sign_in("rita", permissions=()).post(f"/jobs/{job}/cancel").status == 404
    browser.post(f"/jobs/{job}/cancel")
    work_off()
    assert "Stopped" in browser.get("/jobs?group=done").text


def test_an_unknown_group_does_not_exist(browser: Browser) -> None:
    assert browser.get("/jobs?group=secret").status == 404
