"""From the properties of a vCard to its fields."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crm_core.service.transfer.dates import day_of, take_apart

from .card import Card, Labelled, Messenger, PostalAddress
from .content import Property, split_escaped, unescape

__all__ = ["card_of"]

# Words of TYPE that say nothing to a person.
_NOISE = frozenset({"internet", "pref", "voice", "msg", "postal", "parcel", "dom", "intl", "text", "video"})
_SERVICES = {
    "X-AIM": "aim", "X-ICQ": "icq", "X-JABBER": "jabber", "X-MSN": "msn", "X-YAHOO": "yahoo", "X-SKYPE": "skype",
    "X-SKYPE-USERNAME": "skype", "X-GTALK": "gtalk", "X-GOOGLE-TALK": "gtalk", "X-QQ": "qq", "X-TELEGRAM": "telegram",
    "X-WHATSAPP": "whatsapp", "X-VIBER": "viber", "X-GADUGADU": "gadugadu", "X-GROUPWISE": "groupwise",
    "X-MS-IMADDRESS": "", "X-TWITTER": "twitter", "X-MATRIX": "matrix",
}  # fmt: skip
_SCHEMES = {
    "xmpp": "jabber", "skype": "skype", "aim": "aim", "msnim": "msn", "ymsgr": "yahoo", "icq": "icq", "sip": "sip",
    "tg": "telegram", "telegram": "telegram", "whatsapp": "whatsapp", "matrix": "matrix", "gtalk": "gtalk",
    "x-apple": "",
}  # fmt: skip
_SCHEME = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*):(?P<rest>.+)", re.IGNORECASE | re.DOTALL)
_APPLE_LABEL = re.compile(r"_\$!<(.*)>!\$_")


def card_of(properties: Sequence[Property]) -> Card:
    """The fields of a card; properties that are not known are left out."""
    labels = {each.group: _label(each) for each in properties if each.group and each.name == "X-ABLABEL"}
    named: dict[str, list[Property]] = {}
    for each in properties:
        if each.value.strip():
            named.setdefault(each.name, []).append(each)
    last, first, middle, prefix, suffix = _name(named.get("N", ()))
    birthday, birthday_text = _birthday(named.get("BDAY", ()))
    return Card(
        kind=_kind(named),
        uid=_first(named, "UID").removeprefix("urn:uuid:"),
        full_name=_first(named, "FN"),
        last=last,
        first=first,
        middle=middle,
        prefix=prefix,
        suffix=suffix,
        nicknames=_words(named.get("NICKNAME", ())),
        organizations=_organizations(named.get("ORG", ())),
        titles=_texts(named.get("TITLE", ())),
        roles=_texts(named.get("ROLE", ())),
        phones=tuple(
            _labelled(each, labels, _phone(each.value)) for each in named.get("TEL", ()) if _phone(each.value)
        ),
        emails=tuple(_labelled(each, labels, _email(each.value)) for each in named.get("EMAIL", ())),
        messengers=_messengers(properties, labels),
        urls=tuple(_labelled(each, labels, unescape(each.value)) for each in named.get("URL", ())),
        addresses=tuple(_address(each, labels) for each in named.get("ADR", ()) if each.value.strip("; ")),
        birthday=birthday,
        birthday_text=birthday_text,
        note="\n\n".join(_texts(named.get("NOTE", ()))),
        categories=_words(named.get("CATEGORIES", ())),
    )


def _first(named: Mapping[str, Sequence[Property]], name: str) -> str:
    return next((text for each in named.get(name, ()) if (text := unescape(each.value))), "")


def _kind(named: Mapping[str, Sequence[Property]]) -> str:
    declared = (_first(named, "KIND") or _first(named, "X-ADDRESSBOOKSERVER-KIND")).lower()
    if _first(named, "X-ABSHOWAS").lower() == "company" or declared in {"org", "organization"}:
        return "org"
    return "group" if declared == "group" else "individual"


def _name(properties: Sequence[Property]) -> list[str]:
    """Each of the five parts may hold several names (RFC 6350, 6.2.2)."""
    parts = split_escaped(properties[0].value, ";") if properties else []
    texts = [" ".join(text for name in split_escaped(part, ",") if (text := unescape(name))) for part in parts]
    return (texts + [""] * 5)[:5]


def _texts(properties: Iterable[Property]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for each in properties if (text := unescape(each.value))))


def _words(properties: Iterable[Property]) -> tuple[str, ...]:
    words = (unescape(word) for each in properties for word in split_escaped(each.value, ","))
    return tuple(dict.fromkeys(word for word in words if word))


def _organizations(properties: Iterable[Property]) -> tuple[tuple[str, ...], ...]:
    found = []
    for each in properties:
        units = [unescape(unit) for unit in split_escaped(each.value, ";")]
        while units and not units[-1]:
            units.pop()
        if units:
            found.append(tuple(units))
    return tuple(dict.fromkeys(found))


def _label(label: Property) -> str:
    text = unescape(label.value)
    match = _APPLE_LABEL.fullmatch(text)
    return match[1] if match else text


def _marks(each: Property, labels: Mapping[str, str]) -> dict[str, Any]:
    return {
        "types": tuple(word for word in each.types if word not in _NOISE),
        "custom": labels.get(each.group, "") if each.group else "",
        "preferred": "pref" in each.types or "PREF" in each.parameters,
    }


def _labelled(each: Property, labels: Mapping[str, str], value: str) -> Labelled:
    return Labelled(value=value, **_marks(each, labels))


def _phone(value: str) -> str:
    """``tel:+1-418-656-9254;ext=102`` (RFC 3966) as it is dialled."""
    text = unescape(value)
    if text.lower().startswith("tel:"):
        number, _semicolon, rest = text[4:].partition(";")
        extension = re.search(r"(?:^|;)ext=(\d+)", rest)
        return f"{number} ext. {extension[1]}" if extension else number
    return text


def _email(value: str) -> str:
    return unescape(value).removeprefix("mailto:")


def _messengers(properties: Sequence[Property], labels: Mapping[str, str]) -> tuple[Messenger, ...]:
    found = []
    for each in properties:
        if each.name in _SERVICES:
            service, handle = _SERVICES[each.name], unescape(each.value)
        elif each.name in {"IMPP", "X-SOCIALPROFILE"}:
            service, handle = _instant_messenger(each)
        else:
            continue
        if handle:
            found.append(Messenger(value=handle, service=service, **_marks(each, labels)))
    return tuple(dict.fromkeys(found))


def _instant_messenger(each: Property) -> tuple[str, str]:
    """The service is a parameter of Apple's and Google's, or the scheme of the address (RFC 4770)."""
    text = unescape(each.value)
    declared = next(iter(each.parameters.get("X-SERVICE-TYPE", ())), "").lower()
    if each.name == "X-SOCIALPROFILE":
        declared = declared or next((word for word in each.types if word not in _NOISE), "")
        text = next(iter(each.parameters.get("X-USER", ())), "") or text
    match = _SCHEME.fullmatch(text)
    scheme = match["scheme"].lower() if match else ""
    if match and (scheme in _SCHEMES or scheme.startswith("x-")):
        return declared or _SCHEMES.get(scheme, scheme.removeprefix("x-")), match["rest"]
    return declared, text


def _address(each: Property, labels: Mapping[str, str]) -> PostalAddress:
    parts = [
        ", ".join(text for item in split_escaped(part, ",") if (text := unescape(item)))
        for part in split_escaped(each.value, ";")
    ] + [""] * 7
    # Programs that forget to quote a LABEL with a colon push the rest of it into the post box.
    box = parts[0].rpartition(":")[2] if "LABEL" in each.parameters else parts[0]
    return PostalAddress(
        po_box=box,
        extended=parts[1],
        street=parts[2],
        city=parts[3],
        region=parts[4],
        postcode=parts[5],
        country=parts[6],
        **_marks(each, labels),
    )


def _birthday(properties: Sequence[Property]) -> tuple[dt.date | None, str]:
    texts = [unescape(each.value) for each in properties]
    for text in texts:
        if day := _full_date(text):
            return day, ""
    return None, texts[0] if texts else ""


def _full_date(text: str) -> dt.date | None:
    """A date of ISO 8601 in its basic or extended form, perhaps with a time."""
    basic = re.fullmatch(r"(\d{4})(\d{2})(\d{2})(?:T.*)?", text)
    written = take_apart("-".join(basic.groups()) if basic else re.sub(r"T.*", "", text))
    return day_of(written, "ymd") if written and written.year_first else None
