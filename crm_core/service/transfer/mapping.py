"""Which column of a file goes into which field: proposed from the headings in English and Russian and from the cells.

A person may change every proposal, feed one column into two fields, or several columns into one field of many values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from crm_core.text import fold

from .sniff import usual_kind
from .synonyms import LABELS, SUBJECTS, compact, concepts_by_heading

__all__ = ["Suggestion", "Target", "suggest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A field that an import can fill.

    ``concept`` ties it to the table of usual headings (see ``synonyms.concept_of``); ``multiple`` fields take several
    columns, each with its label (work, mobile …).
    """

    name: str
    label_en: str
    label_ru: str
    kind: str = "text"
    aliases: tuple[str, ...] = ()
    concept: str = ""
    multiple: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Column ``column`` (counted from 0) probably belongs into ``target``.

    ``reason`` is ``label`` (the field's own name), ``synonym`` (a usual heading), ``similar`` (nearly one) or
    ``content`` (the cells look like it). ``label`` says which of several values it is.
    """

    column: int
    target: str
    confidence: float
    reason: str
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heading:
    """A heading taken apart: the whole, what it is about, the rest, and the word for one of several values."""

    whole: str
    subject: str
    rest: str
    bare: str
    label: str


_SUBJECT = re.compile(r"(?P<subject>\w+)\s*(?:[-–—:.]|/|\s-\s)\s*(?P<rest>.+)", re.DOTALL)
_CONTENT_CONCEPTS = {"email": "email", "url": "website", "inn": "inn", "phone": "phone"}
_SNIFFED_KINDS = {"email": "email", "phone": "phone", "inn": "inn", "day": "day", "instant": "day"}


def suggest(headings: Sequence[str], samples: Sequence[Sequence[str]], targets: Sequence[Target]) -> list[Suggestion]:
    """At most one proposal for each column, in the order of the columns; a single-valued field is proposed once.

    ``samples`` are some rows of the file as text. Columns about other things (deals, products) get none.
    """
    columns = [[row[index] for row in samples if index < len(row)] for index in range(len(headings))]
    found = [
        suggestion
        for index, heading in enumerate(headings)
        for suggestion in _proposals(index, _take_apart(heading), columns[index], targets)
    ]
    return _choose(found, {target.name for target in targets if target.multiple})


def _choose(found: list[Suggestion], multiple: set[str]) -> list[Suggestion]:
    """The surest proposals first take their column and their field; of equals the left column and the first field."""
    chosen: dict[int, Suggestion] = {}
    taken: set[str] = set()
    for each in sorted(found, key=lambda suggestion: -suggestion.confidence):
        if each.column not in chosen and each.target not in taken:
            chosen[each.column] = each
            if each.target not in multiple:
                taken.add(each.target)
    return [chosen[column] for column in sorted(chosen)]


def _take_apart(heading: str) -> _Heading:
    clean = re.sub(r"[*\s_]+", " ", heading).strip()
    match = _SUBJECT.fullmatch(clean)
    subject = SUBJECTS.get(fold(match["subject"]), "") if match else ""
    rest = match["rest"] if match and subject else clean
    bare, label = _without_label(rest)
    return _Heading(whole=compact(clean), subject=subject, rest=compact(rest), bare=bare, label=label)


def _without_label(text: str) -> tuple[str, str]:
    """The heading without the words that only say which value it is, and the first such label in order of weight."""
    words = re.findall(r"\w+", fold(text))
    labels = [next((name for name, signs in LABELS.items() if word in signs), "") for word in words]
    bare = compact("".join(word for word, label in zip(words, labels, strict=True) if not label))
    found = [name for name in LABELS if name in labels]
    if not bare and found:
        return "phone" if found[0] in {"fax", "mobile"} else compact(text), found[0]
    return _glued(bare, found[0] if found else "")


def _glued(bare: str, label: str) -> tuple[str, str]:
    """Headings written without any space (``BILLINGCITY``) have their label glued to the front."""
    if not label and bare not in concepts_by_heading():
        for name, signs in LABELS.items():
            for sign in signs:
                if len(sign) > 3 and bare.startswith(sign) and bare[len(sign) :] in concepts_by_heading():
                    return bare[len(sign) :], name
    return bare, label


def _proposals(index: int, heading: _Heading, cells: list[str], targets: Sequence[Target]) -> Iterable[Suggestion]:
    kind, share = usual_kind(cells[:200])
    for target in targets:
        score, reason = _by_heading(heading, target)
        if score and (sniffed := _SNIFFED_KINDS.get(kind)):
            score *= _agreement(target, sniffed, share)
        if not score and share >= 0.7 and not heading.subject and _CONTENT_CONCEPTS.get(kind) == _concept(target):
            score, reason = 0.5 * share, "content"
        if score >= 0.3:
            label = heading.label if target.multiple else ""
            yield Suggestion(column=index, target=target.name, confidence=round(score, 2), reason=reason, label=label)


def _agreement(target: Target, sniffed: str, share: float) -> float:
    """A column that is called “Phone” and holds e-mails is hardly one of phones."""
    kind = "day" if target.kind in {"day", "instant"} else _concept(target)
    if kind not in _SNIFFED_KINDS.values() or kind == sniffed or {kind, sniffed} == {"phone", "inn"}:
        return 1.0
    return 1.0 - 0.7 * share


def _by_heading(heading: _Heading, target: Target) -> tuple[float, str]:
    own = {compact(text) for text in (target.label_en, target.label_ru, target.name, *target.aliases)} - {""}
    if heading.whole in own:
        return 1.0, "label"
    if heading.subject in {"deal", "product"}:
        return 0.0, ""
    if heading.subject and (score := _by_subject(heading, target)) is not None:
        return score, "synonym"
    # “Billing City” rather belongs to one of several addresses than into the only city.
    weight = 0.95 if not heading.label else 0.9 if target.multiple else 0.85
    known = concepts_by_heading()
    for text, certainty in ((heading.whole, 0.95), (heading.rest, 0.93), (heading.bare, weight)):
        concepts = known.get(text, ())
        if _concept(target) in concepts:
            return certainty - 0.05 * concepts.index(_concept(target)), "synonym"
        if text in own:
            return certainty, "label"
    return _nearly(heading.rest, own)


def _by_subject(heading: _Heading, target: Target) -> float | None:
    """``Organization - Name`` is the name of the account, ``Person - Name`` that of the person; None: not decided."""
    if heading.rest in {"name", "название", "имя"}:
        wanted = {"account": "account_name", "contact": "full_name"}.get(heading.subject)
        return 0.97 if _concept(target) == wanted else 0.0
    return None


def _nearly(text: str, own: set[str]) -> tuple[float, str]:
    """A slip of the pen in a longer heading."""
    if len(text) < 5:
        return 0.0, ""
    best = max((SequenceMatcher(None, text, each).ratio() for each in own if len(each) >= 5), default=0.0)
    return (0.6 * best, "similar") if best >= 0.85 else (0.0, "")


def _concept(target: Target) -> str:
    return target.concept or target.name
