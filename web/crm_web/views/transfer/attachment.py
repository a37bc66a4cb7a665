"""Sending a file that is meant for one person."""

from __future__ import annotations

from pathlib import Path

from flask import Response, send_file

__all__ = ["attachment"]

_MEDIA = {
    ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".vcf": "text/vcard",
}


def attachment(path: Path, name: str) -> Response:
    """The answer that makes the browser save the file under that name; no cache keeps it."""
    response = send_file(path, mimetype=_MEDIA[path.suffix], as_attachment=True, download_name=name)
    response.headers["Cache-Control"] = "no-store"
    return response
