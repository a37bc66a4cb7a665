"""Write vCards of version 3.0 (RFC 2426) or 4.0 (RFC 6350)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count

from .card import Card, Labelled, Messenger, PostalAddress

__all__ = ["card_text"]

_OCTETS = 75
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


def card_text(card: Card, version: str = "3.0") -> str:
    """The card as text with CRLF line ends, folded at 75 octets; nothing that ``Card`` knows is lost.

    ``version`` is ``3.0``, which phones and mail programs read, or ``4.0``. Encode it in UTF-8.
    """
    if version not in {"3.0", "4.0"}:
        raise ValueError(f"vCard version {version} is not written")
    lines = ("BEGIN:VCARD", f"VERSION:{version}", *_properties(card, version), "END:VCARD")
    return "".join(f"{folded}\r\n" for line in lines for folded in _fold(line))


def _properties(card: Card, version: str) -> Iterator[str]:
    yield f"FN:{_text(card.full_name or _composed(card))}"
    yield "N:" + ";".join(map(_text, (card.last, card.first, card.middle, card.prefix, card.suffix)))
    yield from _identity(card, version)
    for organization in card.organizations:
        yield "ORG:" + ";".join(map(_text, organization))
    for name, texts in (("TITLE", card.titles), ("ROLE", card.roles)):
        yield from (f"{name}:{_text(text)}" for text in texts)
    groups = count(1)
    for name, values in (("TEL", card.phones), ("EMAIL", card.emails), ("URL", card.urls)):
        for value in values:
            yield from _labelled(name, value, _text(value.value), version, groups)
    for messenger in card.messengers:
        yield from _messenger(messenger, version, groups)
    for address in card.addresses:
        yield from _labelled("ADR", address, _address(address), version, groups)
    if card.note:
        yield f"NOTE:{_text(card.note)}"
    if card.categories:
        yield "CATEGORIES:" + ",".join(map(_text, card.categories))


def _composed(card: Card) -> str:
    parts = " ".join(part for part in (card.prefix, card.first, card.middle, card.last, card.suffix) if part)
    return parts or next((" ".join(units) for units in card.organizations), "")


def _identity(card: Card, version: str) -> Iterator[str]:
    if card.kind != "individual":
        yield f"KIND:{card.kind}" if version == "4.0" else f"X-ADDRESSBOOKSERVER-KIND:{card.kind}"
    if card.uid:
        yield f"UID:{_text(card.uid)}"
    if card.nicknames:
        yield "NICKNAME:" + ",".join(map(_text, card.nicknames))
    if card.birthday:
        yield "BDAY:" + (card.birthday.isoformat() if version == "3.0" else f"{card.birthday:%Y%m%d}".zfill(8))
    elif card.birthday_text:
        yield f"BDAY;VALUE=text:{_text(card.birthday_text)}"


def _labelled(
    name: str, value: Labelled | PostalAddress, text: str, version: str, groups: Iterator[int], extra: str = ""
) -> Iterator[str]:
    """A property with its types; an own label stands beside it in a group, as Apple and Google write it."""
    types = [*value.types, *(["pref"] if value.preferred and version == "3.0" else [])]
    parameters = extra + "".join(f";TYPE={_parameter(each)}" for each in types)
    if value.preferred and version == "4.0":
        parameters += ";PREF=1"
    if not value.custom:
        yield f"{name}{parameters}:{text}"
        return
    group = f"item{next(groups)}"
    yield f"{group}.{name}{parameters}:{text}"
    yield f"{group}.X-ABLabel:{_text(value.custom)}"


def _messenger(messenger: Messenger, version: str, groups: Iterator[int]) -> Iterator[str]:
    service = f";X-SERVICE-TYPE={_parameter(messenger.service)}" if messenger.service else ""
    return _labelled("IMPP", messenger, f"x-apple:{_text(messenger.value)}", version, groups, service)


def _address(address: PostalAddress) -> str:
    parts: Iterable[str] = (
        address.po_box,
        address.extended,
        address.street,
        address.city,
        address.region,
        address.postcode,
        address.country,
    )
    return ";".join(map(_text, parts))


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")
    return escaped.replace(",", "\\,").replace(";", "\\;")


def _parameter(text: str) -> str:
    """A parameter value; what would end it is written with carets (RFC 6868) between quotation marks."""
    if text and set(text) <= _PLAIN:
        return text
    return '"' + text.replace("^", "^^").replace("\n", "^n").replace('"', "^'") + '"'


def _fold(line: str) -> Iterator[str]:
    """The line in pieces of at most 75 octets that cut no character; all but the first begin with a blank."""
    piece, size = "", 0
    for char in line:
        width = len(char.encode())
        if size + width > _OCTETS:
            yield piece
            piece, size = " ", 1
        piece += char
        size += width
    yield piece
