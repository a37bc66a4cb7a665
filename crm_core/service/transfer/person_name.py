"""Take a full name apart: Russian names with patronymics in either order, initials, and western names."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["PersonName", "split_full_name"]

_COMMON = (
    "александр алексей анатолий андрей антон аркадий арсений артем артур борис вадим валентин валерий василий виктор "
    "виталий владимир владислав всеволод вячеслав геннадий георгий герман глеб григорий давид даниил данила денис "
    "дмитрий евгений егор ефим захар иван игорь илья иннокентий иосиф кирилл константин лев леонид макар максим марат "
    "марк матвей мирон михаил никита николай олег павел петр платон ренат ринат родион роман руслан рустам савелий "
    "святослав семен сергей станислав степан тарас тимофей тимур федор филипп эдуард эльдар юлий юрий яков ян ярослав "
    "агата александра алена алина алиса алла альбина анастасия ангелина анжела анна антонина арина валентина валерия "
    "варвара василиса вера вероника виктория виолетта галина дарья диана ева евгения екатерина елена елизавета жанна "
    "зинаида зоя инга инесса инна ирина карина каролина кира клавдия кристина ксения лариса лидия лилия любовь людмила "
    "маргарита марина мария мила надежда наталия наталья нина оксана олеся ольга полина раиса регина римма роза "
    "светлана снежана софия софья таисия тамара татьяна ульяна эвелина элина эльвира эмма юлия яна аида айгуль "
    "гульнара ильдар ильнур азат айрат магомед ахмед али руфина"
)
_FIRST_NAMES = frozenset(_COMMON.split())
_PATRONYMIC = re.compile(r".+(?:ович|евич|ьич|овна|евна|ична|инична)|.+[- ](?:оглы|оглу|кызы|гызы)", re.IGNORECASE)
_LATIN_PATRONYMIC = re.compile(r".+(?:ovich|evich|yich|ovna|evna|ichna)", re.IGNORECASE)
_LATIN_SURNAME = re.compile(r".+(?:ov|ev|in|ova|eva|ina|sky|skiy|skaya|ko|uk|yuk)", re.IGNORECASE)
_SURNAME = re.compile(
    r".+(?:ов|ова|ев|ева|ёв|ёва|ин|ина|ын|ына|ский|ская|цкий|цкая|ко|ук|юк|чук|ян|швили|дзе|ец|ых|их)", re.IGNORECASE
)
_INITIAL = re.compile(r"\w\.?")
_TITLES = frozenset(
    (
        "mr",
        "mrs",
        "ms",
        "miss",
        "dr",
        "prof",
        "sir",
        "madam",
        "herr",
        "frau",
        "mme",
        "г-н",
        "г-жа",
        "господин",
        "госпожа",
    )
)
_PARTICLES = frozenset(
    (
        "van",
        "von",
        "der",
        "den",
        "de",
        "la",
        "le",
        "da",
        "di",
        "du",
        "del",
        "dos",
        "ter",
        "ten",
        "bin",
        "al",
        "el",
        "zu",
    )
)
_AFTER = frozenset(("jr", "sr", "ii", "iii", "iv", "phd", "md", "mba"))


class PersonName(NamedTuple):
    """The parts of a name; a part that is not there is empty."""

    last: str
    first: str
    middle: str
    salutation: str = ""


def split_full_name(text: str) -> PersonName:
    """The parts of a full name; no word of it is lost.

    Where nothing tells the order, Cyrillic names are taken as surname first (as in documents) and others as surname
    last; a single unknown word is a surname.
    """
    name = " ".join(text.split())
    salutation, name = _salutation(name)
    if "," in name:
        last, _comma, rest = (part.strip() for part in name.partition(","))
        if rest and rest.strip(".").lower() not in _AFTER:
            first, _space, middle = rest.partition(" ")
            return PersonName(last, first, middle.strip(), salutation)
    words = _words(name)
    if any(word.endswith(".") and _INITIAL.fullmatch(word) for word in words):
        last, first, middle = _with_initials(words)
    else:
        last, first, middle = _cyrillic(words) if re.search(r"[а-яё]", name, re.IGNORECASE) else _western(words)
    return PersonName(last, first, middle, salutation)


def _salutation(name: str) -> tuple[str, str]:
    first, _space, rest = name.partition(" ")
    if rest and first.lower().strip(".") in _TITLES:
        return first, rest
    return "", name


def _words(name: str) -> list[str]:
    """The words, initials that stand together (``И.И.``) taken apart and ``оглы`` left with the name before it."""
    words: list[str] = []
    for word in name.split():
        if re.fullmatch(r"(?:\w\.){2,3}", word):
            words += re.findall(r"\w\.", word)
        elif words and word.lower() in {"оглы", "оглу", "кызы", "гызы"}:
            words[-1] = f"{words[-1]} {word}"
        else:
            words.append(word)
    return words


def _with_initials(words: list[str]) -> tuple[str, str, str]:
    """``Иванов И. И.`` and ``И. И. Иванов``; with one whole name among the initials it is read by place."""
    whole = [word for word in words if not _INITIAL.fullmatch(word)]
    initials = [word for word in words if _INITIAL.fullmatch(word)]
    if len(whole) == 1:
        return whole[0], initials[0], " ".join(initials[1:])
    if not whole or _INITIAL.fullmatch(words[0]):
        return words[-1] if whole else "", words[0], " ".join(words[1:-1] if whole else words[1:])
    if _INITIAL.fullmatch(words[-1]):
        return words[0], words[1], " ".join(words[2:])
    return _western(words)


def _cyrillic(words: list[str]) -> tuple[str, str, str]:
    if len(words) == 1:
        return ("", words[0], "") if _is_first_name(words[0]) else (words[0], "", "")
    if len(words) == 2:
        return _two_cyrillic(*words)
    # A first name never ends like a patronymic, but a surname may (Рабинович): so the second word decides first.
    if _PATRONYMIC.fullmatch(words[1]):
        return " ".join(words[2:]), words[0], words[1]
    return words[0], words[1], " ".join(words[2:])


def _two_cyrillic(one: str, two: str) -> tuple[str, str, str]:
    if _is_first_name(one) != _is_first_name(two):
        if not _is_first_name(one):
            return one, two, ""
        return ("", one, two) if _PATRONYMIC.fullmatch(two) and not _surname_only(two) else (two, one, "")
    if _PATRONYMIC.fullmatch(two):
        return "", one, two
    if _SURNAME.fullmatch(two) and not _SURNAME.fullmatch(one) and not _is_first_name(two):
        return two, one, ""
    return one, two, ""


def _surname_only(word: str) -> bool:
    """Surnames that end like patronymics without being made from a first name (Рабинович, Абрамович is both)."""
    return word.lower() in {"рабинович", "гуревич", "мицкевич", "шостакович", "каспарович", "луцкевич"}


def _is_first_name(word: str) -> bool:
    return word.lower().replace("ё", "е") in _FIRST_NAMES


def _western(words: list[str]) -> tuple[str, str, str]:
    if len(words) < 2:
        return (words[0] if words else ""), "", ""
    tail = 1
    while tail < len(words) - 1 and words[-tail].lower().strip(".") in _AFTER:
        tail += 1
    start = len(words) - tail
    while start > 1 and words[start - 1].lower() in _PARTICLES:
        start -= 1
    given, last = words[:start], " ".join(words[start:])
    if len(words) == 3 and start == 2 and _LATIN_PATRONYMIC.fullmatch(last) and _LATIN_SURNAME.fullmatch(words[0]):
        return words[0], words[1], last
    return last, given[0], " ".join(given[1:])
