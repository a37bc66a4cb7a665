"""The table of contents of the web shell."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, Request
from flask.sessions import NullSession, SessionInterface
from flask_compress import Compress

from crm_core.runtime import Crm
from crm_core.settings import Settings
from crm_web.api import blueprint_for
from crm_web.assets import Assets
from crm_web.context import provide_context
from crm_web.environment import set_up_environment
from crm_web.errors import answer_failures
from crm_web.guard import MAX_FORM_BYTES, guard_requests
from crm_web.headers import secure
from crm_web.mount import mount_modules
from crm_web.policy import policies_of
from crm_web.secret import secret_key
from crm_web.serving import prepare_module_files, serve_static
from crm_web.shell import Shell
from crm_web.toast import carry_toasts
from crm_web.views import mount_views

__all__ = ["build_app"]

DIST = Path(__file__).parent / "static" / "dist"
MAX_UPLOAD_BYTES = 256 * 1024 * 1024
MAX_FORM_PARTS = 5000
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_ANY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - recognised, not bound


def build_app(crm: Crm, *, strict: bool | None = None) -> Flask:
    """What ``create_app`` promises; ``strict`` raises for a module that would be left out (as in the settings)."""
    app = Flask("crm_web", static_folder=None, template_folder=None)
    https = crm.settings.base_url.startswith("https:")
    key = secret_key(crm.settings.data_dir)
    shell = Shell(crm=crm, assets=Assets(DIST))
    app.extensions["crm"] = shell
    configure(app, crm.settings, key)
    set_up_environment(app.jinja_env, crm)
    Compress(app)
    secure(app, https=https)
    carry_toasts(app, key, https=https)
    guard_requests(app, shell)
    answer_failures(app)
    provide_context(app)
    mount_views(app, crm)
    app.register_blueprint(blueprint_for(crm), url_prefix="/api/v1")
    mount_modules(app, shell, strict=crm.settings.strict if strict is None else strict)
    shell.policies = policies_of(app)
    serve_files(app, shell)
    return app


class NoCookieSessions(SessionInterface):
    """Who is signed in stands in the database, not in a cookie of Flask: looking for one costs every request."""

    def open_session(self, app: Flask, request: Request) -> NullSession:
        """A session that cannot be written to."""
        return NullSession()


def configure(app: Flask, settings: Settings, key: bytes) -> None:
    """Limits, hosts, compression."""
    app.secret_key = key
    app.session_interface = NoCookieSessions()
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_UPLOAD_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_FORM_BYTES,
        MAX_FORM_PARTS=MAX_FORM_PARTS,
        TRUSTED_HOSTS=trusted_hosts(settings),
        COMPRESS_MIMETYPES=["text/html", "application/json", "application/problem+json", "text/plain"],
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_ALGORITHM_STREAMING=["br"],
        COMPRESS_BR_LEVEL=4,
        COMPRESS_LEVEL=5,
        COMPRESS_EVALUATE_CONDITIONAL_REQUEST=False,
    )


def trusted_hosts(settings: Settings) -> list[str] | None:
    """The names under which this installation answers; ``None`` (all) only where none can be known."""
    host = urlsplit(settings.base_url).hostname or ""
    if host in _ANY_ADDRESS and not settings.trusted_hosts:
        return None
    return list(dict.fromkeys([host, *_LOOPBACK, *settings.trusted_hosts]))


def serve_files(app: Flask, shell: Shell) -> None:
    """Put the static files of the shell and of the modules in front of the app."""
    cache = shell.crm.settings.data_dir / "cache" / "static"
    prepared = {
        module.name: prepare_module_files(module, cache) for module in shell.crm.modules if module.name != "core"
    }
    files = {name: found for name, found in prepared.items() if found is not None}
    shell.static = {name: address for name, (address, _folder) in files.items()}
    app.wsgi_app = serve_static(app.wsgi_app, DIST, files)  # type: ignore[method-assign]
