"""How states, outcomes and properties of files are called on the screens of imports."""

from __future__ import annotations

from collections.abc import Mapping

from crm_core.text import Msg, messages

__all__ = ["ADDRESS_LABELS", "CHOICE_LABELS", "KEYS", "ON_MATCH", "POINT_LABELS", "PROPERTIES", "STATES"]

_ = messages("web")

STATES: Mapping[str, tuple[Msg, str]] = {
    "draft": (_("Not imported yet"), "neutral"),
    "checking": (_("Being checked"), "info"),
    "checked": (_("Checked, not imported yet"), "neutral"),
    "running": (_("Running"), "info"),
    "done": (_("Done"), "success"),
    "cancelled": (_("Stopped"), "warning"),
    "failed": (_("Broke off"), "danger"),
    "undoing": (_("Being undone"), "info"),
    "undone": (_("Undone"), "neutral"),
}
"""The states of ``standing`` with the tone of their badge."""

PROPERTIES: Mapping[str, Msg] = {
    "sheet": _("Sheet"),
    "header": _("First row"),
    "encoding": _("Encoding"),
    "separator": _("Columns are separated by"),
    "quote": _("Texts are enclosed in"),
    "decimal_mark": _("Decimal mark"),
    "date_order": _("Dates"),
}

CHOICE_LABELS: Mapping[str, Mapping[str, Msg]] = {
    "header": {"yes": _("holds the headings"), "no": _("is a row like the others")},
    "encoding": {
        "utf-8": _("UTF-8"),
        "utf-8-sig": _("UTF-8 with a mark"),
        "cp1251": _("Windows-1251 (Cyrillic)"),
        "koi8-r": _("KOI8-R (Cyrillic)"),
        "cp866": _("DOS 866 (Cyrillic)"),
        "iso8859-5": _("ISO 8859-5 (Cyrillic)"),
        "mac-cyrillic": _("Mac (Cyrillic)"),
        "cp1252": _("Windows-1252 (Western)"),
        "latin-1": _("Latin-1 (Western)"),
        "utf-16": _("UTF-16"),
        "utf-16-le": _("UTF-16, little-endian"),
        "utf-16-be": _("UTF-16, big-endian"),
        "utf-32": _("UTF-32"),
    },
    "separator": {";": _("semicolon ;"), ",": _("comma ,"), "\t": _("tab"), "|": _("bar |")},
    "quote": {'"': _("double quotation marks"), "'": _("single quotation marks"), "": _("nothing")},
    "decimal_mark": {",": _("comma: 1234,50"), ".": _("point: 1234.50")},
    "date_order": {
        "dmy": _("day first: 31.12.2026"),
        "mdy": _("month first: 12/31/2026"),
        "ymd": _("year first: 2026-12-31"),
        "ambiguous": _("not clear: please choose"),
    },
}

KEYS: Mapping[str, Msg] = {
    "external_id": _("id in the other system"),
    "email": _("e-mail"),
    "phone": _("phone"),
    "inn": _("INN"),
    "name": _("name"),
}

ON_MATCH: Mapping[str, tuple[Msg, Msg]] = {
    "update": (_("Complete it"), _("Filled cells overwrite, empty cells change nothing.")),
    "skip": (_("Leave it as it is"), _("Only new records are added.")),
    "create": (_("Add it once more"), _("Nothing is compared: may make duplicates.")),
}

POINT_LABELS: Mapping[str, Msg] = {
    "work": _("work"),
    "mobile": _("mobile"),
    "home": _("home"),
    "fax": _("fax"),
    "other": _("other"),
}

ADDRESS_LABELS: Mapping[str, Msg] = {
    "billing": _("billing"),
    "legal": _("legal"),
    "shipping": _("shipping"),
    "home": _("home"),
    "other": _("other"),
}
