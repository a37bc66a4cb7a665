"""The reference of the interface is true: its examples are run as they stand there, one after the other."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask

from crm_web.api.problem import KINDS

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "api.md").read_text(encoding="utf-8")


def test_the_examples_do_what_the_page_says(
    app: Flask, caller: Callable[..., httpx.Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = caller().headers["Authorization"].removeprefix("Bearer ")
    real = httpx.Client

    def client(**options: Any) -> httpx.Client:
        return real(transport=httpx.WSGITransport(app=app), **options)

    monkeypatch.setattr(httpx, "Client", client)
    examples = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {"token": token}
    for number, example in enumerate(examples):
        exec(compile(example, f"api.md, example {number + 1}", "exec"), names)  # noqa: S102 - our own page
    assert len(examples) >= 10


def test_the_page_names_every_type_of_problem() -> None:
    rows = re.findall(r"^\| (\d{3}) \| (.+?) \|", PAGE, re.MULTILINE)
    named = {(int(status), kind) for status, kinds in rows for kind in re.findall(r"`([\w-]+)`", kinds)}
    assert named == {(kind.status, kind.id) for kind in KINDS.values()}
