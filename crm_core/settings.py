"""Settings of one installation, read from the environment once and passed along as a value."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Settings", "read_settings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one installation is set up.

    ``database_url`` is an SQLAlchemy address; ``data_dir`` holds the embedded database, uploaded
    import files, the asset cache and the secret key. ``base_url`` is the address that people type;
    cookies are ``Secure`` exactly when it is https.
    """

    database_url: str
    data_dir: Path
    base_url: str = "http://127.0.0.1:8000"
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 2
    threads: int = 4
    strict: bool = False
    safe_mode: bool = False
    language: str = "en"
    zone: str = "Europe/Moscow"
    jobs: str = "embedded"
    trusted_hosts: tuple[str, ...] = ()

    @property
    def sqlite(self) -> bool:
        """Whether the embedded database is used."""
        return self.database_url.startswith("sqlite")


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings that the ``CRM_*`` variables describe; every one has a working default."""
    env = os.environ if environ is None else environ
    data_dir = Path(env.get("CRM_DATA_DIR", "var")).absolute()
    host, port = env.get("CRM_HOST", "127.0.0.1"), int(env.get("CRM_PORT", "8000"))
    return Settings(
        database_url=_driver(env.get("CRM_DATABASE_URL") or f"sqlite:///{data_dir / 'crm.db'}"),
        data_dir=data_dir,
        base_url=env.get("CRM_BASE_URL", f"http://{host}:{port}").rstrip("/"),
        host=host,
        port=port,
        workers=int(env.get("CRM_WORKERS", "2")),
        threads=int(env.get("CRM_THREADS", "4")),
        strict=_flag(env, "CRM_STRICT"),
        safe_mode=_flag(env, "CRM_SAFE_MODE"),
        language=env.get("CRM_LANGUAGE", "en"),
        zone=env.get("CRM_ZONE", "Europe/Moscow"),
        jobs=env.get("CRM_JOBS", "embedded"),
        trusted_hosts=tuple(filter(None, env.get("CRM_TRUSTED_HOSTS", "").split(","))),
    )


def _flag(env: Mapping[str, str], name: str) -> bool:
    return env.get(name, "").lower() in {"1", "true", "yes", "on"}


def _driver(url: str) -> str:
    """PostgreSQL addresses as people write them, with the driver that we use."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url
