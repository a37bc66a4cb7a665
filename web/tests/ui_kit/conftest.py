"""A small site over the real templates, and a real browser, for the tests of the UI kit."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from socketserver import ThreadingMixIn
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from crm_web.assets import Assets

HERE = Path(__file__).resolve().parent
WEB = HERE.parents[1]
TEMPLATES = WEB / "crm_web" / "templates"
DIST = WEB / "crm_web" / "static" / "dist"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src-elem 'self'; style-src-attr 'none'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; frame-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
TIMEOUT_MS = 8_000
MOMENT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
DEVICES: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1366, "height": 768}},
    "phone": {
        "viewport": {"width": 360, "height": 740},
        "is_mobile": True,
        "has_touch": True,
        "device_scale_factor": 2,
    },
}
MEDIA = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2"}


def sample_rows() -> list[dict[str, str]]:
    names = ["ООО «Ромашка»", "Alfa Lighting", "Иванов Пётр", "Northwind Traders", "ЗАО «Вектор-Плюс»", "Café Lumière"]
    cities = ["Казань", "London", "Москва", "Пермь"]
    states = [("success", "Customer"), ("info", "New"), ("warning", "Asleep"), ("neutral", "Lost")]
    return [
        {
            "id": str(n),
            "name": f"{names[n % 6]} {n}",
            "city": cities[n % 4],
            "phone": f"+7912000{n:04}",
            "tone": states[n % 4][0],
            "status": states[n % 4][1],
            "owner": ["Anna Petrova", "Борис Иванов"][n % 2],
            "turnover": f"{n * 1234:,}".replace(",", " "),
        }
        for n in range(50)
    ]


def russian() -> Callable[[str], str]:
    """The Russian catalogue of the shell, as far as it exists."""
    from babel.messages.pofile import read_po

    path = WEB / "crm_web" / "locale" / "ru" / "LC_MESSAGES" / "web.po"
    if not path.is_file():
        return str
    with path.open("rb") as file:
        catalog = read_po(file)
    texts = {message.id: message.string for message in catalog if isinstance(message.id, str) and message.string}
    return lambda msgid: str(texts.get(msgid, msgid))


def navigation(path: str, _: Callable[[str], str]) -> list[dict[str, Any]]:
    def item(label: str, url: str, icon: str, key: str | None, count: int | None = None) -> dict[str, Any]:
        return {"label": _(label), "url": url, "icon": icon, "key": key, "active": url == path, "count": count}

    return [
        {
            "label": None,
            "items": [
                item("My day", "/", "home", "d"),
                item("Accounts", "/list", "building", "a"),
                item("Contacts", "/card", "users", "c"),
            ],
        },
        {
            "label": _("Sales"),
            "items": [item("Deals", "/deals", "target", "s", 12), item("Orders", "/orders", "shopping-cart", None)],
        },
        {
            "label": _("Administration"),
            "items": [item("Modules", "/modules", "puzzle", "m"), item("Settings", "/settings", "settings", None)],
        },
    ]


class KitSite:
    """A WSGI site over the real templates; it remembers what was posted."""

    def __init__(self) -> None:
        self.address = ""
        self.posts: list[dict[str, Any]] = []
        self.polls = 0
        self.assets = Assets(DIST)
        self.sample = json.loads((HERE / "sample.json").read_text(encoding="utf-8"))
        self.environment = Environment(
            loader=FileSystemLoader([TEMPLATES, HERE / "templates"]),
            autoescape=True,
            undefined=StrictUndefined,
            extensions=["jinja2.ext.i18n"],
        )

    def context(self, path: str, lang: str, theme: str) -> dict[str, Any]:
        translate = russian() if lang == "ru" else str
        self.environment.install_gettext_callables(  # type: ignore[attr-defined]
            translate, lambda one, many, n: translate(one if n == 1 else many), newstyle=True
        )
        return {
            "assets": self.assets,
            "csrf_token": lambda: "token-1",
            "idempotency_key": lambda: "key-1",
            "lang": lang,
            "theme": theme,
            "actor": SimpleNamespace(name="Anna Petrova", initials="AP", can=lambda _permission: True),
            "nav": navigation(path, translate),
            "number": lambda n: f"{n:,}".replace(",", " "),
            "nonce": "n",
            "t": str,
            "instant": lambda at: at.strftime("%d.%m.%Y %H:%M"),
            "ago": lambda _at: "2 hours ago",
            "day": str,
            "money": str,
            "fields": self.sample["fields"],
            "rows": sample_rows(),
            "events": [{**event, "when": MOMENT} for event in self.sample["events"]],
            "moment": MOMENT,
        }

    def render(self, template: str, path: str, query: dict[str, list[str]], **more: Any) -> str:
        lang, theme = query.get("lang", ["en"])[0], query.get("theme", ["auto"])[0]
        return self.environment.get_template(template).render({**self.context(path, lang, theme), **more})

    def page(self, path: str, query: dict[str, list[str]]) -> str | None:
        named = {"/": "swatch.html", "/list": "list.html", "/card": "card.html"}
        if path in named:
            return self.render(named[path], path, query)
        if path == "/error":
            return self.render(
                "error.html", path, query, code=404, title="Not found", text="It may have moved.", ref="e-1"
            )
        if path == "/bare":
            return self.render("error.html", path, query, code=403, title="No access", actor=None)
        return self.fragment(path, query)

    def fragment(self, path: str, query: dict[str, list[str]]) -> str | None:
        if path == "/dialog":
            return self.render("dialog.html", path, query, failed=False, typed="")
        if path == "/find":
            typed = query.get("q", [""])[0].lower()
            hits = [
                (str(n), name, "Казань") for n, name in enumerate(["Anna", "Antonio", "Boris"]) if typed in name.lower()
            ]
            return self.render("find.html", path, query, hits=hits)
        if path == "/palette":
            return self.render("palette.html", path, query)
        if path == "/poll":
            self.polls += 1
            return "<p id='poll-done'>Finished</p>"
        return {"/lazy": "<p id='lazy-done'>Three deals</p>", "/fact": "<input aria-label='City' value='Казань'>"}.get(
            path
        )

    def post(self, path: str, headers: dict[str, str], body: bytes) -> tuple[str, list[tuple[str, str]], str]:
        values = parse_qs(body.decode("utf-8", "replace"))
        form = {key: all_of_it[0] for key, all_of_it in values.items()}
        self.posts.append({"path": path, "form": form, "values": values, "csrf": headers.get("HTTP_X_CSRF_TOKEN")})
        if path == "/answer-422" and not form.get("name"):
            return "422 Unprocessable Content", [], self.render("dialog.html", path, {}, failed=True, typed="")
        if path == "/answer-422":
            toast = '{"crm:toast": {"message": "Account created", "undo": "/undo"}, "crm:close-dialog": {}}'
            return "200 OK", [("HX-Trigger", toast)], self.render("partial.html", path, {})
        if path == "/broken":
            return "500 Internal Server Error", [], "<h1>secret stack trace</h1>"
        if path == "/slow":
            time.sleep(0.5)
        return "303 See Other", [("Location", "/list")], ""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        path, query = environ["PATH_INFO"], parse_qs(environ["QUERY_STRING"])
        status, headers, body = "200 OK", [("Content-Security-Policy", POLICY)], b""
        kind = "text/html; charset=utf-8"
        if path.startswith("/static/dist/"):
            file = DIST / Path(path).name
            kind, body = MEDIA[file.suffix], file.read_bytes()
        elif environ["REQUEST_METHOD"] == "POST":
            status, more, text = self.post(
                path, environ, environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            )
            headers, body = headers + more, text.encode()
        elif (found := self.page(path, query)) is not None:
            body = found.encode()
        else:
            status, body = "404 Not Found", b"<p>nothing</p>"
        start_response(status, [*headers, ("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]


class QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """The test run's output is not the place for an access log."""


class ThreadedServer(ThreadingMixIn, WSGIServer):
    daemon_threads = True


@pytest.fixture(scope="session")
def running_site() -> Iterator[KitSite]:
    if not (DIST / "manifest.json").is_file():
        pytest.skip("the front-end assets are not built; run `make assets`")
    site = KitSite()
    server = make_server("127.0.0.1", 0, site, server_class=ThreadedServer, handler_class=QuietHandler)
    site.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield site
    server.shutdown()
    server.server_close()


@pytest.fixture
def site(running_site: KitSite) -> KitSite:
    """The site, with nothing posted yet."""
    running_site.posts.clear()
    running_site.polls = 0
    return running_site


@pytest.fixture
def browser(chromium: Browser) -> Browser:
    return chromium


class Visitor:
    """Opens pages on a device and collects what browsers complain about on the way."""

    def __init__(self, browser: Browser, address: str) -> None:
        self._browser, self._address = browser, address
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    def open(self, path: str, device: str = "desktop", theme: str = "light", **options: Any) -> Page:
        context = self._browser.new_context(base_url=self._address, **{**DEVICES[device], **options})
        self._contexts.append(context)
        context.set_default_timeout(TIMEOUT_MS)
        page = context.new_page()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(f"{path}{'&' if '?' in path else '?'}theme={theme}")
        return page

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def close(self) -> None:
        for context in self._contexts:
            context.close()


@pytest.fixture
def visitor(browser: Browser, site: KitSite) -> Iterator[Visitor]:
    """Whoever uses it may not leave a console error or a refused resource behind, unless the test takes it out."""
    visiting = Visitor(browser, site.address)
    yield visiting
    visiting.close()
    assert visiting.complaints == []
