"""What was detected about a file, as fields that a person may change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_core.service.transfer import CHOICES, FileShape
from crm_core.text import messages
from crm_web.current import say
from crm_web.views.transfer.words import CHOICE_LABELS, PROPERTIES

__all__ = ["chosen_of_form", "property_fields"]

_ = messages("web")

_PREFIX = "shape."
_OF_WORKBOOKS = ("sheet", "header", "decimal_mark", "date_order")
_OF_TEXTS = ("encoding", "separator", "header", "quote", "decimal_mark", "date_order")


def property_fields(shape: FileShape) -> list[dict[str, Any]]:
    """One field for each property that matters for this file; ``doubtful`` ones want to be looked at."""
    names = _OF_WORKBOOKS if shape.format == "xlsx" else _OF_TEXTS
    return [_sheet_field(shape) if name == "sheet" else _field(shape, name) for name in names]


def chosen_of_form(form: Mapping[str, str], shape: FileShape, already: set[str]) -> dict[str, str]:
    """What a person has decided: what differs from what was found, and what was decided before.

    Another sheet is another table: nothing decided about the first one holds for it.
    """
    sheet = form.get(f"{_PREFIX}sheet", shape.sheet)
    if sheet != shape.sheet:
        return {"sheet": sheet}
    given = {name: form[f"{_PREFIX}{name}"] for name in CHOICES if f"{_PREFIX}{name}" in form}
    decided = {n: value for n, value in given.items() if n in already or value != getattr(shape, n).value}
    return decided | ({"sheet": sheet} if sheet else {})


def _field(shape: FileShape, name: str) -> dict[str, Any]:
    guess = getattr(shape, name)
    likely = dict.fromkeys([guess.value, *(value for value, _confidence in guess.alternatives)])
    codes = [code for code in CHOICE_LABELS[name] if code != "ambiguous" or guess.value == "ambiguous"]
    # What else it could be stands first, so that one does not have to search.
    ordered = [*(code for code in likely if code in codes), *(code for code in codes if code not in likely)]
    return {
        "name": f"{_PREFIX}{name}",
        "label": say(PROPERTIES[name]),
        "kind": "choice",
        "blank": False,
        "value": guess.value,
        "choices": [(code, say(CHOICE_LABELS[name][code])) for code in ordered],
        "doubtful": guess.doubtful or guess.value == "ambiguous",
    }


def _sheet_field(shape: FileShape) -> dict[str, Any]:
    return {
        "name": f"{_PREFIX}sheet",
        "label": say(PROPERTIES["sheet"]),
        "kind": "choice",
        "blank": False,
        "value": shape.sheet,
        "choices": [(name, name) for name in shape.sheets],
        "doubtful": len(shape.sheets) > 1,
    }
